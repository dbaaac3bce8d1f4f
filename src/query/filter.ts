import { OptionError } from '../core/errors.ts'
import { columnName } from './identifier.ts'
import { isDate, scalar, type Scalar } from './value.ts'

export type Comparison = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'like' | 'ilike'

/** A condition on a row; `never` is what `in([])` means. */
export type Filter =
  | { readonly kind: 'compare'; readonly column: string; readonly operator: Comparison; readonly value: Scalar }
  | { readonly kind: 'in'; readonly column: string; readonly values: readonly Scalar[] }
  | { readonly kind: 'contains'; readonly column: string; readonly value: Contained }
  | { readonly kind: 'null'; readonly column: string; readonly is: boolean }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'always' | 'never' }

/** What a column can contain: elements of an array, a part of a json document, or either one as Postgres writes it. */
export type Contained =
  | { readonly kind: 'array'; readonly values: readonly Scalar[] }
  | { readonly kind: 'json'; readonly value: object }
  | { readonly kind: 'text'; readonly text: string }

const ALWAYS: Filter = { kind: 'always' }
const NEVER: Filter = { kind: 'never' }

export function compare(operator: Comparison, column: string, value: unknown): Filter {
  return { kind: 'compare', column: columnName(column), operator, value: scalar(value, operator) }
}

export function pattern(operator: 'like' | 'ilike', column: string, value: unknown): Filter {
  if (typeof value !== 'string') throw new OptionError(`${operator}() takes a pattern as a string`)
  return compare(operator, column, value)
}

export function among(column: string, values: unknown): Filter {
  columnName(column)
  if (!Array.isArray(values)) throw new OptionError('in() takes an array')
  if (values.length === 0) return NEVER
  return { kind: 'in', column, values: values.map((value) => scalar(value, 'in')) }
}

export function contains(column: string, value: unknown): Filter {
  return { kind: 'contains', column: columnName(column), value: contained(value) }
}

function contained(value: unknown): Contained {
  if (typeof value === 'string') return { kind: 'text', text: value }
  if (Array.isArray(value)) return { kind: 'array', values: value.map((element) => scalar(element, 'contains')) }
  if (typeof value === 'object' && value !== null && !isDate(value)) return { kind: 'json', value }
  throw new OptionError('contains() takes an array, a plain object, or a string as Postgres writes one')
}

export function isNull(column: string, is: boolean): Filter {
  return { kind: 'null', column: columnName(column), is }
}

/** All of these, with what is always or never true worked in. */
export function all(filters: readonly Filter[]): Filter {
  if (filters.some(({ kind }) => kind === 'never')) return NEVER
  return joined('and', filters.filter(({ kind }) => kind !== 'always')) // prettier-ignore
}

/** One of these at least. */
export function any(filters: readonly Filter[]): Filter {
  if (filters.some(({ kind }) => kind === 'always')) return ALWAYS
  return joined('or', filters.filter(({ kind }) => kind !== 'never')) // prettier-ignore
}

export function negated(filter: Filter): Filter {
  if (filter.kind === 'never') return ALWAYS
  return filter.kind === 'always' ? NEVER : { kind: 'not', filter }
}

function joined(kind: 'and' | 'or', filters: readonly Filter[]): Filter {
  const [first] = filters
  if (first === undefined) return kind === 'and' ? ALWAYS : NEVER
  return filters.length === 1 ? first : { kind, filters }
}

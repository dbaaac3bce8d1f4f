export type Comparison = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'like' | 'ilike'

/** Where a value is: its place among the query's values, or the literals that stand for it. */
export type Operand = number | readonly string[]

/** A condition on a row, free of its values; `never` is what `in([])` means. */
export type Filter =
  | { readonly kind: 'compare'; readonly column: string; readonly operator: Comparison; readonly operand: Operand }
  | { readonly kind: 'in'; readonly column: string; readonly operand: Operand }
  | { readonly kind: 'contains' | 'contains list'; readonly column: string; readonly operand: number }
  | { readonly kind: 'null'; readonly column: string; readonly is: boolean }
  /** Compares the columns together, as the words of a dictionary are; the values lie side by side. */
  | {
      readonly kind: 'row'
      readonly columns: readonly string[]
      readonly operator: Comparison
      readonly operand: number
    }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'always' | 'never' }

export const NEVER: Filter = { kind: 'never' }
const ALWAYS: Filter = { kind: 'always' }

/** All of these, with what is always or never true worked in. */
export function all(filters: readonly Filter[]): Filter {
  return joined('and', filters)
}

/** One of these at least. */
export function any(filters: readonly Filter[]): Filter {
  return joined('or', filters)
}

export function negated(filter: Filter): Filter {
  if (filter.kind === 'never') return ALWAYS
  return filter.kind === 'always' ? NEVER : { kind: 'not', filter }
}

function joined(kind: 'and' | 'or', filters: readonly Filter[]): Filter {
  const [decides, changesNothing] = kind === 'and' ? [NEVER, ALWAYS] : [ALWAYS, NEVER]
  if (filters.some((filter) => filter.kind === decides.kind)) return decides
  const rest = filters.filter((filter) => filter.kind !== changesNothing.kind)
  return rest.length > 1 ? { kind, filters: rest } : (rest[0] ?? changesNothing)
}

import type { Filter } from './filter.ts'
import type { Table } from './identifier.ts'
import type { Shape } from './types.ts'

export interface Order {
  readonly column: string
  readonly direction: 'asc' | 'desc'
  /** `never`: the caller says that there are none. */
  readonly nulls: 'first' | 'last' | 'never' | undefined
}

/** Which of the rows; the numbers are places among the query's values. */
export type Paging = Slicing | { readonly kind: 'page' | 'start' | 'after'; readonly page: number }

export interface Slicing {
  readonly kind: 'slice'
  readonly limit: number | undefined
  readonly offset: number | undefined
}

/** What is asked of the database, free of the values and of how it is asked. */
export interface Plan {
  readonly table: Table
  /** None means all. */
  readonly columns: readonly string[]
  readonly condition: Filter
  readonly order: readonly Order[]
  readonly paging: Paging
  readonly shape: Shape
  readonly count: 'none' | 'exact' | 'estimated'
  /** How many values there are; those of a cursor come after them. */
  readonly values: number
  /** The steps that a cursor belongs to. */
  readonly position: string
  /** As it was written before, by what else decides the text. */
  readonly sql: Map<string, SqlForm>
  readonly rest: Map<string, RestForm>
}

/** A statement free of its values, as it was written once. */
export interface SqlForm {
  readonly text: string
  readonly name: string
  /** None when they are the values as they were given. */
  readonly parameters: readonly Parameter[] | undefined
}

/** A place among the values, or what makes the parameter of them. */
export type Parameter = number | ((plan: Plan, values: readonly unknown[]) => unknown)

/** A request free of its values, as it was written once. */
export interface RestForm {
  readonly select: string
  readonly conditions: readonly Condition[]
  readonly order: string
  readonly headers: Readonly<Record<string, string>>
}

/** One condition: how it stands in `and=(…)`, and how as a parameter of its own, when it is better off so. */
export interface Condition {
  readonly inside: (values: readonly unknown[]) => string
  readonly alone: ((values: readonly unknown[]) => string | undefined) | undefined
}

/** Whether the rows tell where they end. */
export function isKeyset({ paging, shape }: Plan): boolean {
  return shape === 'many' && (paging.kind === 'start' || paging.kind === 'after')
}

/** The rows to fetch: one more than a page has tells whether there is another. */
export interface Slice {
  readonly limit: number | undefined
  readonly offset: number
}

/** A page as it was asked for. */
export interface PageValue {
  readonly page: number
  readonly pageSize: number
  readonly after: string | undefined
}

/** As many rows as are needed to see whether there are too many. */
const ENOUGH: Readonly<Record<Shape, number>> = { many: Infinity, single: 2, maybeSingle: 2, first: 1, exists: 1 }

export function sliceOf(plan: Plan, values: readonly unknown[]): Slice {
  return { limit: limitOf(plan, values), offset: offsetOf(plan, values) }
}

export function limitOf({ paging, shape }: Plan, values: readonly unknown[]): number | undefined {
  const asked =
    paging.kind === 'slice' ? valueAt(paging.limit, values) : (values[paging.page] as PageValue).pageSize + 1
  const limit = Math.min(asked ?? Infinity, ENOUGH[shape])
  return limit === Infinity ? undefined : limit
}

export function offsetOf({ paging }: Plan, values: readonly unknown[]): number {
  if (paging.kind === 'slice') return valueAt(paging.offset, values) ?? 0
  const { page, pageSize } = values[paging.page] as PageValue
  return (page - 1) * pageSize
}

function valueAt(place: number | undefined, values: readonly unknown[]): number | undefined {
  return place === undefined ? undefined : (values[place] as number)
}

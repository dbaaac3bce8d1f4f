import { all, type Filter } from './filter.ts'
import type { Table } from './identifier.ts'
import type { Shape } from './types.ts'

export interface Order {
  readonly column: string
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last' | undefined
}

export type Paging =
  | { readonly kind: 'slice'; readonly limit: number | undefined; readonly offset: number }
  | { readonly kind: 'page'; readonly page: number; readonly pageSize: number }

/** What is asked of the database, free of how it is asked. */
export interface Plan {
  readonly table: Table
  /** None means all. */
  readonly columns: readonly string[]
  /** All of them must hold. */
  readonly filters: readonly Filter[]
  readonly order: readonly Order[]
  readonly paging: Paging
  readonly shape: Shape
  readonly count: 'none' | 'exact'
}

/** The rows to fetch: one more than a page has tells whether there is another. */
export interface Slice {
  readonly limit: number | undefined
  readonly offset: number
}

/** As many rows as are needed to see whether there are too many. */
const ENOUGH: Readonly<Record<Shape, number>> = { many: Infinity, single: 2, maybeSingle: 2, first: 1, exists: 1 }

export function sliceOf({ paging, shape }: Plan): Slice {
  if (paging.kind === 'page')
    return { limit: Math.min(paging.pageSize + 1, ENOUGH[shape]), offset: (paging.page - 1) * paging.pageSize }
  const limit = Math.min(paging.limit ?? Infinity, ENOUGH[shape])
  return { limit: limit === Infinity ? undefined : limit, offset: paging.offset }
}

export function conditionOf({ filters }: Plan): Filter {
  return all(filters)
}

import { positionOf } from './cursor.ts'
import { OptionError } from '../core/errors.ts'
import type { Position } from './keyset.ts'
import { isKeyset, type PageValue, type Plan } from './plan.ts'

/** A plan with the values of one query, and where it begins. */
export interface Question {
  readonly plan: Plan
  readonly values: readonly unknown[]
  /** Of the cursor, once that was looked at. */
  readonly position: Position | undefined
}

/** @throws OptionError for a cursor that is none of this query, and for a keyset page without an order */
export function questionOf(plan: Plan, values: readonly unknown[]): Question {
  const { paging, order } = plan
  if (isKeyset(plan) && order.length === 0)
    throw new OptionError('paginate({ after }) needs orderBy(), unique at its end')
  const after = paging.kind === 'after' ? (values[paging.page] as PageValue).after : undefined
  return { plan, values, position: after === undefined ? undefined : positionOf(plan, after) }
}

/** What a database gave for it. */
export interface Found {
  readonly rows: readonly object[]
  readonly count: number | undefined
  /** Known otherwise than by one row more than the page has. */
  readonly hasMore?: boolean
  /** How long the page is, where the server has cut it. */
  readonly size?: number
}

export function pageSizeOf({ plan: { paging, shape }, values }: Question): number {
  return paging.kind === 'slice' || shape !== 'many' ? Infinity : (values[paging.page] as PageValue).pageSize
}

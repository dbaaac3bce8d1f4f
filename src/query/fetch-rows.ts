import type { Database, DatabaseCall, RestDatabase, SqlDatabase } from '../core/database.ts'
import { QueryError } from './error.ts'
import { sliceOf, type Plan } from './plan.ts'
import { restRequest } from './postgrest.ts'
import { countSql, selectSql } from './sql.ts'

export interface Fetched {
  readonly rows: readonly object[]
  readonly count: number | undefined
  readonly hasMore: boolean
}

/** Fetches the rows of a plan, their count and whether there are more, as far as the plan asks. */
export function fetchRows(database: Database, plan: Plan, call: DatabaseCall): Promise<Fetched> {
  return database.kind === 'sql' ? fromSql(database, plan, call) : fromRest(database, plan, call)
}

async function fromSql(database: SqlDatabase, plan: Plan, call: DatabaseCall): Promise<Fetched> {
  const { rows } = await database.run(selectSql(plan), call)
  const count =
    plan.count === 'none' ? undefined : (impliedCount(plan, rows.length) ?? (await sqlCount(database, plan, call)))
  const size = pageSizeOf(plan)
  return { rows: rows.slice(0, size), count, hasMore: rows.length > size }
}

/** After the rows and not beside them: a single connection answers one question at a time. */
async function sqlCount(database: SqlDatabase, plan: Plan, call: DatabaseCall): Promise<number> {
  const { rows } = await database.run(countSql(plan), call)
  // Text in most drivers, because a count is a bigint.
  return Number((rows[0] as { count?: unknown } | undefined)?.count)
}

/** When the end of the rows was seen, the count is known, and its query, often the dearer one, is saved. */
function impliedCount(plan: Plan, fetched: number): number | undefined {
  const { limit = Infinity, offset } = sliceOf(plan)
  return fetched < limit && (fetched > 0 || offset === 0) ? offset + fetched : undefined
}

async function fromRest(database: RestDatabase, plan: Plan, call: DatabaseCall): Promise<Fetched> {
  const { rows, total } = await database.select(restRequest(plan), call)
  if (plan.count !== 'none' && total === undefined)
    throw new QueryError(`the answer for ${plan.table.name} has no count`)
  const size = pageSizeOf(plan)
  if (rows.length === size && plan.shape === 'many') {
    const hasMore = total === undefined ? await anyAfter(database, plan, call) : total > sliceOf(plan).offset + size
    return { rows, count: total, hasMore }
  }
  return { rows: rows.slice(0, size), count: total, hasMore: rows.length > size }
}

/** A page without the row that should follow it: its end, or the server's own limit (`db-max-rows`) was met. */
async function anyAfter(database: RestDatabase, plan: Plan, call: DatabaseCall): Promise<boolean> {
  const { offset } = sliceOf(plan)
  const next: Plan = {
    ...plan,
    shape: 'exists',
    paging: { kind: 'slice', limit: 1, offset: offset + pageSizeOf(plan) },
  }
  const { rows } = await database.select(restRequest(next), call)
  return rows.length > 0
}

function pageSizeOf({ paging, shape }: Plan): number {
  return paging.kind === 'page' && shape === 'many' ? paging.pageSize : Infinity
}

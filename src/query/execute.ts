import { atLeast, knownOptions, wholeAtLeast } from '../core/check.ts'
import type { Database } from '../core/database.ts'
import { withDeadline } from '../core/deadline.ts'
import type { Host } from '../core/host.ts'
import { QueryError, queryError } from './error.ts'
import { fetchRows, type Fetched } from './fetch-rows.ts'
import type { Plan } from './plan.ts'
import { questionOf } from './question.ts'
import { planOf } from './plan-reader.ts'
import { retried } from './retry.ts'
import type { Step, Values } from './step.ts'
import type { ExecuteOptions, QueryResult } from './types.ts'
import { valuesOf } from './value.ts'

/** Where a query is put, and by whose clock. */
export interface Target {
  readonly database: Database
  readonly host: Host
}

/** What is asked: the steps, and the values that they take. */
export interface Asked {
  readonly step: Step
  readonly values: Values | undefined
}

/** Puts a query to the database, under one deadline for all that it takes. */
export async function execute(target: Target, asked: Asked, options: ExecuteOptions): Promise<QueryResult<unknown>> {
  knownOptions(options, 'signal', 'timeoutMs', 'retries')
  const { signal, timeoutMs = 10_000, retries = 2 } = options
  atLeast(1, 'timeoutMs', timeoutMs)
  wholeAtLeast(0, 'retries', retries)
  const plan = planOf(asked.step)
  const question = questionOf(plan, valuesOf(asked.values, target.database.kind))
  if (plan.condition.kind === 'never') return shaped(plan, { rows: [], count: 0, hasMore: false })
  const { database, host } = target
  const what = `the query of ${plan.table.name}`
  try {
    return await withDeadline({ clock: host.clock, timeoutMs, what, signal }, async (call) =>
      shaped(plan, await fetchRows(retried(database, { host, retries }), question, call)),
    )
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error
    throw queryError(error, what)
  }
}

function shaped(plan: Plan, { rows, count, hasMore, nextCursor }: Fetched): QueryResult<unknown> {
  const isPage = plan.paging.kind !== 'slice' && plan.shape === 'many'
  return {
    data: dataOf(plan, rows),
    ...(plan.count === 'none' || count === undefined ? {} : { count }),
    ...(isPage ? { hasMore } : {}),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  }
}

function dataOf({ shape, table }: Plan, rows: readonly object[]): unknown {
  if (shape === 'many') return rows
  if (shape === 'exists') return rows.length > 0
  if (shape !== 'first' && rows.length > 1) throw new QueryError(`${shape}() met more than one row of ${table.name}`)
  if (shape === 'single' && rows.length === 0) throw new QueryError(`single() met no row of ${table.name}`)
  return rows[0] ?? null
}

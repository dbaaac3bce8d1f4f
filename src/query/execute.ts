import { atLeast, knownOptions } from '../core/check.ts'
import type { Database, DatabaseCall } from '../core/database.ts'
import { withDeadline, type Call } from '../core/deadline.ts'
import type { Host } from '../core/host.ts'
import { QueryError, queryError } from './error.ts'
import { fetchRows, type Fetched } from './fetch-rows.ts'
import { conditionOf, type Plan } from './plan.ts'
import type { ExecuteOptions, QueryResult } from './types.ts'

/** Where a query is put, and by whose clock. */
export interface Target {
  readonly database: Database
  readonly host: Host
}

/** Puts a plan to the database, under one deadline for all that it takes. */
export async function execute(target: Target, plan: Plan, options: ExecuteOptions): Promise<QueryResult<unknown>> {
  knownOptions(options, 'signal', 'timeoutMs')
  const { signal, timeoutMs = 10_000 } = options
  atLeast(1, 'timeoutMs', timeoutMs)
  if (conditionOf(plan).kind === 'never') return shaped(plan, { rows: [], count: 0, hasMore: false })
  const { clock } = target.host
  const what = `the query of ${plan.table.name}`
  let pending: PendingCall | undefined
  try {
    return await withDeadline({ clock, timeoutMs, what, signal }, async (call) => {
      pending = new PendingCall(call)
      return shaped(plan, await fetchRows(target.database, plan, pending))
    })
  } catch (error) {
    pending?.giveUp()
    if (signal?.aborted === true && error === signal.reason) throw error
    throw queryError(error, what)
  }
}

/** Tells the database that nobody waits, without the price of a signal. */
class PendingCall implements DatabaseCall {
  readonly #call: Call
  readonly #listeners: (() => void)[] = []
  #over = false

  constructor(call: Call) {
    this.#call = call
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  onGiveUp(listener: () => void): void {
    if (this.#over) listener()
    else this.#listeners.push(listener)
  }

  giveUp(): void {
    this.#over = true
    for (const listener of this.#listeners.splice(0)) listener()
  }
}

function shaped(plan: Plan, { rows, count, hasMore }: Fetched): QueryResult<unknown> {
  return {
    data: dataOf(plan, rows),
    ...(plan.count === 'none' || count === undefined ? {} : { count }),
    ...(plan.paging.kind === 'page' && plan.shape === 'many' ? { hasMore } : {}),
  }
}

function dataOf({ shape, table }: Plan, rows: readonly object[]): unknown {
  if (shape === 'many') return rows
  if (shape === 'exists') return rows.length > 0
  if (shape !== 'first' && rows.length > 1) throw new QueryError(`${shape}() met more than one row of ${table.name}`)
  if (shape === 'single' && rows.length === 0) throw new QueryError(`single() met no row of ${table.name}`)
  return rows[0] ?? null
}

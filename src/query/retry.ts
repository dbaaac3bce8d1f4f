import type { Database, DatabaseCall } from '../core/database.ts'
import { hasCode } from '../core/errors.ts'
import type { Host } from '../core/host.ts'

export interface RetryOptions {
  readonly host: Host
  /** How often a statement is put again. */
  readonly retries: number
}

/** A call that says whether nobody waits any more. */
export interface WatchedCall extends DatabaseCall {
  readonly aborted: boolean
}

/** The same database, asked again when it was away for a moment. It is the one place that does so: reads are safe to repeat. */
export function retried(database: Database, options: RetryOptions): RetriedDatabase {
  return database.kind === 'sql'
    ? {
        kind: 'sql',
        // A prepared statement may be what failed (after a change of its table, behind a pooler): not again.
        run: ({ name, ...plain }, call) =>
          retry(options, call, (tried) => database.run(tried === 0 && name !== undefined ? { ...plain, name } : plain, call)), // prettier-ignore
      }
    : {
        kind: 'postgrest',
        of: database,
        select: (request, call) => retry(options, call, () => database.select(request, call)),
      }
}

type Watched<Ask> = Ask extends (question: infer Q, call: DatabaseCall) => infer Answer
  ? (question: Q, call: WatchedCall) => Answer
  : never

/** Each of its calls is put to the database once, or a few times. */
export type RetriedDatabase =
  | { readonly kind: 'sql'; readonly run: Watched<Extract<Database, { kind: 'sql' }>['run']> }
  | {
      readonly kind: 'postgrest'
      readonly of: Database
      readonly select: Watched<Extract<Database, { kind: 'postgrest' }>['select']>
    }

const SHORTEST_MS = 100
const LONGEST_MS = 1_000

async function retry<T>(
  { host, retries }: RetryOptions,
  call: WatchedCall,
  ask: (tried: number) => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried += 1)
    try {
      return await ask(tried)
    } catch (error) {
      const code = passing(error)
      if (code === undefined || tried >= retries || call.aborted) throw error
      host.observe({ name: 'query.retried', code })
      const full = Math.min(LONGEST_MS, SHORTEST_MS * 4 ** tried)
      await pause(host, call, full * (0.5 + Math.random()))
      if (call.aborted) throw error
    }
}

/** A serialization failure, a deadlock; and what only a prepared statement meets. */
const PASSING = /^(?:40001|40P01|26000|42P05|0A000)$/

/** The code of a failure that may be over at the next try. */
function passing(error: unknown): string | undefined {
  if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return error.code
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | undefined }
  return [code, cause?.code].find((state): state is string => typeof state === 'string' && PASSING.test(state))
}

function pause({ clock }: Host, call: WatchedCall, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    call.onGiveUp(() => {
      cancel()
      resolve()
    })
  })
}

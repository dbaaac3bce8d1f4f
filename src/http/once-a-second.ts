import type { Call } from '../core/deadline.ts'
import type { Host } from '../core/host.ts'
import { createSingleFlight } from '../core/single-flight.ts'

/** What is asked for often, and how long it may take. */
export interface OnceOptions<T> {
  readonly host: Host
  readonly timeoutMs: number
  /** Names the work in the error of a missed deadline. */
  readonly what: string
  readonly work: (call: Call) => T | PromiseLike<T>
}

/** A result, and a failure, is good for so long: a flood of requests must not become a flood of work behind them. */
const FRESH_MS = 1_000

/**
 * Does `work` at most once a second, however many ask: who comes while it runs joins, who comes within a second of its end
 * gets the same value or the same error.
 *
 * @returns what asks for it; rejects with `ERR_PERF_TIMEOUT` when the deadline was missed, or with what `work` throws
 */
export function onceASecond<T>(options: OnceOptions<T>): () => Promise<T> {
  const { host, timeoutMs, what, work } = options
  const { clock } = host
  const flight = createSingleFlight<T>({ host, timeoutMs, what })
  let last: { readonly at: number; readonly outcome: PromiseSettledResult<T> } | undefined

  function fresh(): PromiseSettledResult<T> | undefined {
    if (last === undefined) return undefined
    // By the wall clock, which goes on while a process is frozen; not fresh either when it was set back.
    const age = clock.now() - last.at
    return age >= 0 && age < FRESH_MS ? last.outcome : undefined
  }

  return async () => {
    const known = fresh()
    const outcome = known ?? (await settled(flight.run(what, work)))
    if (known === undefined) last = { at: clock.now(), outcome }
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }
}

function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  return promise.then(
    (value) => ({ status: 'fulfilled', value }),
    (reason: unknown) => ({ status: 'rejected', reason }),
  )
}

import { hasCode } from '../core/errors.ts'
import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import { createSemaphore } from '../core/semaphore.ts'
import type { Attempt, EachOptions } from '../core/updates.ts'
import type { CheckedOptions, HandleContext } from './options.ts'
import type { Update } from './provider.ts'

/** On Workers, who holds a permit may end without giving it back; no run of a request goes on for longer. */
const LONGEST_RUN_MS = 15 * 60_000

/** An update with the further arguments of the request that brought it, and how its run went. */
export interface Arrival<Args extends readonly unknown[], U extends Update> {
  readonly update: U
  readonly args: Args
  /** Which run it is; 0 before it begins. */
  attempt: number
  /** What was told to `onError` already. */
  told: unknown
}

/** Tells the user of an error; see `onError`. */
export type TellError<Args extends readonly unknown[]> = (
  error: unknown,
  context: { readonly kind: string; readonly attempt: number; readonly args: Args },
) => void

/** Turns what the door was made with into what the dedup is asked for: once, for all deliveries. */
export function eachOptionsOf<Args extends readonly unknown[], U extends Update>(
  options: CheckedOptions<Args, U>,
  tell: TellError<Args>,
): EachOptions<Arrival<Args, U>, unknown> {
  const { park, concurrency, maxAttempts, handleTimeoutMs, afterFailure, answerWithinMs, maxConcurrency, host } =
    options
  const longestMs = Math.min(handleTimeoutMs, LONGEST_RUN_MS)

  /** Whether it goes to `park`, which takes the error with it. */
  const isParked = (error: unknown, attempt: number): boolean =>
    park !== undefined && (attempt >= maxAttempts || hasCode(error, 'ERR_PERF_NON_RETRYABLE'))

  /** At once, and not when the whole delivery is over. */
  function failed(arrival: Arrival<Args, U>, error: unknown): void {
    const { update, args, attempt } = arrival
    if (isParked(error, attempt)) return
    arrival.told = error
    tell(error, { kind: update.kind, attempt, args })
  }

  return {
    key: ({ update }) => update.key,
    groupBy: ({ update }) => update.group,
    afterFailure,
    concurrency,
    permits: createSemaphore(maxConcurrency, { clock: host.clock, longestMs }),
    maxAttempts,
    handleTimeoutMs,
    waitMs: answerWithinMs,
    handle(arrival, attempt) {
      arrival.attempt = attempt.attempt
      return watched(
        () => options.handle(arrival.update, new Context(host, arrival.args, attempt)),
        (error) => failed(arrival, error),
      )
    },
    ...(park && {
      async park({ update, args }, error, { key, attempt, token }) {
        await park(update, error, { key, attempt, token, args })
      },
    }),
  }
}

/** Listens for a failure, and passes on what it listens to as it is. */
function watched(work: () => unknown, failed: (error: unknown) => void): unknown {
  try {
    const result = work()
    if (result instanceof Promise) result.then(undefined, failed)
    return result
  } catch (error) {
    failed(error)
    throw error
  }
}

/** A class with getters, so that nothing is made that the handler does not look at. */
class Context<Args extends readonly unknown[]> implements HandleContext<Args> {
  readonly args: Args
  readonly #host: Host
  readonly #attempt: Attempt

  constructor(host: Host, args: Args, attempt: Attempt) {
    this.args = args
    this.#host = host
    this.#attempt = attempt
  }

  get key(): string {
    return this.#attempt.key
  }

  get attempt(): number {
    return this.#attempt.attempt
  }

  get token(): string {
    return this.#attempt.token
  }

  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  get waitUntil(): HandleContext<Args>['waitUntil'] {
    return (promise) => keepAlive(this.#host, waitUntilOf(this.args), promise)
  }
}

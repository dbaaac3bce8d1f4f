import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import { createSemaphore } from '../core/semaphore.ts'
import type { Attempt, EachOptions } from '../core/updates.ts'
import type { CheckedOptions, HandleContext } from './options.ts'
import type { Update } from './provider.ts'

/** On Workers, who holds a permit may end without giving it back; no run of a request goes on for longer. */
const LONGEST_RUN_MS = 15 * 60_000

/** An update with the further arguments of the request that brought it. */
export interface Arrival<Args extends readonly unknown[], U extends Update> {
  readonly update: U
  readonly args: Args
  /** Whether `onError` was told what it failed with. */
  told: boolean
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
  return {
    key: ({ update }) => update.key,
    groupBy: ({ update }) => update.group,
    afterFailure,
    concurrency,
    permits: createSemaphore(maxConcurrency, { clock: host.clock, longestMs }),
    maxAttempts,
    handleTimeoutMs,
    waitMs: answerWithinMs,
    handle: ({ update, args }, attempt) => options.handle(update, new Context(host, args, attempt)),
    ...(park && {
      async park({ update, args }, error, { key, attempt, token }) {
        await park(update, error, { key, attempt, token, args })
      },
    }),
    onFailure(arrival, error, { attempt }) {
      arrival.told = true
      tell(error, { kind: arrival.update.kind, attempt, args: arrival.args })
    },
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

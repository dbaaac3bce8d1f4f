import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import type { Attempt, EachOptions } from '../core/updates.ts'
import type { HandleContext, WebhookOptions } from './options.ts'
import type { Update } from './provider.ts'

/** An update with the further arguments of the request that brought it. */
export interface Arrival<Args extends readonly unknown[], U extends Update> {
  readonly update: U
  readonly args: Args
}

/** Turns what the door was made with into what the dedup is asked for: once, for all deliveries. */
export function eachOptionsOf<Args extends readonly unknown[], U extends Update>(
  options: WebhookOptions<Args, U>,
  { answerWithinMs, host }: { answerWithinMs: number; host: Host },
): EachOptions<Arrival<Args, U>, unknown> {
  const { handle, park, concurrency = 8, maxAttempts = 10 } = options
  return {
    key: ({ update }) => update.key,
    groupBy: ({ update }) => update.group,
    concurrency,
    maxAttempts,
    waitMs: answerWithinMs,
    handle: ({ update, args }, attempt) => handle(update, new Context(host, args, attempt)),
    ...(park && {
      async park({ update, args }, error, { attempt, token }) {
        await park(update, error, { attempt, token, args })
      },
    }),
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

import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import type { Attempt, EachOptions } from '../core/updates.ts'
import type { HandleContext, WebhookOptions } from './options.ts'
import type { Update } from './provider.ts'

/** Turns what the door was made with into what the dedup is asked for, once per delivery. */
export function createEachOptions<Args extends readonly unknown[], U extends Update>(
  options: WebhookOptions<Args, U>,
  { answerWithinMs, host }: { answerWithinMs: number; host: Host },
): (args: Args) => EachOptions<U, unknown> {
  const { handle, park, concurrency = 8, maxAttempts = 10 } = options
  const common = { key: keyOf<U>, groupBy: groupOf<U>, concurrency, maxAttempts, waitMs: answerWithinMs }
  return (args) => {
    const own = {
      ...common,
      handle: (update: U, attempt: Attempt) => handle(update, new Context(host, args, attempt)),
    }
    if (park === undefined) return own
    return {
      ...own,
      async park(update, error, { attempt, token }) {
        await park(update, error, { attempt, token, args })
      },
    }
  }
}

const keyOf = <U extends Update>(update: U): string => update.key
const groupOf = <U extends Update>(update: U): string => update.group

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

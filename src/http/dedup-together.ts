import { hasCode } from '../core/errors.ts'
import type { WaitUntil } from '../core/host.ts'
import type { EachOptions, EachResult, UpdateRunner } from '../core/updates.ts'

/** What came of a delivery. `busy`: its keys are held elsewhere, or could not be claimed; nothing ran. */
export type Outcome =
  | { readonly status: 'answered'; readonly response: Response }
  | { readonly status: 'threw'; readonly error: unknown }
  | { readonly status: 'duplicate' }
  | { readonly status: 'busy'; readonly retryAfterMs: number }

export interface TogetherOptions {
  readonly dedup: Pick<UpdateRunner, 'each'>
  readonly waitMs: number | undefined
  readonly waitUntil: WaitUntil | undefined
  /** Does the work of all keys at once. */
  readonly work: () => Response | Promise<Response>
}

/** Claims that were won are told within this many turns of the microtask queue; what is still silent is asked for again. */
const TURNS = 20

const RETRY_AFTER_OUTAGE_MS = 5_000

const itself = (key: string): string => key

/**
 * Does one piece of work for several keys: when each of them is done or ours, and at least one is ours. While somebody else
 * works on one of them, nothing runs, and what was won is given back: no two callers ever work on the same key at once.
 *
 * @param keys - without repetition, at least one
 */
export async function runTogether(keys: readonly string[], options: TogetherOptions): Promise<Outcome> {
  const together = new Together(keys.length, options)
  await together.claim(keys, options.waitMs)
  return together.outcome
}

class Together {
  outcome: Outcome = { status: 'duplicate' }
  readonly #options: TogetherOptions
  /** Ends the wait for keys that others hold, once the outcome is known. A single key is either ours or waited for. */
  readonly #waiting: AbortController | undefined
  /** Settles with the outcome: what all won claims wait for. */
  readonly #decided: Promise<void>
  #done = (): void => undefined
  #giveBack = (): void => undefined
  #holds = false

  constructor(size: number, options: TogetherOptions) {
    this.#options = options
    this.#waiting = size > 1 ? new AbortController() : undefined
    this.#decided = new Promise((resolve, reject) => {
      this.#done = resolve
      this.#giveBack = () => reject(new Error('given back'))
    })
    this.#decided.catch(() => undefined)
  }

  /** Claims keys, and resolves when each of them was ended or given back. */
  async claim(keys: readonly string[], waitMs: number | undefined): Promise<void> {
    const silent = new Set(keys)
    let holding: Promise<void> | undefined
    try {
      const results = await this.#options.dedup.each(keys, {
        ...this.#eachOptions(keys.length, waitMs),
        handle: (key) => {
          silent.delete(key)
          this.#holds = true
          holding ??= this.#hold(silent)
          return this.#decided
        },
      })
      await (holding ?? this.#met(results))
    } catch (error) {
      this.#decide(
        hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')
          ? { status: 'busy', retryAfterMs: RETRY_AFTER_OUTAGE_MS }
          : { status: 'threw', error },
      )
    }
  }

  #eachOptions(concurrency: number, waitMs: number | undefined): Omit<EachOptions<string, void>, 'handle'> {
    const { waitUntil } = this.#options
    return {
      key: itself,
      // All at once: a claim in a queue behind the others would wait for them, and they for it.
      concurrency,
      ...(waitMs !== undefined && { waitMs }),
      ...(waitUntil && { waitUntil }),
      ...(this.#waiting && { signal: this.#waiting.signal }),
    }
  }

  /** Some keys are ours. Works when all are; the others are asked for again, to learn whether they are done or held. */
  async #hold(silent: ReadonlySet<string>): Promise<void> {
    for (let turn = 0; turn < TURNS && silent.size > 0; turn += 1) await undefined
    // Without a wait: another caller may hold what we wait for, and wait for what we hold.
    return silent.size > 0 ? this.claim([...silent], 0) : this.#work()
  }

  /** None of these keys is ours. */
  async #met(results: readonly EachResult<unknown>[]): Promise<void> {
    const held = results.filter(({ status }) => status !== 'duplicate' && status !== 'dead')
    if (held.length > 0) {
      const left = held.map((result) => (result.status === 'in-progress' ? result.retryAfterMs : 1))
      this.#decide({ status: 'busy', retryAfterMs: Math.max(...left) })
    } else if (this.#holds) await this.#work()
  }

  async #work(): Promise<void> {
    try {
      const response = await this.#options.work()
      this.#decide({ status: 'answered', response })
    } catch (error) {
      this.#decide({ status: 'threw', error })
    }
  }

  #decide(outcome: Outcome): void {
    this.outcome = outcome
    if (outcome.status === 'answered' && !isFailure(outcome.response)) this.#done()
    else this.#giveBack()
    this.#waiting?.abort()
  }
}

/** An answer that makes the sender come again. JavaScript may return anything; what is no response will fail further out. */
export function isFailure(response: Response | undefined): boolean {
  return (response?.status ?? 500) >= 500
}

import { hasCode, StoreUnavailable } from '../core/errors.ts'

/** What a store has said of its set-up, and what its errors mean after that. */
export class Refusal {
  readonly #name: string
  /** A wrong set-up that the store has told of, and not answered well since. */
  #told: unknown

  /** @param name - of the dedup */
  constructor(name: string) {
    this.#name = name
  }

  /** The store has answered well. */
  over(): void {
    this.#told = undefined
  }

  /**
   * A client that was refused connects again and again, and lets calls wait meanwhile: no outage, but the wrong set-up
   * still. Whatever else a store throws says only that it cannot be asked now.
   */
  explained(error: unknown): unknown {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) this.#told = error
    if (this.#told !== undefined) return this.#told
    if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return error
    return new StoreUnavailable(`dedup store of ${this.#name} failed`, { cause: error })
  }
}

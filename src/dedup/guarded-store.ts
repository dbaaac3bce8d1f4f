import type { DedupStore } from '../core/dedup-store.ts'
import { hasCode, StoreUnavailable } from '../core/errors.ts'
import type { StoreCall } from '../core/store-guard.ts'
import { namedStore } from './named-store.ts'
import type { StoreLedgerOptions } from './store-ledger-options.ts'

export type StoreWork<T> = (store: DedupStore, given: StoreCall) => Promise<T>

/** The store of one dedup, under its name and its guard. */
export class GuardedStore {
  readonly #options: StoreLedgerOptions
  readonly #store: DedupStore
  readonly #answered: () => void
  /** A wrong set-up that the store has told of, and not answered well since. */
  #refusal: unknown

  /** @param answered - is called whenever it has answered well */
  constructor(options: StoreLedgerOptions, answered: () => void) {
    this.#options = options
    this.#store = namedStore(options.store, options.name)
    this.#answered = answered
  }

  /**
   * Calls the store, and counts a failure.
   *
   * @throws StoreUnavailable, StoreSetupError
   */
  async call<T>(work: StoreWork<T>): Promise<T> {
    try {
      const result = await this.quietly(work)
      this.#refusal = undefined
      this.#answered()
      return result
    } catch (error) {
      this.#options.counts.storeErrors += 1
      throw this.#explained(error)
    }
  }

  /** Calls the store for what is tried again when it fails, and counted by nobody. */
  quietly<T>(work: StoreWork<T>): Promise<T> {
    return this.#options.guard.run((given) => work(this.#store, given))
  }

  /**
   * A client that was refused connects again and again, and lets calls wait meanwhile: no outage, but the wrong set-up
   * still. Whatever else a store throws says only that it cannot be asked now.
   */
  #explained(error: unknown): unknown {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) this.#refusal = error
    if (this.#refusal !== undefined) return this.#refusal
    if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return error
    return new StoreUnavailable(`dedup store of ${this.#options.name} failed`, { cause: error })
  }
}

import type { Clock } from '../core/clock.ts'
import { promisesDieWithRequests } from '../core/platform.ts'
import type { IdMemory } from './id-memory.ts'
import type { Item } from './item.ts'
import type { Fate } from './ledger.ts'
import { MemoryClaims } from './memory-claims.ts'
import { COUNTS_MS } from './memory-store.ts'

export interface ClaimsHereOptions {
  readonly clock: Clock
  readonly memory: IdMemory
  readonly leaseMs: number
  readonly windowMs: number
}

/** Claims that were made in this process because the store could not be reached: it never hears of these leases. */
export class ClaimsHere {
  readonly #options: ClaimsHereOptions
  readonly #claims: MemoryClaims

  constructor(options: ClaimsHereOptions) {
    this.#options = options
    this.#claims = new MemoryClaims(options.clock, COUNTS_MS, options.memory)
  }

  /**
   * Each item is told what it met. A lease ends with its run, except on Workers, where a request can be ended in the
   * middle of its work.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when ids are limited and there is no room
   */
  claim(items: readonly Item<unknown>[], token: string): void {
    this.#claims.admit(items)
    const leaseMs = this.#leaseMs
    for (const item of items) item.met(this.#claims.claim({ key: item.key, token }, leaseMs), token, undefined)
  }

  renew({ key, token }: Item<unknown>): void {
    this.#claims.renew({ key, token }, this.#leaseMs)
  }

  begin({ key, token }: Item<unknown>): boolean {
    return this.#claims.begin({ key, token })
  }

  get #leaseMs(): number {
    return promisesDieWithRequests() ? this.#options.leaseMs : Infinity
  }

  /** False when the item does not own its key any more. */
  end({ key, token }: Item<unknown>, fate: Fate): boolean {
    if (fate !== 'done' && fate !== 'dead') return this.#claims.release({ key, token, begun: fate === 'failed' })
    return this.#claims.end({ key, token, as: fate, ifNobody: true }, this.#options.windowMs)
  }

  revive(key: string): boolean {
    return this.#claims.revive(key)
  }
}

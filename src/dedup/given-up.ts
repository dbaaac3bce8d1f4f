import type { Release } from '../core/dedup-store.ts'

/** Claims that nobody waits for any more, though the store may have granted them. */
export interface GivenUpStore {
  releaseMany(claims: readonly Release[]): Promise<void>
}

/** More of them are told in slices, and none is kept beyond: what is forgotten ends with its lease. */
const SLICE = 500
const MOST = 50_000

/**
 * Remembers claims that were given up, because the store did not answer in time: kept, they would lock their keys for a
 * whole lease. They are given back, as not begun, when the store answers the next time.
 */
export class GivenUp {
  #claims: Release[] = []
  #telling = false

  get size(): number {
    return this.#claims.length
  }

  add(claims: readonly Release[]): void {
    this.#claims = this.#claims.concat(claims).slice(-MOST)
  }

  /**
   * Gives all of them back, unless somebody does so already.
   *
   * @throws whatever the store throws; what it was not told is kept
   */
  async tell(store: GivenUpStore): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    try {
      while (this.#claims.length > 0) {
        const slice = this.#claims.slice(0, SLICE)
        await store.releaseMany(slice)
        const told = new Set(slice)
        this.#claims = this.#claims.filter((claim) => !told.has(claim))
      }
    } finally {
      this.#telling = false
    }
  }
}

import type { IdLimit } from './id-limit.ts'

/** Who works on a key, or gave it back last, and what is known of its runs. */
export interface Lease {
  token: string
  /** When it ends; one that was given back ended then. */
  until: number
  givenBack: boolean
  /** Runs that have begun and not succeeded. */
  runs: number
  /** How often a claim found that the lease had run out. */
  expired: number
  /** Whether the begin of this token is among the runs. */
  written: boolean
}

/**
 * The leases in the memory of this process, and the counts of those that are over. What is out of date is swept: two are
 * looked at for each that is added, so that crashed owners, and failures that nobody sends again, leave nothing, and no
 * call pays for all of them.
 */
export class Leases {
  readonly #countsMs: number
  readonly #limit: IdLimit
  readonly #leases = new Map<string, Lease>()
  #givenBack = 0
  // Kept from call to call: one that begins anew each time would step over all that was deleted in front of it.
  #sweep = this.#leases.entries()

  /**
   * @param countsMs - how long the counts of a key are remembered once its lease is over
   * @param limit - to the counts that are remembered; leases have none
   */
  constructor(countsMs: number, limit: IdLimit) {
    this.#countsMs = countsMs
    this.#limit = limit
  }

  /** Those that somebody took and did not give back. */
  get size(): number {
    return this.#leases.size - this.#givenBack
  }

  get(name: string, now: number): Lease | undefined {
    const lease = this.#leases.get(name)
    return lease === undefined || this.#isOver(lease, now) ? undefined : lease
  }

  /** Puts a lease in the place of one that is over, or was never there. */
  put(name: string, lease: Lease, now: number): void {
    this.delete(name)
    this.#leases.set(name, lease)
    this.#sweepSome(now)
  }

  /** Its counts stay known. */
  giveBack(lease: Lease, now: number): void {
    lease.givenBack = true
    lease.until = now
    this.#givenBack += 1
  }

  delete(name: string): void {
    const lease = this.#leases.get(name)
    if (lease === undefined) return
    if (lease.givenBack) this.#givenBack -= 1
    this.#leases.delete(name)
  }

  #isOver(lease: Lease, now: number): boolean {
    return now - lease.until >= this.#countsMs
  }

  #sweepSome(now: number): void {
    for (let left = 2; left > 0; left -= 1) {
      const { value, done } = this.#sweep.next()
      if (done === true) {
        this.#sweep = this.#leases.entries()
        return
      }
      const [name, lease] = value
      const tooMany = lease.givenBack && this.#givenBack > this.#limit.maxIds
      if (tooMany) this.#limit.overflowed(1, now)
      if (tooMany || this.#isOver(lease, now)) this.delete(name)
    }
  }
}

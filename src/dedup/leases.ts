import type { IdLimit } from './id-limit.ts'

/** Who works on a key, or did so last: a lease that was given back is one that ended then, and belongs to nobody. */
export interface Lease {
  token: string | undefined
  until: number
  readonly attempt: number
}

/**
 * The leases in the memory of this process, and the attempts of those that are over. What is out of date is swept: two
 * are looked at for each that is added, so that crashed owners, and failures that nobody sends again, leave nothing, and no
 * call pays for all of them.
 */
export class Leases {
  readonly #attemptsMs: number
  readonly #limit: IdLimit
  readonly #leases = new Map<string, Lease>()
  #givenBack = 0
  // Kept from call to call: one that begins anew each time would step over all that was deleted in front of it.
  #sweep = this.#leases.entries()

  /**
   * @param attemptsMs - how long the attempts of a key are remembered once its lease is over
   * @param limit - to the attempts that are remembered; leases have none
   */
  constructor(attemptsMs: number, limit: IdLimit) {
    this.#attemptsMs = attemptsMs
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

  /** @returns which attempt it is */
  add(name: string, { token, until }: { readonly token: string; readonly until: number }, now: number): number {
    const attempt = 1 + (this.get(name, now)?.attempt ?? 0)
    this.delete(name)
    this.#leases.set(name, { token, until, attempt })
    this.#sweepSome(now)
    return attempt
  }

  /** Its attempts stay known. */
  giveBack(lease: Lease, now: number): void {
    lease.token = undefined
    lease.until = now
    this.#givenBack += 1
  }

  delete(name: string): void {
    const lease = this.#leases.get(name)
    if (lease === undefined) return
    if (lease.token === undefined) this.#givenBack -= 1
    this.#leases.delete(name)
  }

  #isOver(lease: Lease, now: number): boolean {
    return now - lease.until >= this.#attemptsMs
  }

  #sweepSome(now: number): void {
    for (let left = 2; left > 0; left -= 1) {
      const { value, done } = this.#sweep.next()
      if (done === true) {
        this.#sweep = this.#leases.entries()
        return
      }
      const [name, lease] = value
      const tooMany = lease.token === undefined && this.#givenBack > this.#limit.maxIds
      if (tooMany) this.#limit.overflowed(1, now)
      if (tooMany || this.#isOver(lease, now)) this.delete(name)
    }
  }
}

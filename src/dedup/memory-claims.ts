import type { Clock } from '../core/clock.ts'
import type { Claim, Ending } from '../core/dedup-store.ts'
import { Endings } from './endings.ts'
import { IdMemory } from './id-memory.ts'
import { Leases, type Lease } from './leases.ts'

/**
 * Claims in the memory of this process, without a promise in sight: what the memory store is made of, and what a dedup
 * without a store works on.
 *
 * Leases end by time, also here: on Workers a request can be ended in the middle of its work while the memory lives on.
 */
export class MemoryClaims {
  readonly #clock: Clock
  readonly #memory: IdMemory
  readonly #leases: Leases
  readonly #done: Endings
  readonly #dead: Endings

  /** @param attemptsMs - how long the attempts of a key that failed, or whose owner crashed, are remembered */
  constructor(clock: Clock, attemptsMs: number, memory: IdMemory = new IdMemory()) {
    this.#clock = clock
    this.#memory = memory
    this.#leases = new Leases(attemptsMs, memory.limit)
    this.#done = new Endings(memory)
    this.#dead = new Endings(memory)
  }

  get size(): number {
    return this.#leases.size + this.#done.sizeAt(this.#clock) + this.#dead.sizeAt(this.#clock)
  }

  endOf(key: string): Ending | undefined {
    return this.#endOf(key, this.#clock.elapsed())
  }

  /** @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when there is no room for all of them: none is claimed */
  claim(keys: readonly string[], token: string, leaseMs: number): Claim[] {
    const now = this.#clock.elapsed()
    this.#admit(keys, now)
    return keys.map((key) => {
      const ended = this.#endOf(key, now)
      if (ended !== undefined) return { status: ended }
      const name = this.#memory.nameOf(key)
      const lease = this.#leases.get(name, now)
      if (lease !== undefined && lease.until > now) return { status: 'leased', leftMs: lease.until - now }
      return { status: 'won', attempt: this.#leases.add(this.#memory.kept(name), { token, until: now + leaseMs }, now) }
    })
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    const now = this.#clock.elapsed()
    const lease = this.#owned(key, token, now)
    if (lease === undefined) return false
    lease.until = now + leaseMs
    return true
  }

  end(key: string, token: string, { as, retentionMs }: { readonly as: Ending; readonly retentionMs: number }): boolean {
    const now = this.#clock.elapsed()
    if (this.#owned(key, token, now) === undefined) return false
    this.#leases.delete(this.#memory.nameOf(key))
    const endings = as === 'done' ? this.#done : this.#dead
    endings.add(key, retentionMs, now)
    return true
  }

  /** False when the token does not own the key. */
  release(key: string, token: string): boolean {
    const now = this.#clock.elapsed()
    const lease = this.#owned(key, token, now)
    if (lease === undefined) return false
    this.#leases.giveBack(lease, now)
    return true
  }

  #owned(key: string, token: string, now: number): Lease | undefined {
    const lease = this.#leases.get(this.#memory.nameOf(key), now)
    return lease?.token === token ? lease : undefined
  }

  #endOf(key: string, now: number): Ending | undefined {
    if (this.#done.has(key, now)) return 'done'
    return this.#dead.has(key, now) ? 'dead' : undefined
  }

  #admit(keys: readonly string[], now: number): void {
    const { limit } = this.#memory
    if (limit.inAll === Infinity) return
    const isNew = (key: string): boolean =>
      this.#endOf(key, now) === undefined && this.#leases.get(this.#memory.nameOf(key), now)?.token === undefined
    limit.admit(keys.filter(isNew).length, this.size, now)
  }
}

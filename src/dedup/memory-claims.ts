import type { Clock } from '../core/clock.ts'
import type { Claim, Claimed, End, Ending, Release, Renewal } from '../core/dedup-store.ts'
import { DeadKeys } from './dead-keys.ts'
import { Endings } from './endings.ts'
import { IdMemory } from './id-memory.ts'
import { Leases, type Lease } from './leases.ts'

const NEW: Claimed = { status: 'won', runs: 0, expired: 0 }
const ENDED: Readonly<Record<Ending, Claimed>> = { done: { status: 'done' }, dead: { status: 'dead' } }

/**
 * Claims in the memory of this process, without a promise in sight: what the memory store is made of, and what a dedup
 * without a store works on. It keeps the promises of `DedupStore`, one key at a time.
 */
export class MemoryClaims {
  readonly #clock: Clock
  readonly #memory: IdMemory
  readonly #leases: Leases
  readonly #done: Endings
  readonly #dead: DeadKeys

  /** @param countsMs - how long the runs of a key that failed, or whose owner crashed, are remembered */
  constructor(clock: Clock, countsMs: number, memory: IdMemory = new IdMemory()) {
    this.#clock = clock
    this.#memory = memory
    this.#leases = new Leases(countsMs, memory.limit)
    this.#done = new Endings(memory)
    this.#dead = new DeadKeys(memory)
  }

  get size(): number {
    return this.#leases.size + this.#done.sizeAt(this.#clock) + this.#dead.size
  }

  endOf(key: string): Ending | undefined {
    return this.#endOf(key, this.#clock.elapsed())
  }

  /**
   * Makes room for claims, where ids are limited.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when there is none: nothing may be claimed
   */
  admit(claims: readonly { readonly key: string }[]): void {
    const { limit } = this.#memory
    if (limit.inAll === Infinity) return
    const now = this.#clock.elapsed()
    const isNew = ({ key }: { readonly key: string }): boolean =>
      this.#endOf(key, now) === undefined && (this.#leases.get(this.#memory.nameOf(key), now)?.givenBack ?? true)
    limit.admit(claims.filter(isNew).length, this.size, now)
  }

  claim({ key, token }: Claim, leaseMs: number): Claimed {
    const now = this.#clock.elapsed()
    const ended = this.#endOf(key, now)
    if (ended !== undefined) return ENDED[ended]
    const name = this.#memory.nameOf(key)
    const there = this.#leases.get(name, now)
    const until = now + leaseMs
    if (there === undefined) {
      this.#lend(name, { token, until, givenBack: false, runs: 0, expired: 0, written: false }, now)
      return NEW
    }
    const same = there.token === token && !there.givenBack
    if (!there.givenBack && !same) {
      if (there.until > now) return { status: 'leased', leftMs: there.until - now }
      there.expired += 1
    }
    const { runs, expired } = there
    this.#lend(name, { token, until, givenBack: false, runs, expired, written: same && there.written }, now)
    return { status: 'won', runs, expired }
  }

  begin({ key, token }: Claim): boolean {
    const lease = this.#owned(key, token, this.#clock.elapsed())
    if (lease === undefined) return false
    if (!lease.written) lease.runs += 1
    lease.written = true
    return true
  }

  renew({ key, token, begun = false }: Renewal, leaseMs: number): boolean {
    const now = this.#clock.elapsed()
    const owned = this.#owned(key, token, now)
    if (owned !== undefined) {
      owned.until = now + leaseMs
      return true
    }
    if (begun === false || !this.#isFree(key, now)) return false
    const name = this.#memory.nameOf(key)
    const { givenBack, token: by, runs, expired } = this.#leases.get(name, now) ?? {}
    if (givenBack === true && by === token) return false
    const written = begun === 'written'
    const counts = { runs: runs ?? Number(written), expired: expired ?? 0, written }
    this.#lend(name, { token, until: now + leaseMs, givenBack: false, ...counts }, now)
    return true
  }

  end({ key, token, as, ifNobody = false }: End, retentionMs: number): boolean {
    const now = this.#clock.elapsed()
    const mine = this.#owned(key, token, now) !== undefined
    if (!mine && !(as === 'done' && ifNobody && this.#isFree(key, now))) return false
    this.#leases.delete(this.#memory.nameOf(key))
    const endings = as === 'done' ? this.#done : this.#dead
    endings.add(key, retentionMs, now)
    return true
  }

  /** False when the token does not own the key. */
  release({ key, token, begun = false }: Release): boolean {
    const now = this.#clock.elapsed()
    const lease = this.#owned(key, token, now)
    if (lease === undefined) return false
    lease.runs += Number(begun) - Number(lease.written)
    lease.written = false
    this.#leases.giveBack(lease, now)
    return true
  }

  revive(key: string): boolean {
    const now = this.#clock.elapsed()
    return this.#endOf(key, now) === 'dead' && this.#dead.delete(key)
  }

  #lend(name: string, lease: Lease, now: number): void {
    this.#leases.put(this.#memory.kept(name), lease, now)
  }

  #owned(key: string, token: string, now: number): Lease | undefined {
    const lease = this.#leases.get(this.#memory.nameOf(key), now)
    return lease !== undefined && lease.token === token && !lease.givenBack ? lease : undefined
  }

  /** Neither ended nor held by anybody whose lease goes on. */
  #isFree(key: string, now: number): boolean {
    if (this.#endOf(key, now) !== undefined) return false
    const lease = this.#leases.get(this.#memory.nameOf(key), now)
    return lease === undefined || lease.givenBack || lease.until <= now
  }

  #endOf(key: string, now: number): Ending | undefined {
    if (this.#done.has(key, now)) return 'done'
    return this.#dead.has(key, now) ? 'dead' : undefined
  }
}

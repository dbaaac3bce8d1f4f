import type { Clock } from '../core/clock.ts'
import type { Claim, Ending } from '../core/dedup-store.ts'
import { Generations } from './generations.ts'

interface Lease {
  readonly token: string
  until: number
  readonly attempt: number
}

/**
 * Claims in the memory of this process, without a promise in sight: what the memory store is made of, and what a dedup
 * without a store works on.
 *
 * Leases end by time, also here: on Workers a request can be ended in the middle of its work while the memory lives on.
 */
export class MemoryClaims {
  readonly #clock: Clock
  readonly #attemptsMs: number
  readonly #leases = new Map<string, Lease>()
  readonly #failed = new Map<string, { readonly attempt: number; readonly at: number }>()
  readonly #done = new Endings()
  readonly #dead = new Endings()

  constructor(clock: Clock, attemptsMs: number) {
    this.#clock = clock
    this.#attemptsMs = attemptsMs
  }

  get size(): number {
    return this.#leases.size + this.#done.size + this.#dead.size
  }

  isDone(key: string): boolean {
    return this.#done.has(key, this.#clock.elapsed())
  }

  claim(keys: readonly string[], token: string, leaseMs: number): Claim[] {
    const now = this.#clock.elapsed()
    return keys.map((key) => {
      if (this.#done.has(key, now)) return { status: 'done' }
      if (this.#dead.has(key, now)) return { status: 'dead' }
      const held = this.#leases.get(key)
      if (held !== undefined && held.until > now) return { status: 'leased', leftMs: held.until - now }
      const attempt = 1 + (held?.attempt ?? this.#takeAttempts(key, now))
      this.#leases.set(key, { token, until: now + leaseMs, attempt })
      return { status: 'won', attempt }
    })
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    const held = this.#leases.get(key)
    if (held?.token !== token) return false
    held.until = this.#clock.elapsed() + leaseMs
    return true
  }

  end(key: string, token: string, { as, retentionMs }: { readonly as: Ending; readonly retentionMs: number }): boolean {
    if (this.#leases.get(key)?.token !== token) return false
    this.#leases.delete(key)
    const endings = as === 'done' ? this.#done : this.#dead
    endings.add(key, retentionMs, this.#clock.elapsed())
    return true
  }

  release(key: string, token: string): void {
    const held = this.#leases.get(key)
    if (held?.token !== token) return
    this.#leases.delete(key)
    const now = this.#clock.elapsed()
    this.#failed.set(key, { attempt: held.attempt, at: now })
    // In order of insertion, so the expired ones are in front.
    for (const [old, { at }] of this.#failed) {
      if (now - at < this.#attemptsMs) break
      this.#failed.delete(old)
    }
  }

  #takeAttempts(key: string, now: number): number {
    if (this.#failed.size === 0) return 0
    const known = this.#failed.get(key)
    this.#failed.delete(key)
    return known !== undefined && now - known.at < this.#attemptsMs ? known.attempt : 0
  }
}

/** Ended keys, one set of generations per retention. */
class Endings {
  /** A dedup uses one retention all its life; the contract allows several. */
  readonly #sets: { readonly retentionMs: number; readonly keys: Generations }[] = []

  has(key: string, now: number): boolean {
    for (const { keys } of this.#sets) if (keys.has(key, now)) return true
    return false
  }

  add(key: string, retentionMs: number, now: number): void {
    let set = this.#sets.find((one) => one.retentionMs === retentionMs)
    if (set === undefined) this.#sets.push((set = { retentionMs, keys: new Generations(retentionMs) }))
    set.keys.add(key, now)
  }

  get size(): number {
    return this.#sets.reduce((sum, { keys }) => sum + keys.size, 0)
  }
}

import type { Claim, DedupStore, Ending } from '../core/dedup-store.ts'
import { hasCode, StoreUnavailable } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import type { StoreGuard } from '../core/store-guard.ts'
import { gatheringWriter } from './gathering-writer.ts'
import type { Generations } from './generations.ts'
import type { IdMemory } from './id-memory.ts'
import type { DedupCounts, FateWriter, Ledger, LedgerOptions, Written } from './ledger.ts'
import { MemoryClaims } from './memory-claims.ts'
import { ATTEMPTS_MS } from './memory-store.ts'
import { createRenewals, type Renewals } from './renewals.ts'
import { namedStore } from './named-store.ts'
import { Unconfirmed } from './unconfirmed.ts'

export interface StoreLedgerOptions extends LedgerOptions {
  readonly store: DedupStore
  readonly guard: StoreGuard
  /** Remembers confirmed ends for a window. */
  readonly memory: IdMemory
  readonly windowMs: number
  readonly onStoreError: 'reject' | 'process'
}

/** So often the store is told again of ends that it could not be told of. */
const TELL_EVERY_MS = 1_000

/**
 * A ledger in a shared store, with a front in memory: the front answers *done* only for keys whose end the store
 * confirmed, or that ended here while it could not be told; everything else asks the store.
 */
export class StoreLedger implements Ledger {
  readonly host: Host
  readonly name: string
  readonly leaseMs: number
  readonly counts: DedupCounts
  readonly waits: boolean
  readonly renewals: Renewals
  readonly remote = true
  readonly #options: StoreLedgerOptions
  readonly #store: DedupStore
  readonly #front: Generations
  readonly #unconfirmed = new Unconfirmed()
  /** Claims that were made here because the store could not be reached. */
  readonly #here: MemoryClaims
  #tellingLater = false
  /** A wrong set-up that the store has told of, and not answered well since. */
  #refusal: unknown

  constructor(options: StoreLedgerOptions) {
    const { host, name, leaseMs, counts, waits, store, memory, windowMs } = options
    this.host = host
    this.name = name
    this.leaseMs = leaseMs
    this.counts = counts
    this.waits = waits
    this.renewals = createRenewals(host.clock, leaseMs / 3)
    this.#options = options
    this.#store = namedStore(store, name)
    this.#front = memory.generations(windowMs)
    this.#here = new MemoryClaims(host.clock, ATTEMPTS_MS, memory)
  }

  get size(): number {
    return this.#front.sizeAt(this.host.clock) + this.#unconfirmed.size
  }

  newToken(): string {
    return this.host.randomId()
  }

  endOf(key: string): Ending | undefined {
    return this.#front.has(key, this.host.clock.elapsed()) ? 'done' : this.#unconfirmed.endOf(key)
  }

  async claim(keys: readonly string[], token: string): Promise<Claim[]> {
    const process = this.#options.onStoreError === 'process'
    this.#admit(keys.length)
    let over = false
    const claiming = this.#guarded(async () => {
      const claims = await this.#store.claimMany(keys, token, this.leaseMs)
      // Claimed here in the meantime, they are ended in the store by this very token.
      if (over && !process) await this.#giveBackLate(keys, claims, token)
      return claims
    })
    try {
      return this.#learned(keys, await claiming)
    } catch (error) {
      over = true
      if (process && hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return this.#here.claim(keys, token, this.leaseMs)
      throw error
    }
  }

  async reclaim(keys: readonly string[], token: string): Promise<Claim[]> {
    try {
      return this.#learned(keys, await this.#guarded(() => this.#store.claimMany(keys, token, this.leaseMs)))
    } catch {
      // A store that went away now is no reason to give up what other updates of the batch have done.
      return []
    }
  }

  async renew(keys: readonly string[], token: string): Promise<boolean[]> {
    const there = keys.filter((key) => !this.#here.renew(key, token, this.leaseMs))
    if (there.length === 0) return keys.map(() => true)
    try {
      const kept = await this.#guarded(() => this.#store.renewMany(there, token, this.leaseMs))
      const lost = new Set(there.filter((_, at) => kept[at] === false))
      return keys.map((key) => !lost.has(key))
    } catch (error) {
      this.host.observe({ name: 'dedup.renew_failed', of: this.name, ...codeOf(error) })
      return []
    }
  }

  writer(token: string): FateWriter {
    const gathering = gatheringWriter(this.host.clock, (keys, as) =>
      as === 'free' ? this.#release(keys, token) : this.#end(keys, token, as),
    )
    const { windowMs: retentionMs } = this.#options
    return {
      end: (key, as) => {
        if (as === 'free') return this.#here.release(key, token) ? 'kept' : gathering.end(key, as)
        if (!this.#here.end(key, token, { as, retentionMs })) return gathering.end(key, as)
        this.#remember([key], token, as)
        return 'failed'
      },
    }
  }

  #admit(more: number): void {
    const { limit } = this.#options.memory
    if (limit.inAll < Infinity) limit.admit(more, this.size, this.host.clock.elapsed())
  }

  async #guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await this.#options.guard.run(call)
      this.#refusal = undefined
      if (this.#unconfirmed.size > 0) this.#tellNow()
      return result
    } catch (error) {
      this.counts.storeErrors += 1
      throw this.#explained(error)
    }
  }

  /**
   * A client that was refused connects again and again, and lets calls wait meanwhile: no outage, but the wrong set-up
   * still. Whatever else a store throws says only that it cannot be asked now.
   */
  #explained(error: unknown): unknown {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) this.#refusal = error
    if (this.#refusal !== undefined) return this.#refusal
    if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return error
    return new StoreUnavailable(`dedup store of ${this.name} failed`, { cause: error })
  }

  async #end(keys: readonly string[], token: string, as: Ending): Promise<Written[]> {
    const { retentionMs } = this.#options
    try {
      const kept = await this.#guarded(() => this.#store.completeMany(keys, token, { as, retentionMs }))
      return keys.map((key, at) => {
        if (kept[at] !== true) return 'lost'
        if (as === 'done') this.#front.add(key, this.host.clock.elapsed())
        return 'kept'
      })
    } catch (error) {
      this.host.observe({ name: 'dedup.complete_failed', of: this.name, count: keys.length, ...codeOf(error) })
      this.#remember(keys, token, as)
      return keys.map(() => 'failed')
    }
  }

  async #release(keys: readonly string[], token: string): Promise<Written[]> {
    try {
      await this.#guarded(() => this.#store.releaseMany(keys, token))
    } catch (error) {
      this.#releaseFailed(keys.length, error)
    }
    return keys.map(() => 'kept')
  }

  /** The work is over, so the keys are remembered here until the store could be told. */
  #remember(keys: readonly string[], token: string, as: Ending): void {
    for (const key of keys) this.#unconfirmed.add(key, { token, as })
    this.#tellLater()
  }

  #tellLater(): void {
    if (this.#tellingLater || this.#unconfirmed.size === 0) return
    this.#tellingLater = true
    // By itself, because nobody may ask the store for a while; on Workers the next call does it.
    this.host.clock.whileAlive(TELL_EVERY_MS, () => {
      this.#tellingLater = false
      this.#tellNow()
    })
  }

  #tellNow(): void {
    const { guard, retentionMs } = this.#options
    const told = (key: string, as: Ending): void => {
      if (as === 'done') this.#front.add(key, this.host.clock.elapsed())
    }
    const store: Pick<DedupStore, 'claimMany' | 'completeMany'> = {
      claimMany: (...args) => guard.run(() => this.#store.claimMany(...args)),
      completeMany: (...args) => guard.run(() => this.#store.completeMany(...args)),
    }
    // What fails is kept, and tried again.
    const telling = this.#unconfirmed.tell({ store, leaseMs: this.leaseMs, retentionMs, told }).catch(() => undefined)
    this.host.track(telling.then(() => this.#tellLater()))
  }

  #learned(keys: readonly string[], claims: Claim[]): Claim[] {
    const now = this.host.clock.elapsed()
    keys.forEach((key, at) => claims[at]?.status === 'done' && this.#front.add(key, now))
    return claims
  }

  /**
   * What a claim won after its deadline nobody waits for; kept, it would lock its keys for a whole lease. Past the
   * guard, which may still skip a store that has just answered.
   */
  async #giveBackLate(keys: readonly string[], claims: readonly Claim[], token: string): Promise<void> {
    const won = keys.filter((_, at) => claims[at]?.status === 'won')
    try {
      if (won.length > 0) await this.#store.releaseMany(won, token)
    } catch (error) {
      this.#releaseFailed(won.length, error)
    }
  }

  /** The lease ends by itself; until then a resend is told to come again. */
  #releaseFailed(count: number, error: unknown): void {
    this.host.observe({ name: 'dedup.release_failed', of: this.name, count, ...codeOf(error) })
  }
}

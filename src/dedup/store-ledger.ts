import type { Claim, DedupStore, Ending } from '../core/dedup-store.ts'
import { codeOf } from '../core/fact.ts'
import type { StoreGuard } from '../core/store-guard.ts'
import { gatheringWriter } from './gathering-writer.ts'
import type { Generations } from './generations.ts'
import type { Ledger, LedgerOptions, Written } from './ledger.ts'
import { createRenewals } from './renewals.ts'
import { storable } from './storable.ts'

export interface StoreLedgerOptions extends LedgerOptions {
  readonly guard: StoreGuard
  /** Remembers confirmed ends for a window. */
  readonly front: Generations
}

/**
 * A ledger in a shared store, with a front in memory: the front answers *done* only for keys whose end the store
 * confirmed; everything else asks the store. Stored keys are `name:key`, so that services which share a store do not
 * meet.
 */
export function storeLedger(store: DedupStore, options: StoreLedgerOptions): Ledger {
  const { host, name, leaseMs, retentionMs, counts, guard, front } = options
  const stored = (keys: readonly string[]): string[] => keys.map((key) => `${name}:${storable(key)}`)
  const remember = (key: string): boolean => front.add(key, host.clock.elapsed())

  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await guard.run(call)
    } catch (error) {
      counts.storeErrors += 1
      throw error
    }
  }

  async function end(keys: readonly string[], token: string, as: Ending): Promise<Written[]> {
    try {
      const kept = await guarded(() => store.completeMany(stored(keys), token, { as, retentionMs }))
      return keys.map((key, at) => {
        if (kept[at] !== true) return 'lost'
        if (as === 'done') remember(key)
        return 'kept'
      })
    } catch (error) {
      host.observe({ name: 'dedup.complete_failed', of: name, count: keys.length, ...codeOf(error) })
      // The work is done, so the key is remembered here even though the store could not be told.
      if (as === 'done') keys.forEach(remember)
      return keys.map(() => 'failed')
    }
  }

  function learned(keys: readonly string[], claims: Claim[]): Claim[] {
    keys.forEach((key, at) => claims[at]?.status === 'done' && remember(key))
    return claims
  }

  /** The lease ends by itself; until then a resend is told to come again. */
  const releaseFailed = (count: number) => (error: unknown) =>
    host.observe({ name: 'dedup.release_failed', of: name, count, ...codeOf(error) })

  async function release(keys: readonly string[], token: string): Promise<void> {
    await guarded(() => store.releaseMany(stored(keys), token)).catch(releaseFailed(keys.length))
  }

  /**
   * What a claim won after its deadline nobody waits for; kept, it would lock its keys for a whole lease. Past the
   * guard, which may still skip a store that has just answered.
   */
  async function giveBackLate(keys: readonly string[], claims: readonly Claim[], token: string): Promise<void> {
    const won = keys.filter((_, at) => claims[at]?.status === 'won')
    try {
      if (won.length > 0) await store.releaseMany(stored(won), token)
    } catch (error) {
      releaseFailed(won.length)(error)
    }
  }

  return {
    host,
    name,
    leaseMs,
    counts,
    renewals: createRenewals(host.clock, leaseMs / 3),
    remote: true,
    lastChecked: undefined,
    newToken: () => host.randomId(),
    get size() {
      return front.size
    },
    isDone: (key) => front.has(key, host.clock.elapsed()),
    async claim(keys, token) {
      let over = false
      const claiming = guarded(async () => {
        const claims = await store.claimMany(stored(keys), token, leaseMs)
        if (over) await giveBackLate(keys, claims, token)
        return claims
      })
      try {
        return learned(keys, await claiming)
      } catch (error) {
        over = true
        throw error
      }
    },
    async reclaim(keys, token) {
      try {
        return learned(keys, await guarded(() => store.claimMany(stored(keys), token, leaseMs)))
      } catch {
        // A store that went away now is no reason to give up what other updates of the batch have done.
        return []
      }
    },
    async renew(keys, token) {
      try {
        return await guarded(() => store.renewMany(stored(keys), token, leaseMs))
      } catch (error) {
        host.observe({ name: 'dedup.renew_failed', of: name, ...codeOf(error) })
        return []
      }
    },
    writer: (token) => gatheringWriter(host.clock, (keys, as) => end(keys, token, as)),
    release,
  }
}

import type { DedupStore } from '../../src/core/dedup-store.ts'
import { now, type Deed } from './history.ts'

export interface WatchOptions {
  readonly tell: (deed: Deed) => void
  /** A call that takes longer counts as missed. */
  readonly timeoutMs: number
  /** What stands before each key. */
  readonly prefix: string
}

/** A store that writes down what it granted and confirmed, and which of its calls failed. */
export function watchedStore(store: DedupStore, { tell, timeoutMs, prefix }: WatchOptions): DedupStore {
  const idOf = (key: string): string => key.slice(prefix.length)

  async function watched<T>(call: Promise<T>): Promise<T> {
    const since = now()
    try {
      return await call
    } catch (error) {
      tell({ what: 'missed', since })
      throw error
    } finally {
      if (now() - since > timeoutMs) tell({ what: 'missed', since })
    }
  }

  return {
    async claimMany(keys, token, leaseMs) {
      const claims = await watched(store.claimMany(keys, token, leaseMs))
      keys.forEach((key, at) => {
        const claim = claims[at]
        if (claim?.status === 'won') tell({ what: 'won', id: idOf(key), token, attempt: claim.attempt })
      })
      return claims
    },
    async completeMany(keys, token, ending) {
      const kept = await watched(store.completeMany(keys, token, ending))
      keys.forEach((key, at) => tell({ what: kept[at] === true ? 'kept' : 'refused', id: idOf(key), token }))
      return kept
    },
    renewMany: (keys, token, leaseMs) => watched(store.renewMany(keys, token, leaseMs)),
    releaseMany: (keys, token) => watched(store.releaseMany(keys, token)),
  }
}

import type { DedupStore } from '../core/dedup-store.ts'
import { storable } from '../core/storable.ts'

/** The part of a store that belongs to one dedup: `name:key`. Two services may share a store. */
export function namedStore(store: DedupStore, name: string): DedupStore {
  const named = (keys: readonly string[]): string[] => keys.map((key) => `${name}:${storable(key)}`)
  return {
    claimMany: (keys, token, leaseMs) => store.claimMany(named(keys), token, leaseMs),
    renewMany: (keys, token, leaseMs) => store.renewMany(named(keys), token, leaseMs),
    completeMany: (keys, token, ending) => store.completeMany(named(keys), token, ending),
    releaseMany: (keys, token) => store.releaseMany(named(keys), token),
  }
}

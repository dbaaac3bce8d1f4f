import type { DedupStore } from '../core/dedup-store.ts'
import { storable } from '../core/storable.ts'

/** The part of a store that belongs to one dedup: `name:key`. Two services may share a store. */
export function namedStore(store: DedupStore, name: string): DedupStore {
  const nameOf = (key: string): string => `${name}:${storable(key)}`
  const named = <C extends { readonly key: string }>(claims: readonly C[]): C[] =>
    claims.map((claim) => ({ ...claim, key: nameOf(claim.key) }))
  return {
    claimMany: (claims, options) => store.claimMany(named(claims), options),
    beginMany: (claims, options) => store.beginMany(named(claims), options),
    renewMany: (claims, options) => store.renewMany(named(claims), options),
    completeMany: (ends, options) => store.completeMany(named(ends), options),
    releaseMany: (claims, options) => store.releaseMany(named(claims), options),
    reviveMany: (keys, options) => store.reviveMany(keys.map(nameOf), options),
  }
}

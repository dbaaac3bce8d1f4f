/** What an entry costs in memory, beside its key and its value, measured in a process that holds nothing else. */
import { lruCache, ours, phones, PROFILE, type Profile } from './cache-setup.ts'
import { judge, type Comparison } from './harness.ts'
import { bytesInUse, inOwnProcess } from './own-process.ts'

const ENTRIES = 100_000

interface Store {
  set(key: string, value: Profile): unknown
}

const stores = {
  'lru-cache': (max: number): Store => lruCache(max),
  'easymo lru': (max: number): Store => ours({ maxEntries: max }),
  'easymo sieve': (max: number): Store => ours({ maxEntries: max, eviction: 'sieve' }),
} as const

type Kind = keyof typeof stores

/** Bytes per entry; for a process of its own, started with `--expose-gc`. */
export async function measureHeap(kind: Kind): Promise<number> {
  const keys = phones(ENTRIES)
  // Every string's hash is computed, and the code compiled, before the first count.
  new Set(keys)
  fill(stores[kind](1_000), keys)
  const before = await bytesInUse()
  const store = stores[kind](ENTRIES)
  fill(store, keys)
  const after = await bytesInUse()
  // Used once more, so that nothing of it was collected before it was counted.
  fill(store, keys.slice(0, 1))
  return (after - before) / keys.length
}

function fill(store: Store, keys: readonly string[]): void {
  for (const key of keys) store.set(key, PROFILE)
}

export function heap(): Comparison {
  const unit = 'bytes'
  const bytesOf = (kind: Kind): number => inOwnProcess<number>(import.meta.url, 'measureHeap', kind)
  return judge('memory of an entry with a time to live, 100 000 entries', [
    { of: 'lru-cache', value: bytesOf('lru-cache'), unit },
    { of: 'easymo lru', value: bytesOf('easymo lru'), unit, atMost: 110 },
    { of: 'easymo sieve', value: bytesOf('easymo sieve'), unit, atMost: 80 },
  ])
}

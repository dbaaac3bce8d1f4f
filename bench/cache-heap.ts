/** What an entry costs in memory, beside its key and its value, measured in a process that holds nothing else. */
import { execFileSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { lruCache, ours, phones, PROFILE, type Profile } from './cache-setup.ts'
import { judge, type Comparison } from './harness.ts'

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

/** What typed arrays hold lies outside the heap, and is let go of only after a collection. */
async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.()
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function inOwnProcess(kind: Kind): number {
  const program = `
    const { measureHeap } = await import(${JSON.stringify(import.meta.url)})
    console.log(await measureHeap(${JSON.stringify(kind)}))`
  const args = ['--expose-gc', '--input-type=module', '-e', program]
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  return Number(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }))
}

export function heap(): Comparison {
  const unit = 'bytes'
  return judge('memory of an entry with a time to live, 100 000 entries', [
    { of: 'lru-cache', value: inOwnProcess('lru-cache'), unit },
    { of: 'easymo lru', value: inOwnProcess('easymo lru'), unit, atMost: 110 },
    { of: 'easymo sieve', value: inOwnProcess('easymo sieve'), unit, atMost: 80 },
  ])
}

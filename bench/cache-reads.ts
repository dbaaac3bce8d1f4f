/** Synchronous hits: `get` and `peek`. */
import { lruCache, ours, phones, PROFILE } from './cache-setup.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'
import { shuffled } from './random.ts'

const ENTRIES = 10_000
const KEYS = shuffled(phones(ENTRIES))

/** Each loop is written out, so that its call site knows one cache only; it counts what it found, so that it can be checked. */
function candidates(): Candidate[] {
  const [easymo, safe, byDefault] = [ours({ maxEntries: ENTRIES }), lruCache(ENTRIES), lruCache(ENTRIES, 1)]
  for (const cache of [easymo, safe, byDefault]) for (const key of KEYS) cache.set(key, PROFILE)
  return [
    {
      name: 'easymo get',
      ops: ENTRIES,
      run() {
        let found = 0
        for (const key of KEYS) if (easymo.get(key) !== undefined) found += 1
        return found
      },
    },
    {
      name: 'easymo peek',
      ops: ENTRIES,
      run() {
        let found = 0
        for (const key of KEYS) if (easymo.peek(key) !== undefined) found += 1
        return found
      },
    },
    {
      name: 'lru-cache get, ttlResolution 0',
      ops: ENTRIES,
      run() {
        let found = 0
        for (const key of KEYS) if (safe.get(key) !== undefined) found += 1
        return found
      },
    },
    {
      name: 'lru-cache get, default',
      ops: ENTRIES,
      run() {
        let found = 0
        for (const key of KEYS) if (byDefault.get(key) !== undefined) found += 1
        return found
      },
    },
  ]
}

export async function reads(): Promise<Comparison> {
  const measured = candidates()
  const check = (): void => {
    for (const { name, run } of measured) if (run(undefined) !== ENTRIES) throw new Error(`${name} missed`)
  }
  check()
  const against = 'lru-cache get, ttlResolution 0'
  const comparison = await compare('a synchronous hit, 10 000 keys', measured, [
    { of: 'easymo get', against, atMost: 1.15 },
    { of: 'easymo peek', against, atMost: 1.15 },
  ])
  check()
  return comparison
}

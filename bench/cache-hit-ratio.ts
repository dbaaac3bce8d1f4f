/** How many look-ups each eviction answers when the cache holds one key in a hundred. The same requests on every run. */
import { createCache } from '@easymo/perf/cache'
import { judge, type Comparison } from './harness.ts'
import { seeded } from './random.ts'

const KEYS = 100_000
const ENTRIES = 1_000
const REQUESTS = 1_000_000
/** After so many requests somebody reads so many keys once, one after the other: 17 % of all. */
const SCAN = { every: 10_000, length: 2_048 }

/** Keys whose popularity falls with their rank (Zipf, exponent 1). */
function* zipf(): Generator<string> {
  const random = seeded(1)
  const cumulated = new Float64Array(KEYS)
  let sum = 0
  for (let rank = 0; rank < KEYS; rank += 1) cumulated[rank] = sum += 1 / (rank + 1)
  for (;;) yield `k${firstAbove(cumulated, random() * sum)}`
}

function firstAbove(sorted: Float64Array, wanted: number): number {
  let [low, high] = [0, sorted.length - 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) > wanted) high = middle
    else low = middle + 1
  }
  return low
}

function* withScans(keys: Iterable<string>): Generator<string> {
  let sinceScan = 0
  let scanned = 0
  for (const key of keys) {
    yield key
    sinceScan += 1
    if (sinceScan < SCAN.every) continue
    sinceScan = 0
    for (let i = 0; i < SCAN.length; i += 1) yield `scan${scanned++}`
  }
}

/** Per cent of the requests that were hits. */
function hitRatio(eviction: 'lru' | 'sieve', keys: Iterable<string>): number {
  const cache = createCache<true>({ maxEntries: ENTRIES, eviction })
  let requests = 0
  for (const key of keys) {
    if (cache.get(key) === undefined) cache.set(key, true)
    requests += 1
    if (requests === REQUESTS) break
  }
  return cache.stats().hitRate * 100
}

function compareRatios(
  group: string,
  { trace, atLeast }: { trace: () => Iterable<string>; atLeast: number },
): Comparison {
  const [lru, sieve] = [hitRatio('lru', trace()), hitRatio('sieve', trace())]
  return judge(group, [
    { of: 'easymo lru', value: lru, unit: '%' },
    { of: 'easymo sieve', value: sieve, unit: '%' },
    { of: 'easymo sieve above lru', value: sieve - lru, unit: 'points', atLeast },
  ])
}

export function hitRatios(): Comparison[] {
  return [
    compareRatios('hits of Zipf 1.0 over 100 000 keys, room for 1 000', { trace: zipf, atLeast: 6 }),
    compareRatios('the same with scans, 17 % of the requests', { trace: () => withScans(zipf()), atLeast: 5 }),
  ]
}

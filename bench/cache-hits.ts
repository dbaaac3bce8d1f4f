/** Hits that are awaited: `getOrSet` and an accessor, with the load at hand. */
import { cached } from '@easymo/perf/cache'
import { asyncCacheDedupe, bentocache, cacheable, cachifiedLru, cacheManager } from './cache-peers.ts'
import { countedLoad, loadingLruCache, ours, phones, type Profile } from './cache-setup.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'
import { shuffled } from './random.ts'

const PHONES = shuffled(phones(500))
const MAX = 1_000

/** Looks up every key once, in a loop of its own. */
export type HitsOf = (setup: {
  readonly keys: readonly string[]
  readonly max: number
  readonly load: () => Profile
}) => () => Promise<void>

const getOrSet: HitsOf = ({ keys, max, load }) => {
  const cache = ours({ maxEntries: max })
  return async () => {
    for (const key of keys) await cache.getOrSet(key, load)
  }
}

const accessor: HitsOf = ({ keys, max, load }) => {
  const profileByPhone = cached({ cache: ours({ maxEntries: max }), key: (phone: string) => `phone:${phone}`, load })
  return async () => {
    for (const phone of keys) await profileByPhone(phone)
  }
}

const fetch: HitsOf = ({ keys, max, load }) => {
  const cache = loadingLruCache(max, { load })
  return async () => {
    for (const key of keys) await cache.fetch(key)
  }
}

const fetchByDefault: HitsOf = ({ keys, max, load }) => {
  const cache = loadingLruCache(max, { load, ttlResolution: 1 })
  return async () => {
    for (const key of keys) await cache.fetch(key)
  }
}

const fetchByBuiltKey: HitsOf = ({ keys, max, load }) => {
  const cache = loadingLruCache(max, { load })
  return async () => {
    for (const phone of keys) await cache.fetch(`phone:${phone}`)
  }
}

/** A candidate whose cache is warm, and the check that it has never loaded since. */
async function warm(name: string, hitsOf: HitsOf): Promise<{ candidate: Candidate; check: () => void }> {
  const { load, calls } = countedLoad()
  const run = hitsOf({ keys: PHONES, max: MAX, load })
  const check = (): void => {
    if (calls() !== PHONES.length) throw new Error(`${name} loaded ${calls()} times, not ${PHONES.length}`)
  }
  await run()
  check()
  return { candidate: { name, ops: PHONES.length, run }, check }
}

async function compareHits(
  group: string,
  hits: Readonly<Record<string, HitsOf>>,
  targets: readonly (readonly [against: string, atMost: number])[],
): Promise<Comparison> {
  const warmed = await Promise.all(Object.entries(hits).map(([name, hitsOf]) => warm(name, hitsOf)))
  const of = warmed[0]?.candidate.name ?? ''
  const comparison = await compare(
    group,
    warmed.map(({ candidate }) => candidate),
    targets.map(([against, atMost]) => ({ of, against, atMost })),
  )
  for (const { check } of warmed) check()
  return comparison
}

export async function hits(): Promise<Comparison[]> {
  const [safe, byDefault] = ['lru-cache fetch, ttlResolution 0', 'lru-cache fetch, default']
  return [
    await compareHits(
      'a hit with the load at hand, awaited, 500 keys',
      {
        'easymo getOrSet': getOrSet,
        [safe]: fetch,
        [byDefault]: fetchByDefault,
        'bentocache getOrSet': bentocache,
        'cacheable getOrSet': cacheable,
        'cachified over lru-cache': cachifiedLru,
        'cache-manager wrap': cacheManager,
        'async-cache-dedupe': asyncCacheDedupe,
      },
      [
        [safe, 1.05],
        [byDefault, 1.3],
        ['bentocache getOrSet', 1 / 15],
        ['cacheable getOrSet', 1 / 15],
        ['cachified over lru-cache', 1 / 15],
      ],
    ),
    await compareHits(
      'a hit of an accessor, which builds its key',
      { 'easymo cached': accessor, [safe]: fetchByBuiltKey },
      [[safe, 1]],
    ),
  ]
}

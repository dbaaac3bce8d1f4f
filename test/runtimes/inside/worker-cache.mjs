// Caches of a Worker, made and filled at module scope, where the clock says 0; and single steps of their cases.
import { createCache } from '@easymo/perf/cache'

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** The key of each load that began. */
export const loaded = []

/** A load in no time, in so many milliseconds, or one that never ends. */
export function loadOf(key, { ms, fails, hangs }) {
  return async () => {
    loaded.push(key)
    const value = `${key} ${loaded.length}`
    if (hangs) await new Promise(() => {})
    if (ms > 0) await sleep(ms)
    if (fails) throw new Error('load failed')
    return value
  }
}

const windows = {
  none: {},
  refresh: { staleWhileRevalidateMs: 60_000 },
  error: { staleIfErrorMs: 60_000 },
  short: { staleWhileRevalidateMs: 100, staleIfErrorMs: 100 },
}

/** Filled at module scope, with more than they hold. By eviction and stale window. */
const boots = {}
for (const eviction of ['lru', 'sieve'])
  for (const [name, stale] of Object.entries(windows)) {
    const cache = createCache({ name: 'boot', eviction, maxEntries: 8, ttlMs: 500, ...stale })
    for (let n = 0; n < 20; n += 1) cache.set(`filler ${n}`, 'filler')
    for (const key of ['a', 'b', 'again']) cache.set(key, 'first')
    cache.set('a', 'early')
    cache.set('tagged', 'early', { ttlMs: 60_000, tags: ['boot'] })
    cache.set('expired', 'early', { ttlMs: 60_000, tags: ['old'] })
    cache.expireTag('old')
    boots[`${eviction} ${name}`] = cache
  }

const spans = {
  lru: createCache({ name: 'lru', ttlMs: 60_000, staleWhileRevalidateMs: 60_000 }),
  sieve: createCache({ name: 'sieve', eviction: 'sieve', ttlMs: 60_000, staleWhileRevalidateMs: 60_000 }),
}

const stale = createCache({ name: 'swr', ttlMs: 200, staleWhileRevalidateMs: 60_000, loadTimeoutMs: 5_000 })
/** What was fresh in `stale` whenever a promise given to `waitUntil` settled, by key. */
const settled = {}

const impatient = createCache({ name: 'impatient', ttlMs: 200, staleWhileRevalidateMs: 60_000, loadTimeoutMs: 500 })
const aborted = []

const tagged = createCache({ name: 'tagged', ttlMs: 60_000, staleWhileRevalidateMs: 60_000, loadTimeoutMs: 5_000 })

export const cacheSteps = {
  '/loaded': ({ key }) => ({ times: loaded.filter((one) => one === key).length }),

  '/boot/peek': ({ of, key }) => ({ value: boots[of].peek(key), has: boots[of].has(key) }),
  '/boot/get': ({ of, key, ...how }) => boots[of].lookup(key, loadOf(key, how)),
  '/boot/set': ({ of, key }) => void boots[of].set(key, 'second', { ttlMs: 60_000 }),
  '/boot/invalidate': ({ of }) => void boots[of].invalidateTag('boot'),

  '/span/get': ({ of, key, ttlMs, ...how }) => spans[of].lookup(key, loadOf(key, how), { ttlMs }),

  '/swr/get': ({ key, waitUntil, ...how }) => {
    const told = waitUntil && ((promise) => waitUntil(promise.finally(() => note(key))))
    return stale.lookup(key, loadOf(key, how), { waitUntil: told })
  },
  '/swr/settled': ({ key }) => ({ values: settled[key] ?? [] }),

  '/impatient/get': ({ key, waitUntil, ...how }) => {
    const load = ({ signal }) => {
      signal.addEventListener('abort', () => aborted.push(key))
      return loadOf(key, how)()
    }
    return impatient.lookup(key, load, { waitUntil })
  },
  '/impatient/start': ({ key, ...how }) => {
    void impatient.lookup(key, loadOf(key, how)).catch(() => undefined)
    return {}
  },
  '/impatient/aborted': ({ key }) => ({ times: aborted.filter((one) => one === key).length }),

  '/tagged/get': ({ key, tag, late, waitUntil, ...how }) =>
    tagged.lookup(key, loadOf(key, how), { tags: late ? () => [tag] : [tag], waitUntil }),
  '/tagged/invalidate': ({ tag }) => void tagged.invalidateTag(tag),
  '/tagged/expire': ({ tag }) => void tagged.expireTag(tag),
}

function note(key) {
  settled[key] ??= []
  settled[key].push(stale.peek(key) ?? 'nothing')
}

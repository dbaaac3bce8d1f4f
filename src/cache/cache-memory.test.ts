import { afterEach, expect, it, vi } from 'vitest'
import { cacheOf, EVICTIONS, never, type CacheOf } from '../../test/support/cache-of.ts'

afterEach(() => vi.unstubAllGlobals())

const MAX_ENTRIES = 100
const KEYS = 100_000

/** Makes a cache, and tells how many things its maps and sets hold, the largest of them and all together. */
function watched(eviction: (typeof EVICTIONS)[number]): CacheOf<number | null> & { held(): number } {
  const made: { readonly size: number }[] = []
  for (const kind of [Map, Set]) {
    const Recorded = class extends (kind as new (...args: unknown[]) => { readonly size: number }) {
      constructor(...args: unknown[]) {
        super(...args)
        made.push(this)
      }
    }
    vi.stubGlobal(kind.name, Recorded)
  }
  const cache = cacheOf<number | null>({ maxEntries: MAX_ENTRIES, eviction, staleWhileRevalidateMs: 60_000 })
  vi.unstubAllGlobals()
  expect(made.length).toBeGreaterThan(2)
  return { ...cache, held: () => made.reduce((sum, { size }) => sum + size, 0) }
}

const tags = (value: number | null): string[] => [`t${value}`]
const failing = (): Promise<number> => Promise.reject(new Error('db down'))

it.each(EVICTIONS)(
  'a hundred thousand keys leave nothing behind but the entries there is room for (%s)',
  async (eviction) => {
    const { cache, held } = watched(eviction)
    for (let n = 0; n < KEYS; n += 1) {
      const key = `k${n}`
      if (n % 4 === 0) cache.set(key, n, { tags: [`t${n}`] })
      else await cache.getOrSet(key, n % 4 === 3 ? failing : () => n, { tags }).catch(() => undefined)
    }
    expect(cache.stats()).toMatchObject({ size: MAX_ENTRIES, loads: 0.75 * KEYS, loadErrors: 0.25 * KEYS })
    // The keys and nothing else: no load, no tag of one, no pause.
    expect(held()).toBe(MAX_ENTRIES)
  },
)

it.each(EVICTIONS)(
  'nor do loads that hang for ever, callers that left, and keys that were deleted meanwhile (%s)',
  async (eviction) => {
    const { cache, clock, held } = watched(eviction)
    const results: Promise<unknown>[] = []
    for (let n = 0; n < 600; n += 1) {
      const caller = new AbortController()
      results.push(cache.getOrSet(`k${n}`, never, { tags, signal: caller.signal }))
      if (n % 3 === 0) caller.abort(new Error('gone'))
      if (n % 2 === 0) cache.delete(`k${n}`)
    }
    const settled = Promise.allSettled(results)
    await clock.tick(10_000)
    expect((await settled).map(({ status }) => status)).toEqual(Array(600).fill('rejected'))
    expect(held()).toBe(0)
  },
)

it('tags that are invalidated one after another are remembered up to a number, and failing keys, too', async () => {
  const { cache, clock, held } = watched('lru')
  for (let n = 0; n < KEYS; n += 1) cache.invalidateTag(`t${n}`)
  expect(held()).toBe(10_000)
  for (let round = 0; round < 30; round += 1) {
    const keys = Array.from({ length: MAX_ENTRIES }, (_, n) => `k${round}-${n}`)
    for (const key of keys) cache.set(key, 1)
    await clock.tick(1_000)
    for (const key of keys) await cache.getOrSet(key, failing)
    await clock.tick(0)
  }
  expect(cache.stats()).toMatchObject({ staleHits: 30 * MAX_ENTRIES, loadErrors: 30 * MAX_ENTRIES })
  expect(held()).toBe(10_000 + MAX_ENTRIES + 1_000)
})

import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createCache } from './cache.ts'
import type { Cache } from './types.ts'
import type { CacheOptions } from './options.ts'

afterEach(() => vi.restoreAllMocks())

function cacheOf<V = number | null>(options: CacheOptions<V> = {}, start?: number) {
  const clock = manualClock(start)
  return { clock, cache: createCache<V>({ ttlMs: 1_000, ...options, host: createHost({ clock }) }) }
}

/** How long a value is fresh, to the millisecond, up to 2 s. */
async function lifeMs(cache: Cache<unknown>, tick: (ms: number) => Promise<void>): Promise<number> {
  let passed = 0
  while (cache.peek('k') !== undefined && passed < 2_000) {
    await tick(1)
    passed += 1
  }
  return passed
}

describe('making a cache', () => {
  it('touches neither clock nor random nor facts', () => {
    const never = vi.fn()
    const random = vi.spyOn(Math, 'random')
    const clock = { now: never, elapsed: never, after: never, whileAlive: never }
    createCache({ ttlMs: 5, ttlJitter: 0.5, host: { ...createHost({ clock }), observe: never, track: never } })
    expect(never).not.toHaveBeenCalled()
    expect(random).not.toHaveBeenCalled()
  })
})

describe('get, peek and has', () => {
  it('see a fresh value, and not an expired one', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1)
    await clock.tick(999)
    expect([cache.get('k'), cache.peek('k'), cache.has('k')]).toEqual([1, 1, true])
    await clock.tick(1)
    expect([cache.get('k'), cache.peek('k'), cache.has('k')]).toEqual([undefined, undefined, false])
  })

  it('see no stale value either: they have no load to replace it', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 1_000, staleIfErrorMs: 1_000 })
    cache.set('k', 1)
    await clock.tick(1_000)
    expect([cache.get('k'), cache.peek('k'), cache.has('k')]).toEqual([undefined, undefined, false])
  })

  it('hold values that are false, empty or not a number', () => {
    const { cache } = cacheOf<unknown>()
    for (const value of [0, '', false, NaN, -0]) {
      cache.set('k', value)
      expect(cache.get('k')).toBe(value)
      expect(cache.has('k')).toBe(true)
    }
  })

  it('take any string for a key', () => {
    const { cache } = cacheOf()
    const keys = ['', '__proto__', 'constructor', '\0', '\ud800', 'x'.repeat(10_000)]
    for (const [index, key] of keys.entries()) cache.set(key, index)
    expect(keys.map((key) => cache.get(key))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('peek and has count nothing and do not keep an entry from being dropped', () => {
    const { cache } = cacheOf({ maxEntries: 2 })
    cache.set('old', 1)
    cache.set('new', 2)
    cache.peek('old')
    cache.has('old')
    cache.set('newest', 3)
    expect(cache.has('old')).toBe(false)
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, size: 2, evictions: 1 })
  })
})

describe('the time to live', () => {
  it('is for ever by default, and never reads a timer', async () => {
    const clock = manualClock()
    const after = vi.fn(clock.after)
    const cache = createCache<number>({ host: createHost({ clock: { ...clock, after } }) })
    cache.set('k', 1)
    await clock.tick(10 * 365 * 86_400_000)
    expect(cache.get('k')).toBe(1)
    expect(after).not.toHaveBeenCalled()
  })

  it('may be a function of value and key', async () => {
    const ttlMs = vi.fn((value: number | null, key: string) => (value ?? 0) * key.length)
    const { cache, clock } = cacheOf({ ttlMs })
    cache.set('k', 7)
    expect(ttlMs).toHaveBeenCalledWith(7, 'k')
    expect(await lifeMs(cache, clock.tick)).toBe(7)
    await cache.getOrSet('k', () => 9)
    expect(await lifeMs(cache, clock.tick)).toBe(9)
  })

  it.each([0, -5, NaN, undefined])(
    'is no time at all when the function says %s: the value is not kept',
    async (ttl) => {
      const { cache } = cacheOf({ ttlMs: () => ttl as number })
      cache.set('k', 1)
      expect(cache.stats().size).toBe(0)
      expect(await cache.getOrSet('k', () => 2)).toBe(2)
      expect(cache.stats().size).toBe(0)
    },
  )

  it('does not ask the function about what was not found', async () => {
    const { cache } = cacheOf<{ readonly ttlMs: number } | null>({
      ttlMs: (value) => (value as { ttlMs: number }).ttlMs,
    })
    expect(await cache.getOrSet('k', () => null)).toBeNull()
  })

  it('can be another one for a value that is set, and for one that is loaded', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1, { ttlMs: 5 })
    expect(await lifeMs(cache, clock.tick)).toBe(5)
    await cache.getOrSet('k', () => 1, { ttlMs: 6 })
    expect(await lifeMs(cache, clock.tick)).toBe(6)
    cache.set('k', 1, { ttlMs: Infinity })
    expect(await lifeMs(cache, clock.tick)).toBe(2_000)
  })

  it('begins anew with each set', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1)
    await clock.tick(900)
    cache.set('k', 2)
    await clock.tick(900)
    expect(cache.get('k')).toBe(2)
  })

  it('is shortened by jitter, by at most its share, and never to nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        async (ttlMs, ttlJitter, random) => {
          vi.spyOn(Math, 'random').mockReturnValue(random)
          const { cache, clock } = cacheOf({ ttlMs, ttlJitter })
          cache.set('k', 1)
          const life = await lifeMs(cache, clock.tick)
          expect(life).toBeLessThanOrEqual(ttlMs)
          expect(life).toBeGreaterThanOrEqual(Math.max(1, Math.floor(ttlMs * (1 - ttlJitter))))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('differs between entries with jitter', async () => {
    const { cache, clock } = cacheOf({ ttlJitter: 0.5 })
    for (let n = 0; n < 200; n += 1) cache.set(`k${n}`, n)
    const fresh = (): number => Array.from({ length: 200 }, (_, n) => cache.has(`k${n}`)).filter(Boolean).length
    await clock.tick(499)
    expect(fresh()).toBe(200)
    await clock.tick(251)
    expect(fresh()).toBeGreaterThan(20)
    expect(fresh()).toBeLessThan(180)
    await clock.tick(250)
    expect(fresh()).toBe(0)
  })
})

describe('a clock that says 0, as at module scope on Workers', () => {
  it('neither immortalises nor kills an entry: it lives one time to live from the first request on', async () => {
    const { cache, clock } = cacheOf({}, 0)
    cache.set('k', 1)
    expect(cache.get('k')).toBe(1)
    clock.set(1_700_000_000_000)
    expect(cache.get('k')).toBe(1)
    await clock.tick(999)
    expect(cache.get('k')).toBe(1)
    await clock.tick(1)
    expect(cache.get('k')).toBeUndefined()
  })

  it('minds each entry its own time, the last one that was set, and what is gone', async () => {
    const { cache, clock } = cacheOf({}, 0)
    cache.set('short', 1, { ttlMs: 10 })
    cache.set('ever', 1, { ttlMs: Infinity })
    cache.set('again', 1, { ttlMs: 10 })
    cache.set('again', 2, { ttlMs: 20 })
    cache.set('gone', 1)
    cache.delete('gone')
    clock.set(1_700_000_000_000)
    expect(['short', 'ever', 'again', 'gone'].map((key) => cache.get(key))).toEqual([1, 1, 2, undefined])
    await clock.tick(10)
    expect(['short', 'ever', 'again'].map((key) => cache.get(key))).toEqual([undefined, 1, 2])
    await clock.tick(10)
    expect(['ever', 'again'].map((key) => cache.get(key))).toEqual([1, undefined])
  })

  it('forgets everything at a clear', () => {
    const { cache, clock } = cacheOf({}, 0)
    cache.set('k', 1)
    cache.clear()
    clock.set(1_700_000_000_000)
    expect(cache.get('k')).toBeUndefined()
  })
})

describe('a wall clock that is set back', () => {
  it('lengthens lives and loses nothing', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1)
    clock.set(clock.now() - 60_000)
    expect(cache.get('k')).toBe(1)
    cache.set('k', 2)
    await clock.tick(1_000)
    expect(cache.get('k')).toBeUndefined()
  })

  it('makes no age negative', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1)
    clock.set(clock.now() - 60_000)
    expect(await cache.lookup('k', () => 2)).toEqual({ value: 1, status: 'hit', ageMs: 0 })
  })
})

describe('what was not found', () => {
  it('is not remembered by default, and drops the value that was there', async () => {
    const { cache, clock } = cacheOf()
    const load = vi.fn(() => null)
    expect([await cache.getOrSet('k', load), await cache.getOrSet('k', load)]).toEqual([null, null])
    expect(load).toHaveBeenCalledTimes(2)
    cache.set('k', 1)
    await clock.tick(1_000)
    await cache.getOrSet('k', load)
    expect(cache.stats().size).toBe(0)
  })

  it.each([[null], [undefined]])('is remembered for negativeTtlMs: %s', async (nothing) => {
    const { cache, clock } = cacheOf<number | null | undefined>({ negativeTtlMs: 10 })
    const load = vi.fn(() => nothing)
    expect(await cache.lookup('k', load)).toMatchObject({ value: nothing, status: 'miss' })
    expect(await cache.lookup('k', load)).toMatchObject({ value: nothing, status: 'negative' })
    expect(cache.has('k')).toBe(false)
    expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, loads: 1 })
    await clock.tick(10)
    expect(await cache.lookup('k', load)).toMatchObject({ value: nothing, status: 'miss' })
  })

  it('is what isNegative says', async () => {
    const { cache } = cacheOf<readonly string[] | null>({ isNegative: (rows) => rows?.length === 0, negativeTtlMs: 10 })
    await cache.getOrSet('empty', () => [])
    await cache.getOrSet('null', () => null)
    expect([cache.has('empty'), cache.has('null')]).toEqual([false, true])
    expect((await cache.lookup('empty', () => [])).status).toBe('negative')
    expect((await cache.lookup('null', () => null)).status).toBe('hit')
  })
})

describe('room', () => {
  it('is made by dropping what was not used for longest', async () => {
    const { cache } = cacheOf({ maxEntries: 3 })
    for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index)
    cache.get('a')
    await cache.getOrSet('b', () => 9)
    cache.set('d', 4)
    expect(['a', 'b', 'c', 'd'].map((key) => cache.has(key))).toEqual([true, true, false, true])
    expect(cache.stats()).toMatchObject({ size: 3, evictions: 1 })
  })

  it('is not an eviction when an entry is replaced, deleted or cleared', () => {
    const { cache } = cacheOf({ maxEntries: 2 })
    cache.set('a', 1)
    cache.set('a', 2)
    expect([cache.delete('a'), cache.delete('a')]).toEqual([true, false])
    cache.set('a', 1)
    cache.clear()
    expect(cache.stats()).toMatchObject({ size: 0, evictions: 0 })
  })
})

it('reads the clock once for a hit', async () => {
  const clock = manualClock()
  const now = vi.fn(clock.now)
  const host = createHost({ clock: { ...clock, now } })
  const cache = createCache<number>({ ttlMs: 10, staleWhileRevalidateMs: 5, staleIfErrorMs: 5, host })
  cache.set('k', 1)
  now.mockClear()
  await cache.getOrSet('k', () => 2)
  expect(now).toHaveBeenCalledTimes(1)
})

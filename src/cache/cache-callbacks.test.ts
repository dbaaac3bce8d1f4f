import { describe, expect, it, vi } from 'vitest'
import { cacheOf, never } from '../../test/support/cache-of.ts'
import type { CacheOptions } from './options.ts'

const error = new Error('a bug in the code of the user')
const throwing = (): never => {
  throw error
}

describe('code of the user that throws', () => {
  it('as a load fails all who wait, once, by a rejection', async () => {
    const { cache } = cacheOf()
    const load = vi.fn(throwing)
    const callers = Array.from({ length: 5 }, () => cache.getOrSet('k', load))
    expect(await Promise.allSettled(callers)).toEqual(Array(5).fill({ status: 'rejected', reason: error }))
    expect(load).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['tags', {}, { tags: throwing }],
    ['ttlMs', { ttlMs: throwing }, {}],
    ['isNegative', { isNegative: throwing }, {}],
    ['sizeOf', { maxBytes: 5, sizeOf: throwing }, {}],
  ] satisfies [string, CacheOptions<number | null>, object][])(
    'as %s fails the load, nothing is stored, and the next caller loads anew',
    async (_what, options, own) => {
      const { cache } = cacheOf(options)
      const load = vi.fn(() => Promise.resolve(1))
      const both = [1, 2].map(() => cache.getOrSet('k', load, own))
      expect(await Promise.allSettled(both)).toEqual(Array(2).fill({ status: 'rejected', reason: error }))
      await expect(cache.getOrSet('k', load, own)).rejects.toBe(error)
      expect(load).toHaveBeenCalledTimes(2)
      expect(cache.stats()).toMatchObject({ size: 0, loads: 2, loadErrors: 2 })
    },
  )

  it('in a refresh is a failed refresh: stale is served, and the next one waits', async () => {
    const { cache, clock, told } = cacheOf({ staleWhileRevalidateMs: 60_000 })
    cache.set('k', 1)
    await clock.tick(1_000)
    expect(await cache.getOrSet('k', () => 2, { tags: throwing })).toBe(1)
    await clock.tick(0)
    expect(told('cache.refresh_failed')).toBe(1)
    const load = vi.fn(() => 2)
    expect(await cache.getOrSet('k', load)).toBe(1)
    expect(load).not.toHaveBeenCalled()
    await clock.tick(1_000)
    expect(await cache.getOrSet('k', load)).toBe(1)
    await clock.tick(0)
    expect(await cache.getOrSet('k', never)).toBe(2)
  })

  it('as isNegative, of what is there, fails the look-up that asks for it, by a rejection', async () => {
    const isNegative = vi.fn(() => false)
    const { cache } = cacheOf({ isNegative })
    cache.set('k', 1)
    isNegative.mockImplementation(throwing)
    await expect(cache.lookup('k', never)).rejects.toBe(error)
    expect(() => cache.has('k')).toThrow(error)
    expect([cache.get('k'), await cache.getOrSet('k', never)]).toEqual([1, 1])
  })

  it('as waitUntil takes no load down that others wait for', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 500 })
    const first = cache.getOrSet('k', async () => 1, { waitUntil: throwing }).catch(() => 'told')
    expect(await cache.getOrSet('k', never)).toBe(1)
    expect(await first).toBe('told')
    await clock.tick(1_000)
    await cache.getOrSet('k', async () => 2, { waitUntil: throwing }).catch(() => 'told')
    await clock.tick(0)
    expect(cache.peek('k')).toBe(2)
  })

  it('as a set leaves what was there', () => {
    const ttlMs = vi.fn(() => 1_000)
    const { cache } = cacheOf({ ttlMs })
    cache.set('k', 1)
    ttlMs.mockImplementation(throwing)
    expect(() => cache.set('k', 2)).toThrow(error)
    expect(cache.get('k')).toBe(1)
  })
})

describe('a load that uses its own cache', () => {
  it.each([
    ['deletes its key', (cache) => void cache.delete('k'), undefined],
    ['clears the cache', (cache) => cache.clear(), undefined],
    ['invalidates its tag', (cache) => cache.invalidateTag('t'), undefined],
    ['expires its tag', (cache) => cache.expireTag('t'), undefined],
    ['sets its key', (cache) => cache.set('k', 2), 2],
    ['invalidates another tag', (cache) => cache.invalidateTag('other'), 1],
    ['deletes another key', (cache) => void cache.delete('other'), 1],
  ] satisfies [string, (cache: ReturnType<typeof cacheOf>['cache']) => void, number | undefined][])(
    'and %s reaches its waiters, and is stored if it may be',
    async (_what, change, left) => {
      for (const pause of [undefined, Promise.resolve()]) {
        const { cache } = cacheOf()
        const load = async (): Promise<number> => {
          await pause
          change(cache)
          return 1
        }
        const atOnce = (): number => {
          change(cache)
          return 1
        }
        expect(await cache.getOrSet('k', pause === undefined ? atOnce : load, { tags: ['t'] })).toBe(1)
        expect(cache.peek('k')).toBe(left)
      }
    },
  )

  it('may load other keys by it, one in another', async () => {
    const { cache } = cacheOf({ maxEntries: 1 })
    const depth = (n: number): Promise<number | null> =>
      cache.getOrSet(`k${n}`, async () => (n === 0 ? 1 : ((await depth(n - 1)) ?? 0) * 2))
    expect(await depth(10)).toBe(1_024)
    expect(cache.stats()).toMatchObject({ size: 1, loads: 11, evictions: 10 })
  })

  it('may load many by it, the keys of others among them', async () => {
    const { cache } = cacheOf()
    const outer = cache.getOrSet('sum', async () => {
      const values = await cache.getOrSetMany(['a', 'b'], (keys) => keys.map((key) => key.length))
      return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
    })
    expect(await Promise.all([outer, cache.getOrSet('a', () => 1)])).toEqual([2, 1])
  })
})

import { describe, expect, it } from 'vitest'
import { OptionError } from '../core/errors.ts'
import { createCache } from './cache.ts'
import { cached } from './cached.ts'
import type { CacheOptions } from './options.ts'

const one = (): number => 1

describe('createCache', () => {
  it('needs no option', () => {
    expect(createCache().stats()).toEqual({
      name: 'cache',
      size: 0,
      hits: 0,
      misses: 0,
      staleHits: 0,
      loads: 0,
      loadErrors: 0,
      evictions: 0,
      hitRate: 0,
    })
  })

  it.each([
    [{ tllMs: 5 }, 'unknown option "tllMs"'],
    [{ swr: 5 }, 'unknown option "swr"'],
    [null, 'options must be an object'],
    ['profile', 'options must be an object'],
    [{ name: '' }, 'name must be a string'],
    [{ name: 5 }, 'name must be a string'],
    [{ maxEntries: 0 }, 'maxEntries must be a whole number of at least 1, not 0'],
    [{ maxEntries: 1.5 }, 'maxEntries'],
    [{ maxEntries: Infinity }, 'maxEntries'],
    [{ maxEntries: '500' }, 'maxEntries'],
    [{ ttlMs: -1 }, 'ttlMs must be a number of at least 0, not -1'],
    [{ ttlMs: NaN }, 'ttlMs'],
    [{ ttlMs: '30s' }, 'ttlMs'],
    [{ ttlMs: null }, 'ttlMs'],
    [{ ttlJitter: 1.1 }, 'ttlJitter must be a number from 0 to 1, not 1.1'],
    [{ ttlJitter: -0.1 }, 'ttlJitter'],
    [{ staleWhileRevalidateMs: -1 }, 'staleWhileRevalidateMs'],
    [{ staleIfErrorMs: '1h' }, 'staleIfErrorMs'],
    [{ isNegative: true }, 'isNegative must be a function'],
    [{ negativeTtlMs: -1 }, 'negativeTtlMs'],
    [{ loadTimeoutMs: 0 }, 'loadTimeoutMs must be a number of at least 1, not 0'],
    [{ loadTimeoutMs: Infinity }, 'loadTimeoutMs'],
    [{ eviction: 'fifo' }, 'eviction must be one of lru, sieve'],
    [{ eviction: null }, 'eviction must be one of lru, sieve'],
    [{ maxBytes: 0, sizeOf: one }, 'maxBytes must be a whole number of at least 1, not 0'],
    [{ maxBytes: 1.5, sizeOf: one }, 'maxBytes'],
    [{ maxBytes: '1kb', sizeOf: one }, 'maxBytes'],
    [{ maxBytes: 5, sizeOf: 1 }, 'sizeOf must be a function, not 1'],
    [{ maxBytes: 5 }, 'maxBytes and sizeOf need each other'],
    [{ sizeOf: one }, 'maxBytes and sizeOf need each other'],
    [{ host: {} }, 'host must have a method observe()'],
    [{ host: null }, 'host must have a method observe()'],
  ])('refuses %o', (options, message) => {
    const make = (): unknown => createCache(options as never)
    expect(make).toThrow(OptionError)
    expect(make).toThrow(message)
  })

  it('takes every known option, and leaves the object as it was', () => {
    const options: CacheOptions<number> = Object.freeze({
      name: 'profile',
      maxEntries: 5,
      eviction: 'sieve',
      maxBytes: 5,
      sizeOf: () => 1,
      ttlMs: Infinity,
      ttlJitter: 1,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 0,
      isNegative: () => false,
      negativeTtlMs: 0,
      loadTimeoutMs: 1,
    })
    expect(createCache(options).name).toBe('profile')
  })
})

describe('the options of a method', () => {
  it.each([[{ ttlMs: -1 }], [{ ttlMs: NaN }], [{ ttlMs: '5' }], [{ ttl: 5 }], [{ signal: null }]])(
    'set refuses %o and stores nothing',
    (options) => {
      const cache = createCache<number>()
      expect(() => cache.set('k', 1, options as never)).toThrow(OptionError)
      expect(cache.has('k')).toBe(false)
    },
  )

  it.each([[{ ttlMs: -1 }], [{ ttlMs: '5' }], [{ ttl: 5 }], [{ waitUntil: 'soon' }]])(
    'a look-up that has to load refuses %o',
    async (options) => {
      const cache = createCache<number>()
      const invalid = options as never
      await expect(cache.getOrSet('k', () => 1, invalid)).rejects.toThrow(OptionError)
      await expect(cache.lookup('k', () => 1, invalid)).rejects.toThrow(OptionError)
      expect(cache.stats().loads).toBe(0)
    },
  )

  it('a look-up that has to load refuses what is not a function', async () => {
    const cache = createCache<number>({ staleIfErrorMs: 5 })
    for (const load of [undefined, 5, Promise.resolve(1)]) {
      await expect(cache.getOrSet('k', load as never)).rejects.toThrow('load must be a function')
      await expect(cache.lookup('k', load as never)).rejects.toThrow('load must be a function')
    }
    expect(cache.stats()).toMatchObject({ loads: 0, misses: 0 })
  })

  it.each([undefined, null, 5, Symbol('k'), {}])('refuses %s as a key where something would be stored', async (odd) => {
    const key = odd as never
    for (const eviction of ['lru', 'sieve'] as const) {
      const cache = createCache<number>({ maxEntries: 1, eviction })
      expect(() => cache.set(key, 1)).toThrow('key must be a string')
      await expect(cache.getOrSet(key, () => 1)).rejects.toThrow('key must be a string')
      await expect(cache.getOrSetMany([key], () => [1])).rejects.toThrow('key must be a string')
      expect([cache.get(key), cache.peek(key), cache.delete(key)]).toEqual([undefined, undefined, false])
      expect(cache.stats()).toMatchObject({ size: 0, loads: 0 })
    }
  })

  it('takes for ever as a time to live', () => {
    const cache = createCache<number>({ ttlMs: 1 })
    expect(() => cache.set('k', 1, { ttlMs: Infinity })).not.toThrow()
  })
})

describe('cached', () => {
  const cache = createCache<number>()
  const good = { cache, key: String, load: () => 1 }
  const single = { getOrSet: () => 1, peek: () => 1, delete: () => 1 }

  it.each([
    [{ ...good, loads: 1 }, 'unknown option "loads"'],
    [{ ...good, cache: new Map() }, 'cache must have a method getOrSet()'],
    [{ ...good, cache: undefined }, 'cache must have a method getOrSet()'],
    [{ ...good, key: 'k' }, 'key must be a function'],
    [{ ...good, load: undefined }, 'load must be a function'],
    [{ ...good, loadMany: [] }, 'loadMany must be a function'],
    [{ ...good, tags: ['t'] }, 'tags must be a function'],
    [{ ...good, cache: { ...single }, loadMany: () => [] }, 'cache must have a method getOrSetMany()'],
    [null, 'options must be an object'],
  ])('refuses %o', (options, message) => {
    const make = (): unknown => cached(options as never)
    expect(make).toThrow(OptionError)
    expect(make).toThrow(message)
  })
})

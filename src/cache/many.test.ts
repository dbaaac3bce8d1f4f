import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cacheOf, never } from '../../test/support/cache-of.ts'
import { deferred } from '../../test/support/flying.ts'
import type { Call } from '../core/deadline.ts'
import { OptionError, TimeoutError } from '../core/errors.ts'
import type { LoadedMany } from './batch.ts'

type Loaded = LoadedMany<string, number | null>

/** The number in a key: `k7` is 7. */
const numbers = (keys: readonly string[]): number[] => keys.map((key) => Number(key.slice(1)))
const loader = () => vi.fn(async (keys: readonly string[]): Promise<Loaded> => numbers(keys))
const keysOf = (load: ReturnType<typeof loader>): string[][] => load.mock.calls.map(([keys]) => [...keys])

const escaped = vi.fn()
beforeEach(() => void process.on('unhandledRejection', escaped))
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', escaped)
  expect(escaped).not.toHaveBeenCalled()
})

describe('getOrSetMany', () => {
  it('gives the values in the order asked, and loads what is missing by one call', async () => {
    const { cache } = cacheOf()
    cache.set('k2', 20)
    const load = loader()
    expect(await cache.getOrSetMany(['k3', 'k2', 'k1'], load)).toEqual([3, 20, 1])
    expect(keysOf(load)).toEqual([['k3', 'k1']])
    expect(await cache.getOrSetMany(['k1', 'k2', 'k3'], load)).toEqual([1, 20, 3])
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.stats()).toMatchObject({ hits: 4, misses: 2, loads: 2 })
  })

  it('asks for a key that is named twice once', async () => {
    const { cache } = cacheOf()
    const load = loader()
    expect(await cache.getOrSetMany(['k1', 'k2', 'k1', 'k1'], load)).toEqual([1, 2, 1, 1])
    expect(keysOf(load)).toEqual([['k1', 'k2']])
  })

  it('loads nothing when nothing is asked for or all is there', async () => {
    const { cache } = cacheOf()
    cache.set('k1', 1)
    const load = loader()
    expect(await cache.getOrSetMany([], load)).toEqual([])
    expect(await cache.getOrSetMany(['k1', 'k1'], load)).toEqual([1, 1])
    expect(load).not.toHaveBeenCalled()
  })

  it('loads more than the cache has room for', async () => {
    const { cache } = cacheOf({ maxEntries: 3 })
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`)
    expect(await cache.getOrSetMany(keys, loader())).toEqual(numbers(keys))
    expect(cache.stats()).toMatchObject({ size: 3, evictions: 47 })
  })

  it('takes a map, in whatever order, and what it does not hold as not found', async () => {
    const { cache } = cacheOf({ negativeTtlMs: 100 })
    const load = vi.fn(() => new Map([['k2', 2], ['k1', 1]])) // prettier-ignore
    expect(await cache.getOrSetMany(['k1', 'k9', 'k2'], load)).toEqual([1, undefined, 2])
    expect(await cache.lookup('k9', never)).toMatchObject({ value: undefined, status: 'negative' })
  })

  it('does not remember what was not found without negativeTtlMs', async () => {
    const { cache } = cacheOf()
    const load = vi.fn((keys: readonly string[]) => keys.map(() => null))
    expect(await cache.getOrSetMany(['k1', 'k2'], load)).toEqual([null, null])
    expect(await cache.getOrSetMany(['k1', 'k2'], load)).toEqual([null, null])
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('stores with the options of the call', async () => {
    const { cache, clock } = cacheOf()
    await cache.getOrSetMany(['k1', 'k2'], loader(), { ttlMs: 10, tags: (value) => [`t${value}`] })
    cache.invalidateTag('t1')
    expect([cache.peek('k1'), cache.peek('k2')]).toEqual([undefined, 2])
    await clock.tick(10)
    expect(cache.peek('k2')).toBeUndefined()
  })

  it('rejects what it cannot take, and loads nothing', async () => {
    const { cache } = cacheOf()
    const load = loader()
    const refused = [
      cache.getOrSetMany(undefined as never, load),
      cache.getOrSetMany(['k1'], undefined as never),
      cache.getOrSetMany(['k1'], load, { ttl: 5 } as never),
      cache.getOrSetMany(['k1', 5 as never], load),
    ]
    for (const result of refused) await expect(result).rejects.toBeInstanceOf(OptionError)
    expect(keysOf(load).flat()).not.toContain(5)
  })
})

describe('getOrSetMany beside other loads', () => {
  it('joins a single load that is under way', async () => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const single = cache.getOrSet('k1', () => work.promise)
    const load = loader()
    const many = cache.getOrSetMany(['k1', 'k2'], load)
    work.resolve(10)
    expect([await single, await many]).toEqual([10, [10, 2]])
    expect(keysOf(load)).toEqual([['k2']])
  })

  it('is joined by a single load, and by another one of many', async () => {
    const { cache } = cacheOf()
    const work = deferred<number[]>()
    const [load, other] = [vi.fn(() => work.promise), loader()]
    const many = cache.getOrSetMany(['k1', 'k2'], load)
    const single = cache.lookup('k2', never)
    const both = cache.getOrSetMany(['k3', 'k2'], other)
    work.resolve([1, 20])
    expect(await many).toEqual([1, 20])
    expect(await single).toMatchObject({ value: 20, status: 'joined' })
    expect(await both).toEqual([3, 20])
    expect(keysOf(other)).toEqual([['k3']])
  })

  it('refreshes what is stale by the same call, in the background when nothing is missing', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 500 })
    for (const key of ['k1', 'k2']) cache.set(key, 0)
    await clock.tick(1_000)
    const load = loader()
    expect(await cache.getOrSetMany(['k1', 'k3', 'k2'], load)).toEqual([0, 3, 0])
    expect(keysOf(load)).toEqual([['k1', 'k3', 'k2']])
    await clock.tick(0)
    expect([cache.peek('k1'), cache.peek('k2')]).toEqual([1, 2])
    await clock.tick(1_000)
    const work = deferred<number[]>()
    const kept: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise)
    expect(await cache.getOrSetMany(['k1', 'k2'], () => work.promise, { waitUntil })).toEqual([1, 2])
    expect(kept).toHaveLength(2)
    work.resolve([10, 20])
    await Promise.all(kept)
    expect([cache.peek('k1'), cache.peek('k2')]).toEqual([10, 20])
  })

  it('serves stale for the one key that fails, and fails for the one that has none', async () => {
    const { cache, clock } = cacheOf({ staleIfErrorMs: 500 })
    cache.set('k1', 0)
    await clock.tick(1_000)
    const error = new Error('broken row')
    const load = (keys: readonly string[]): Loaded => keys.map((key) => (key === 'k1' ? error : 2))
    expect(await cache.getOrSetMany(['k1', 'k2'], load)).toEqual([0, 2])
    cache.delete('k1')
    await expect(cache.getOrSetMany(['k1', 'k2'], load)).rejects.toBe(error)
  })

  it('does not store the key that was deleted meanwhile, nor the one whose tag was invalidated', async () => {
    const { cache } = cacheOf()
    const work = deferred<number[]>()
    const many = cache.getOrSetMany(['k1', 'k2', 'k3'], () => work.promise, { tags: (value) => [`t${value}`] })
    cache.delete('k1')
    cache.invalidateTag('t2')
    work.resolve([1, 2, 3])
    expect(await many).toEqual([1, 2, 3])
    expect(['k1', 'k2', 'k3'].map((key) => cache.peek(key))).toEqual([undefined, undefined, 3])
  })
})

describe('a load of many that fails', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('db down')), 'db down'],
    [
      'throws',
      () => {
        throw new Error('db down')
      },
      'db down',
    ],
    ['gives too few', () => [1], 'loadMany must give one value for each key'],
    ['gives too many', () => [1, 2, 3], 'loadMany must give one value for each key'],
    ['gives nothing', () => undefined, 'loadMany must give one value for each key'],
    ['gives an object', () => ({ k1: 1, k2: 2 }), 'loadMany must give one value for each key'],
  ])('%s: all who wait are told, nothing is stored, and the next call loads anew', async (_how, load, message) => {
    const { cache } = cacheOf()
    const many = cache.getOrSetMany(['k1', 'k2'], load as never)
    const single = cache.getOrSet('k2', never)
    const results = await Promise.allSettled([many, single])
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining(message) as string } }) // prettier-ignore
    expect(cache.stats()).toMatchObject({ size: 0, loadErrors: 2 })
    expect(await cache.getOrSetMany(['k1', 'k2'], loader())).toEqual([1, 2])
  })

  it.each([
    ['a list', (error: Error): Loaded => [1, error]],
    ['a map', (error: Error): Loaded => new Map<string, number | Error>([['k1', 1], ['k2', error]])], // prettier-ignore
  ])('for one key by an Error in %s stores the others, and never the error', async (_what, loaded) => {
    const { cache } = cacheOf()
    const error = new Error('broken row')
    await expect(cache.getOrSetMany(['k1', 'k2'], () => loaded(error))).rejects.toBe(error)
    expect([cache.peek('k1'), cache.peek('k2')]).toEqual([1, undefined])
    expect(cache.stats()).toMatchObject({ size: 1, loadErrors: 1 })
  })

  it('in a background refresh is told as a fact, and stale is served', async () => {
    const { cache, clock, told } = cacheOf({ staleWhileRevalidateMs: 500 })
    for (const key of ['k1', 'k2']) cache.set(key, 0)
    await clock.tick(1_000)
    expect(await cache.getOrSetMany(['k1', 'k2'], () => Promise.reject(new Error('db down')))).toEqual([0, 0])
    await clock.tick(0)
    expect(told('cache.refresh_failed')).toBe(2)
    const load = loader()
    expect(await cache.getOrSetMany(['k1', 'k2'], load)).toEqual([0, 0])
    expect(load).not.toHaveBeenCalled()
  })

  it('by hanging ends at its deadline, its signal fires then, and the next call loads anew', async () => {
    const { cache, clock } = cacheOf()
    let call: Call | undefined
    const hung = (_keys: readonly string[], given: Call): Promise<Loaded> => {
      call = given
      return never()
    }
    const many = expect(cache.getOrSetMany(['k1', 'k2'], hung)).rejects.toBeInstanceOf(TimeoutError)
    await clock.tick(9_999)
    expect(call?.signal.aborted).toBe(false)
    await clock.tick(1)
    await many
    expect(call?.signal.aborted).toBe(true)
    expect(await cache.getOrSetMany(['k1', 'k2'], loader())).toEqual([1, 2])
  })
})

describe('a caller of many that gives up', () => {
  it('is detached alone', async () => {
    const { cache } = cacheOf()
    const work = deferred<number[]>()
    const caller = new AbortController()
    const load = vi.fn(() => work.promise)
    const left = cache.getOrSetMany(['k1', 'k2'], load, { signal: caller.signal })
    const stays = cache.getOrSetMany(['k2', 'k1'], load)
    const reason = new Error('gone')
    caller.abort(reason)
    await expect(left).rejects.toBe(reason)
    work.resolve([1, 2])
    expect(await stays).toEqual([2, 1])
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.peek('k1')).toBe(1)
  })

  it('before it asks gets what is there, and starts no load', async () => {
    const { cache } = cacheOf()
    cache.set('k1', 1)
    const load = loader()
    const signal = AbortSignal.abort(new Error('gone'))
    expect(await cache.getOrSetMany(['k1', 'k1'], load, { signal })).toEqual([1, 1])
    await expect(cache.getOrSetMany(['k1', 'k2'], load, { signal })).rejects.toThrow('gone')
    expect(load).not.toHaveBeenCalled()
  })

  it('may fail to hear that its load failed, too', async () => {
    const { cache } = cacheOf()
    const work = deferred<number[]>()
    const caller = new AbortController()
    const left = cache.getOrSetMany(['k1', 'k2'], () => work.promise, { signal: caller.signal })
    caller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    work.reject(new Error('db down'))
  })

  it('is listened to once, however many keys: Node warns of a leak at the eleventh listener', async () => {
    const { cache } = cacheOf()
    const { signal } = new AbortController()
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`)
    expect(await cache.getOrSetMany(keys, loader(), { signal })).toEqual(numbers(keys))
    await Promise.resolve()
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 1])
  })
})

import { describe, expect, it, vi } from 'vitest'
import { deferred } from '../../test/support/flying.ts'
import { tiers } from '../../test/support/tiers.ts'
import { createTieredCache, memoryCacheStore, type TieredCache, type TieredCacheOptions } from './index.ts'

describe('createTieredCache', () => {
  it('finds in the store what another process has loaded', async () => {
    const all = tiers()
    const load = vi.fn(() => ({ name: 'Ada' }))
    expect(await all.process().lookup('k', load)).toEqual({ value: { name: 'Ada' }, status: 'miss', ageMs: 0 })
    const other = all.process()
    expect(await other.lookup('k', load)).toMatchObject({ value: { name: 'Ada' }, status: 'store' })
    expect(await other.lookup('k', load)).toMatchObject({ status: 'hit' })
    expect(load).toHaveBeenCalledTimes(1)
    expect(other.stats()).toMatchObject({ hits: 2, misses: 0, storeHits: 1, loads: 0, hitRate: 1 })
  })

  it('drops by tag, here at once and elsewhere within tagCheckMs', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    let version = 1
    const get = (cache: typeof here) => cache.getOrSet('k', () => version, { tags: ['user:1'] })
    expect([await get(here), await get(there)]).toEqual([1, 1])
    version = 2
    await here.invalidateTag('user:1')
    expect(await get(here)).toBe(2)
    expect(await get(there)).toBe(1)
    await all.clock.tick(5_000)
    expect(await get(there)).toBe(2)
  })

  it('asks the store once for many keys, and loads the rest in one call', async () => {
    const all = tiers()
    await all.process().set('b', 2)
    const before = all.moody.count('readMany')
    const loadMany = vi.fn((keys: readonly string[]) => keys.map((key) => `${key}!`))
    expect(await all.process().getOrSetMany(['a', 'b', 'c', 'a'], loadMany)).toEqual(['a!', 2, 'c!', 'a!'])
    expect(all.moody.count('readMany') - before).toBe(1)
    expect(loadMany).toHaveBeenCalledTimes(1)
    expect(loadMany.mock.calls[0]?.[0]).toEqual(['a', 'c'])
  })

  it('asks the store once for all look-ups of a turn', async () => {
    const all = tiers()
    const cache = all.process()
    await Promise.all([cache.get('a'), cache.get('b'), cache.getOrSet('c', () => 1), cache.has('a')])
    expect(all.moody.calls.filter(({ method }) => method === 'readMany').length).toBe(1)
    expect(all.moody.calls[0]?.names).toEqual(['profile:a', 'profile:b', 'profile:c', 'profile:'])
  })

  it('loads a cold key once for a hundred callers, and asks the store once', async () => {
    const all = tiers()
    const cache = all.process()
    const load = vi.fn(() => 1)
    await Promise.all(Array.from({ length: 100 }, () => cache.getOrSet('k', load)))
    expect(load).toHaveBeenCalledTimes(1)
    expect(all.moody.count('readMany')).toBe(1)
  })

  it('remembers what was set with tags', async () => {
    const all = tiers()
    const cache = all.process()
    const setting = cache.set('k', 1, { tags: ['t'] })
    expect(cache.peek('k')).toBe(1)
    await setting
    expect(cache.peek('k')).toBe(1)
    expect(await all.process().get('k')).toBe(1)
    await cache.invalidateTag('t')
    expect(await cache.get('k')).toBeUndefined()
    expect(await all.process().get('k')).toBeUndefined()
  })

  it('does not use what the store has under a key that is being set', async () => {
    const all = tiers({ maxEntries: 1 })
    const cache = all.process()
    await cache.set('k', 'old')
    all.moody.mood = 'slow'
    const setting = cache.set('k', 'new', { tags: ['t'] })
    const evicting = cache.set('other', 1)
    const got = cache.get('k')
    await all.clock.tick(1_000)
    await Promise.all([setting, evicting])
    expect(['new', undefined]).toContain(await got)
    expect(cache.peek('k')).not.toBe('old')
  })

  it.each([
    ['deleted', (cache) => cache.delete('k')],
    ['invalidated', (cache) => cache.invalidateTag('t')],
    ['cleared', (cache) => cache.clear()],
  ] satisfies [string, (cache: TieredCache<unknown>) => Promise<void>][])(
    'does not believe an answer from before the entry was %s that comes after it',
    async (_, change) => {
      const all = tiers()
      await all.process().getOrSet('k', () => 'old', { tags: ['t'] })
      await all.host.drain()
      const { shared } = all
      const [changing, answering] = [deferred<void>(), deferred<void>()]
      // Two connections: the one that reads is served first, and heard last.
      const cache = all.process({
        store: {
          ...shared,
          deleteMany: (...asked) => changing.promise.then(() => shared.deleteMany(...asked)),
          stampTags: (...asked) => changing.promise.then(() => shared.stampTags(...asked)),
          async readMany(...asked) {
            const read = await shared.readMany(...asked)
            await answering.promise
            return read
          },
        },
      })
      const changed = change(cache)
      const got = cache.get('k')
      await all.clock.tick(0)
      changing.resolve()
      await changed
      answering.resolve()
      expect(await got).toBeUndefined()
      expect(cache.peek('k')).toBeUndefined()
      expect(await cache.get('k')).toBeUndefined()
    },
  )

  it('stores what was set last, also when nobody waits for the one before', async () => {
    const all = tiers()
    const cache = all.process()
    all.moody.mood = 'slow'
    for (let round = 0; round < 20; round += 1) {
      const settings = [1, 2, 3].map((at) => cache.set('k', `${round} ${at}`, at === 2 ? { tags: ['t'] } : {}))
      await all.clock.tick(2_000)
      await Promise.all(settings)
      const got = all.process().get('k')
      await all.clock.tick(1_000)
      expect(await got).toBe(`${round} 3`)
    }
  })

  it('does not store a load that began before the key was deleted elsewhere', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    const { promise, resolve } = deferred<string>()
    const loading = there.getOrSet('k', () => promise)
    await all.clock.tick(0)
    await here.delete('k')
    resolve('old')
    expect(await loading).toBe('old')
    await all.host.drain()
    expect(await all.process().get('k')).toBeUndefined()
  })

  it('clears what the store has for everybody', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    await here.set('a', 1)
    await here.set('b', 2, { tags: ['t'] })
    await here.clear()
    expect([await here.get('a'), await there.get('a'), await there.get('b')]).toEqual([undefined, undefined, undefined])
    await here.set('a', 3)
    expect(await there.get('a')).toBe(3)
  })

  it('shares a store with caches of other names', async () => {
    const all = tiers()
    await all.process().set('k', 1)
    const other = all.process({ name: 'other' })
    expect(await other.get('k')).toBeUndefined()
    await other.clear()
    expect(await all.process().get('k')).toBe(1)
  })

  it('says whether one of the tiers has a value', async () => {
    const all = tiers()
    await all.process().set('k', 1)
    const other = all.process()
    expect([await other.has('k'), await other.has('none')]).toEqual([true, false])
    expect(other.peek('k')).toBeUndefined()
    expect(other.stats()).toMatchObject({ hits: 0, misses: 0 })
  })

  it('refuses keys that are no strings, before the store hears of them', async () => {
    const all = tiers()
    const cache = all.process()
    const none = undefined as unknown as string
    for (const call of [cache.get(none), cache.has(none), cache.delete(none), cache.set(none, 1)])
      await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
    expect(cache.stats()).toMatchObject({ storeErrors: 0, writeErrors: 0 })
    expect(all.moody.calls).toEqual([])
  })

  it('tells the store after an outage what it has missed, whatever was refused before', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.set('k', 'old')
    await cache.delete(undefined as unknown as string).catch(() => undefined)
    all.moody.mood = 'down'
    await cache.delete('k')
    all.moody.mood = 'up'
    await cache.get('other')
    await all.host.drain()
    expect(await all.process().get('k')).toBeUndefined()
  })

  it('asks nobody while it is made', () => {
    const all = tiers()
    all.process()
    expect(all.moody.calls).toEqual([])
  })

  it.each([
    [{ name: undefined }, 'name'],
    [{ name: 'a:b' }, 'name must not contain a colon'],
    [{ store: {} }, 'store must have a method readMany()'],
    [{ bus: {} }, 'bus must have a method publish()'],
    [{ storeTimeoutMs: 0 }, 'storeTimeoutMs'],
    [{ tagCheckMs: 1.5 }, 'tagCheckMs'],
    [{ codec: {} }, 'codec must have a method encode()'],
    [{ version: '' }, 'version'],
    [{ schema: {} }, 'schema must have a method validate()'],
    [{ ttl: 1 }, 'unknown option "ttl"'],
  ])('refuses %j', (options, message) => {
    const all = { name: 'n', store: memoryCacheStore(), ...options } as unknown as TieredCacheOptions<unknown>
    expect(() => createTieredCache(all)).toThrow(message)
    expect(() => createTieredCache(all)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error)
  })
})

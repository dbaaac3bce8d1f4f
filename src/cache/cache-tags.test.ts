import { describe, expect, it, vi } from 'vitest'
import { cacheOf, never } from '../../test/support/cache-of.ts'
import { deferred } from '../../test/support/flying.ts'
import { OptionError } from '../core/errors.ts'
import type { GetOrSetOptions } from './types.ts'

const user = ['user:42']
const byValue = (value: number | null): string[] => [`user:${value}`]

describe('invalidateTag', () => {
  it('drops what has the tag, however it was stored, and nothing else', async () => {
    const { cache } = cacheOf({ staleWhileRevalidateMs: 500, staleIfErrorMs: 500 })
    cache.set('set', 1, { tags: ['other', ...user] })
    await cache.getOrSet('declared', () => 1, { tags: user })
    await cache.getOrSet('by value', () => 42, { tags: byValue })
    await cache.getOrSet('another', () => 43, { tags: byValue })
    cache.set('untagged', 1)
    cache.invalidateTag('user:42')
    const keys = ['set', 'declared', 'by value', 'another', 'untagged']
    expect(keys.map((key) => cache.peek(key) !== undefined)).toEqual([false, false, false, true, true])
    expect(keys.map((key) => cache.has(key))).toEqual([false, false, false, true, true])
    expect(cache.get('set')).toBeUndefined()
    expect(await cache.lookup('declared', () => 2)).toMatchObject({ value: 2, status: 'miss' })
  })

  it('leaves nothing to be served stale, not even when the load fails', async () => {
    const { cache } = cacheOf({ staleWhileRevalidateMs: 60_000, staleIfErrorMs: 60_000 })
    cache.set('k', 1, { tags: user })
    cache.invalidateTag('user:42')
    await expect(cache.getOrSet('k', () => Promise.reject(new Error('db down')))).rejects.toThrow('db down')
  })

  it('of what is not there costs nothing, and what comes later is kept', async () => {
    const { cache } = cacheOf()
    cache.invalidateTag('user:42')
    cache.expireTag('user:42')
    cache.set('k', 1, { tags: user })
    expect(await cache.getOrSet('l', () => 2, { tags: user })).toBe(2)
    expect([cache.peek('k'), cache.peek('l')]).toEqual([1, 2])
  })

  it('does not reach an entry that was stored anew without the tag', () => {
    const { cache } = cacheOf()
    cache.set('k', 1, { tags: user })
    cache.set('k', 2)
    cache.invalidateTag('user:42')
    expect(cache.get('k')).toBe(2)
  })

  it('does not reach who comes next into the slot of a tagged entry', () => {
    const { cache } = cacheOf({ maxEntries: 1 })
    cache.set('tagged', 1, { tags: user })
    cache.set('next', 2)
    cache.invalidateTag('user:42')
    expect(cache.get('next')).toBe(2)
  })

  it.each(['invalidateTag', 'expireTag'] as const)('refuses what is no tag (%s)', (change) => {
    const { cache } = cacheOf()
    for (const tag of ['', undefined, 5, ['user:42']]) expect(() => cache[change](tag as never)).toThrow(OptionError)
  })
})

describe('expireTag', () => {
  it('ends freshness, and the entry is served while it is reloaded', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 500 })
    await cache.getOrSet('k', () => 1, { tags: user })
    await clock.tick(100)
    cache.expireTag('user:42')
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.lookup('k', () => 2, { tags: user })).toEqual({ value: 1, status: 'stale', ageMs: 100 })
    await clock.tick(0)
    expect(await cache.lookup('k', never)).toEqual({ value: 2, status: 'hit', ageMs: 0 })
  })

  it('opens the stale windows at that moment', async () => {
    const { cache, clock } = cacheOf({ ttlMs: 100_000, staleWhileRevalidateMs: 500, staleIfErrorMs: 800 })
    const failing = (): Promise<number> => Promise.reject(new Error('db down'))
    const key = (n: number): string => `k${n}`
    for (let n = 0; n < 4; n += 1) cache.set(key(n), 1, { tags: user })
    await clock.tick(50_000)
    cache.expireTag('user:42')
    await clock.tick(499)
    expect(await cache.lookup(key(0), never)).toMatchObject({ status: 'stale' })
    await clock.tick(1)
    expect(await cache.lookup(key(1), failing)).toMatchObject({ status: 'stale' })
    await clock.tick(299)
    expect(await cache.lookup(key(2), failing)).toMatchObject({ status: 'stale' })
    await clock.tick(1)
    await expect(cache.lookup(key(3), failing)).rejects.toThrow('db down')
  })

  it('opens no window that the time to live has opened before', async () => {
    const { cache, clock } = cacheOf({ ttlMs: 1_000, staleWhileRevalidateMs: 500 })
    cache.set('k', 1, { tags: user })
    await clock.tick(1_400)
    cache.expireTag('user:42')
    await clock.tick(100)
    expect(await cache.lookup('k', () => 2)).toMatchObject({ status: 'miss' })
  })

  it('stays in force when the clock is set back', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 500 })
    cache.set('k', 1, { tags: user })
    await clock.tick(10)
    cache.expireTag('user:42')
    clock.set(clock.now() - 5)
    expect(cache.get('k')).toBeUndefined()
    expect(await cache.lookup('k', never)).toMatchObject({ status: 'stale' })
  })

  it('keeps the value of a load under way as a stale one, and does not keep later callers waiting', async () => {
    const { cache } = cacheOf({ staleWhileRevalidateMs: 500 })
    const work = deferred<number>()
    const waiting = cache.getOrSet('k', () => work.promise, { tags: user })
    cache.expireTag('user:42')
    work.resolve(1)
    expect(await waiting).toBe(1)
    expect(cache.peek('k')).toBeUndefined()
    expect(await cache.lookup('k', () => 2)).toMatchObject({ value: 1, status: 'stale' })
  })
})

describe.each([
  ['declared tags', { tags: user }],
  ['tags that follow from the value', { tags: () => user }],
] satisfies [string, GetOrSetOptions<number | null>][])(
  'a load under way with %s, when its tag is invalidated',
  (_what, options) => {
    it('reaches its waiters, and is not stored', async () => {
      const { cache } = cacheOf({ staleWhileRevalidateMs: 500 })
      const work = deferred<number>()
      const waiting = [1, 2].map(() => cache.getOrSet('k', () => work.promise, options))
      cache.invalidateTag('user:42')
      work.resolve(1)
      expect(await Promise.all(waiting)).toEqual([1, 1])
      expect(cache.stats()).toMatchObject({ size: 0, loads: 1 })
    })

    it('is not joined: who comes later starts a new load at once', async () => {
      const { cache } = cacheOf()
      const [before, after] = [deferred<number>(), deferred<number>()]
      const waiting = cache.lookup('k', () => before.promise, options)
      cache.invalidateTag('user:42')
      const load = vi.fn(() => after.promise)
      const later = [cache.lookup('k', load, options), cache.lookup('k', load, options)]
      expect(load).toHaveBeenCalledTimes(1)
      after.resolve(2)
      expect((await Promise.all(later)).map(({ value, status }) => `${value} ${status}`)).toEqual([
        '2 miss',
        '2 joined',
      ])
      before.resolve(1)
      expect(await waiting).toMatchObject({ value: 1, status: 'miss' })
      expect(cache.get('k')).toBe(2)
    })

    it('is not joined after a second invalidation either, when the one before it has ended in between', async () => {
      const { cache, clock } = cacheOf()
      const works = [deferred<number>(), deferred<number>(), deferred<number>()]
      const look = (n: number) => cache.getOrSet('k', () => works[n]?.promise ?? 0, options)
      const first = look(0)
      cache.invalidateTag('user:42')
      const second = look(1)
      works[0]?.resolve(0)
      await clock.tick(0)
      cache.invalidateTag('user:42')
      const third = look(2)
      for (const n of [1, 2]) works[n]?.resolve(n)
      expect(await Promise.all([first, second, third])).toEqual([0, 1, 2])
      expect(cache.get('k')).toBe(2)
    })

    it('is not joined by a refresh that should replace it', async () => {
      const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 60_000 })
      cache.set('k', 1, { ttlMs: 1 })
      await clock.tick(1)
      expect(await cache.getOrSet('k', never, options)).toBe(1)
      cache.invalidateTag('user:42')
      expect(await cache.getOrSet('k', () => 2, options)).toBe(1)
      await clock.tick(0)
      expect(cache.get('k')).toBe(2)
    })
  },
)

describe('the invalidation of another tag', () => {
  it('changes nothing for a load whose declared tags do not have it', async () => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const load = vi.fn(() => work.promise)
    const first = cache.getOrSet('k', load, { tags: user })
    cache.invalidateTag('other')
    cache.expireTag('other')
    const second = cache.lookup('k', load, { tags: user })
    work.resolve(1)
    expect(await first).toBe(1)
    expect(await second).toMatchObject({ value: 1, status: 'joined' })
    expect(load).toHaveBeenCalledTimes(1)
    expect(cache.get('k')).toBe(1)
  })

  it('does not stop the storing of a load whose tags are known only at its end', async () => {
    const { cache } = cacheOf()
    const work = deferred<number>()
    const first = cache.getOrSet('k', () => work.promise, { tags: byValue })
    cache.invalidateTag('user:1')
    work.resolve(42)
    await first
    expect(cache.get('k')).toBe(42)
  })

  it('does not starve a key that is asked for all the time: the first load to end is stored', async () => {
    const { cache, clock } = cacheOf()
    const load = vi.fn(async () => {
      await new Promise<void>((resolve) => clock.after(50, resolve))
      return 42
    })
    for (let n = 0; n < 20; n += 1) {
      void cache.getOrSet('k', load, { tags: byValue })
      cache.invalidateTag(`user:${n}`)
      await clock.tick(10)
    }
    expect(cache.peek('k')).toBe(42)
    expect(load).toHaveBeenCalledTimes(5)
  })

  it('does not let an earlier load overwrite a later one', async () => {
    const { cache } = cacheOf()
    const [before, after] = [deferred<number>(), deferred<number>()]
    const first = cache.getOrSet('k', () => before.promise, { tags: byValue })
    cache.invalidateTag('user:1')
    const second = cache.getOrSet('k', () => after.promise, { tags: byValue })
    after.resolve(43)
    await second
    before.resolve(42)
    await first
    expect(cache.get('k')).toBe(43)
  })
})

describe('tags', () => {
  it('are not asked about what was not found', async () => {
    const { cache } = cacheOf({ negativeTtlMs: 100 })
    const tags = vi.fn(() => user)
    expect(await cache.getOrSet('k', () => null, { tags })).toBeNull()
    expect(tags).not.toHaveBeenCalled()
    expect(await cache.lookup('k', never, { tags })).toMatchObject({ status: 'negative' })
  })

  it('that are declared hold for what was not found, too', async () => {
    const { cache } = cacheOf({ negativeTtlMs: 100 })
    await cache.getOrSet('k', () => null, { tags: user })
    cache.invalidateTag('user:42')
    expect(await cache.lookup('k', () => null)).toMatchObject({ status: 'miss' })
  })

  it('may be none', async () => {
    const { cache } = cacheOf()
    cache.set('set', 1, { tags: [] })
    await cache.getOrSet('loaded', () => 1, { tags: () => [] })
    cache.invalidateTag('user:42')
    expect([cache.get('set'), cache.get('loaded')]).toEqual([1, 1])
  })

  it('are copied: what the caller does to its list later changes nothing', () => {
    const { cache } = cacheOf()
    const tags = ['mine']
    cache.set('k', 1, { tags })
    tags[0] = 'user:42'
    cache.invalidateTag('user:42')
    expect(cache.get('k')).toBe(1)
    cache.invalidateTag('mine')
    expect(cache.get('k')).toBeUndefined()
  })

  it.each([[['']], [[5]], ['user:42'], [null], [{}]])(
    'that are %o are refused, and nothing is stored',
    async (tags) => {
      const { cache } = cacheOf()
      const invalid = tags as never
      expect(() => cache.set('k', 1, { tags: invalid })).toThrow(OptionError)
      await expect(cache.getOrSet('k', () => 1, { tags: invalid })).rejects.toBeInstanceOf(OptionError)
      await expect(cache.getOrSet('k', () => 1, { tags: () => invalid })).rejects.toBeInstanceOf(OptionError)
      expect(cache.stats().size).toBe(0)
    },
  )
})

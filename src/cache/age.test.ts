import { describe, expect, it } from 'vitest'
import { cacheOf, EVICTIONS, never } from '../../test/support/cache-of.ts'
import { deferred } from '../../test/support/flying.ts'

const LATER = 1_700_000_000_000

const failing = (): Promise<number> => Promise.reject(new Error('db down'))

describe('ageMs', () => {
  it('is counted from the moment the value was kept, for hits, stale values and what was not found', async () => {
    const { cache, clock } = cacheOf({ staleWhileRevalidateMs: 500, staleIfErrorMs: 900, negativeTtlMs: 100 })
    cache.set('k', 1)
    await cache.getOrSet('none', () => null)
    expect(await cache.lookup('k', never)).toEqual({ value: 1, status: 'hit', ageMs: 0 })
    await clock.tick(70)
    expect(await cache.lookup('none', never)).toEqual({ value: null, status: 'negative', ageMs: 70 })
    expect(await cache.lookup('k', never)).toEqual({ value: 1, status: 'hit', ageMs: 70 })
    await clock.tick(1_000)
    expect(await cache.lookup('k', failing)).toEqual({ value: 1, status: 'stale', ageMs: 1_070 })
    await clock.tick(500)
    expect(await cache.lookup('k', failing)).toEqual({ value: 1, status: 'stale', ageMs: 1_570 })
  })

  it('is 0 for who waited for the load, however long that took, and begins anew with each value', async () => {
    const { cache, clock } = cacheOf()
    const work = deferred<number>()
    const both = [cache.lookup('k', () => work.promise), cache.lookup('k', never)]
    await clock.tick(300)
    work.resolve(1)
    expect((await Promise.all(both)).map(({ ageMs }) => ageMs)).toEqual([0, 0])
    await clock.tick(20)
    expect((await cache.lookup('k', never)).ageMs).toBe(20)
    cache.set('k', 2)
    expect((await cache.lookup('k', never)).ageMs).toBe(0)
  })
})

describe.each(EVICTIONS)('an entry that was kept while the clock said 0 (%s)', (eviction) => {
  const options = { eviction, staleWhileRevalidateMs: 500, staleIfErrorMs: 800 }

  it('has no age until the first request, and its whole life and stale windows from then on', async () => {
    const { cache, clock } = cacheOf(options, 0)
    cache.set('k', 1)
    expect(await cache.lookup('k', never)).toEqual({ value: 1, status: 'hit', ageMs: 0 })
    clock.set(LATER)
    expect(await cache.lookup('k', never)).toEqual({ value: 1, status: 'hit', ageMs: 0 })
    await clock.tick(999)
    expect(await cache.lookup('k', never)).toEqual({ value: 1, status: 'hit', ageMs: 999 })
    await clock.tick(500)
    expect(await cache.lookup('k', failing)).toEqual({ value: 1, status: 'stale', ageMs: 1_499 })
    await clock.tick(300)
    expect(await cache.lookup('k', failing)).toEqual({ value: 1, status: 'stale', ageMs: 1_799 })
    await clock.tick(1)
    await expect(cache.lookup('k', failing)).rejects.toThrow('db down')
  })

  it.each(['peek', 'get', 'has'] as const)(
    'starts its time with the first %s, also that of another key',
    async (how) => {
      const { cache, clock } = cacheOf(options, 0)
      cache.set('k', 1)
      cache.set('other', 1)
      clock.set(LATER)
      cache[how]('other')
      await clock.tick(1_000)
      expect(cache.peek('k')).toBeUndefined()
    },
  )

  it('may be loaded there, and is a hit in the first request', async () => {
    const { cache, clock } = cacheOf(options, 0)
    await cache.getOrSet('k', () => 1)
    clock.set(LATER)
    expect(await cache.lookup('k', never)).toMatchObject({ status: 'hit' })
  })

  it('is gone when its tag was invalidated there', () => {
    const { cache, clock } = cacheOf(options, 0)
    cache.set('k', 1, { tags: ['t'] })
    cache.invalidateTag('t')
    cache.set('younger', 2, { tags: ['t'] })
    clock.set(LATER)
    expect([cache.get('k'), cache.get('younger')]).toEqual([undefined, 2])
  })

  it('is stale from the first request on when its tag was expired there, and no longer than the window', async () => {
    const { cache, clock } = cacheOf(options, 0)
    cache.set('k', 1, { tags: ['t'] })
    cache.expireTag('t')
    expect(cache.get('k')).toBeUndefined()
    expect(await cache.lookup('k', failing)).toMatchObject({ status: 'stale', ageMs: 0 })
    clock.set(LATER)
    expect(cache.get('k')).toBeUndefined()
    await clock.tick(499)
    expect(await cache.lookup('k', failing)).toMatchObject({ status: 'stale', ageMs: 499 })
    await clock.tick(301)
    await expect(cache.lookup('k', failing)).rejects.toThrow('db down')
  })

  it('can be expired by its tag in the first request', async () => {
    const { cache, clock } = cacheOf(options, 0)
    cache.set('k', 1, { tags: ['t'] })
    clock.set(LATER)
    cache.expireTag('t')
    expect(await cache.lookup('k', failing)).toMatchObject({ status: 'stale' })
    await clock.tick(800)
    await expect(cache.lookup('k', failing)).rejects.toThrow('db down')
  })
})

it('a load that began while the clock said 0 and hangs is not waited for in the first request', async () => {
  const { cache, clock } = cacheOf({}, 0)
  void cache.getOrSet('k', never).catch(() => undefined)
  clock.set(LATER)
  expect(await cache.getOrSet('k', () => 2)).toBe(2)
})

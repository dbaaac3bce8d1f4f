import { describe, expect, it } from 'vitest'
import { cacheOf } from '../../test/support/cache-of.ts'
import { handBus, tiers } from '../../test/support/tiers.ts'
import type { Cache } from './types.ts'

describe('a load that its caller runs', () => {
  it('is stored when nothing was changed since', () => {
    const { cache } = cacheOf()
    const since = cache.begin('k')
    cache.set('k', 1, { since })
    expect([since.value, cache.get('k'), since.isOutdated()]).toEqual([undefined, 1, false])
  })

  it('learns what there is', async () => {
    const { cache, clock } = cacheOf()
    cache.set('k', 1)
    expect(cache.begin('k').value).toBe(1)
    await clock.tick(1_000)
    expect(cache.begin('k').value).toBeUndefined()
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0 })
  })

  it.each([
    ['a deletion', (cache) => cache.delete('k')],
    ['a clear', (cache) => cache.clear()],
    ['a newer value', (cache) => cache.set('k', 2)],
    ['a newer value with a time of its own', (cache) => cache.set('k', 2, { ttlMs: 500 })],
    ['an invalidation of its tag', (cache) => cache.invalidateTag('t')],
  ] satisfies [string, (cache: Cache<number | null>) => unknown][])('is not stored after %s', (_, change) => {
    const { cache } = cacheOf()
    const since = cache.begin('k')
    change(cache)
    const before = cache.peek('k')
    expect(since.isOutdated(['t'])).toBe(true)
    cache.set('k', 1, { since, tags: ['t'] })
    expect(cache.peek('k')).toBe(before)
  })

  it('is stored after what does not concern it', () => {
    const { cache } = cacheOf()
    const [since, other] = [cache.begin('k'), cache.begin('k')]
    cache.delete('other')
    cache.invalidateTag('other')
    cache.set('k', 2, { since: other, tags: ['t'] })
    expect(since.isOutdated(['t'])).toBe(false)
    cache.set('k', 1, { since, tags: ['t'] })
    expect(cache.get('k')).toBe(1)
  })

  it('is refused when another cache began it', () => {
    const [one, other] = [cacheOf().cache, cacheOf().cache]
    const wrong = { name: 'OptionError', code: 'ERR_PERF_OPTION' }
    expect(() => one.set('k', 1, { since: other.begin('k') })).toThrow(expect.objectContaining(wrong))
    const made = { value: undefined, isOutdated: () => false }
    expect(() => one.set('k', 1, { since: made })).toThrow(expect.objectContaining(wrong))
  })
})

describe('a load that its caller runs, before a shared store,', () => {
  it.each([
    ['a deletion', (cache) => cache.delete('k')],
    ['a clear', (cache) => cache.clear()],
    ['a newer value', (cache) => cache.set('k', 2)],
    ['an invalidation of its tag', (cache) => cache.invalidateTag('t')],
  ] satisfies [string, (cache: ReturnType<ReturnType<typeof tiers>['process']>) => Promise<void>][])(
    'is not stored after %s by another process',
    async (_, change) => {
      const all = tiers({ bus: handBus() })
      const [here, there] = [all.process(), all.process()]
      for (const cache of [here, there]) await cache.get('subscribe')
      const since = await here.begin('k')
      await change(there)
      const before = await there.get('k')
      expect(since.isOutdated(['t'])).toBe(true)
      await here.set('k', 1, { since, tags: ['t'] })
      expect([await here.get('k'), await all.process().get('k')]).toEqual([before, before])
    },
  )

  it('is not found by others either when nobody hears each other', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    const since = await here.begin('k')
    await there.delete('k')
    await here.set('k', 1, { since })
    expect(await all.process().get('k')).toBeUndefined()
  })

  it('tells nobody to drop what is as good', async () => {
    const bus = handBus()
    const all = tiers({ bus })
    const cache = all.process()
    await cache.get('subscribe')
    await cache.set('k', 1, { since: await cache.begin('k') })
    expect(bus.sent).toEqual([])
    expect(await all.process().get('k')).toBe(1)
  })

  it('shares the round trip of a get, and finds what the store has', async () => {
    const all = tiers()
    const cache = all.process()
    const [value, since] = await Promise.all([cache.get('k'), cache.begin('k')])
    expect([value, since.value, all.moody.count('readMany')]).toEqual([undefined, undefined, 1])
    await cache.set('k', 1, { since, tags: ['t'] })
    const other = all.process()
    expect((await other.begin('k')).value).toBe(1)
    // Of the store, not of this process, which has not heard.
    await other.get('k')
    await cache.delete('k')
    expect([other.peek('k'), (await other.begin('k')).value]).toEqual([1, undefined])
  })

  it('believes nothing that it knows of tags', async () => {
    const all = tiers({ tagCheckMs: 3_600_000 })
    const [here, there] = [all.process(), all.process()]
    await here.set('k', 1, { tags: ['t'] })
    expect(await there.get('k')).toBe(1)
    await here.invalidateTag('t')
    expect((await there.begin('k')).value).toBeUndefined()
  })

  it('stays in its process when nobody knows any more what has overtaken it, or when it began', async () => {
    const all = tiers({ loadTimeoutMs: 1_000 })
    const cache = all.process()
    const since = await cache.begin('k')
    await all.clock.tick(1_001)
    await cache.set('k', 1, { since })
    expect(all.told('cache.value_refused')).toBe(1)
    all.moody.mood = 'down'
    const unknown = await cache.begin('l')
    all.moody.mood = 'up'
    await cache.set('l', 2, { since: unknown })
    const other = all.process()
    expect([cache.peek('k'), await other.get('k'), cache.peek('l'), await other.get('l')]).toEqual([1, undefined, 2, undefined]) // prettier-ignore
  })
})

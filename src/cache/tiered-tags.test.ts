import { describe, expect, it } from 'vitest'
import { deferred } from '../../test/support/flying.ts'
import { tiers } from '../../test/support/tiers.ts'

const tags = ['t']

describe('the tags of a tiered cache', () => {
  it('invalidates what the store has, also after another entry of the tag was loaded', async () => {
    const all = tiers({ maxEntries: 1 })
    const cache = all.process()
    await cache.getOrSet('old', () => 'old', { tags })
    await cache.getOrSet('other', () => 1)
    await cache.invalidateTag('t')
    // This gives the process a reason to believe in the tag, of later entries only.
    await cache.getOrSet('new', () => 'new', { tags })
    expect(await cache.getOrSet('old', () => 'loaded anew', { tags })).toBe('loaded anew')
  })

  it('does not believe in what the store has because it could not be asked for a while', async () => {
    const all = tiers({ maxEntries: 2 })
    const [cache, other] = [all.process(), all.process()]
    await other.getOrSet('old', () => 'old', { tags })
    await cache.getOrSet('mine', () => 1, { tags })
    await other.invalidateTag('t')
    await all.clock.tick(5_000)
    all.moody.mood = 'down'
    expect(await cache.getOrSet('mine', () => 2, { tags })).toBe(1)
    all.moody.mood = 'up'
    expect(await cache.get('old')).toBeUndefined()
  })

  it('knows what the store was told late', async () => {
    const all = tiers()
    const cache = all.process()
    await all.process().getOrSet('old', () => 'old', { tags })
    all.moody.mood = 'down'
    await cache.invalidateTag('t')
    all.moody.mood = 'up'
    // Asks for the stamps of the tag before the store is told of the invalidation.
    expect(await cache.get('old')).toBeUndefined()
    await all.host.drain()
    expect(await cache.get('old')).toBeUndefined()
  })

  it('takes entries whose tags lost their stamps for misses', async () => {
    const all = tiers()
    await all.process().getOrSet('k', () => 1, { tags })
    await all.host.drain()
    const { store } = all.moody
    const flushed = {
      ...store,
      readMany: async (keys: readonly string[], asked: readonly string[]) => {
        const read = await store.readMany(keys, asked)
        return { ...read, stamps: read.stamps.map((stamps, at) => (asked[at] === 'profile:t' ? undefined : stamps)) }
      },
    }
    expect(await all.process({ store: flushed }).get('k')).toBeUndefined()
    expect(await all.process().get('k')).toBe(1)
  })

  it('lets another process serve what was expired as stale, and load it anew', async () => {
    const all = tiers({ staleWhileRevalidateMs: 10_000 })
    const [here, there] = [all.process(), all.process()]
    await there.getOrSet('k', () => 1, { tags })
    await all.host.drain()
    await here.expireTag('t')
    expect(await here.lookup('k', () => 2, { tags })).toMatchObject({ value: 1, status: 'stale' })
    await all.host.drain()
    expect(await here.getOrSet('k', () => 3, { tags })).toBe(2)
    await all.clock.tick(5_000)
    expect(await there.getOrSet('k', () => 4, { tags })).toBe(1)
    await all.host.drain()
    expect(await there.getOrSet('k', () => 5, { tags })).toBe(2)
  })

  it('asks for tags of entries that are in use before it must', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.getOrSet('k', () => 1, { tags })
    await all.host.drain()
    const before = all.moody.count('readMany')
    for (let passed = 0; passed < 20_000; passed += 500) {
      await all.clock.tick(500)
      // Synchronous, so that nobody has waited for it.
      expect(cache.peek('k')).toBe(1)
      await all.host.drain()
    }
    expect(all.moody.count('readMany') - before).toBeLessThanOrEqual(8)
  })

  it('invalidates a value that is being loaded: it reaches who waits, and is stored nowhere', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    const { promise, resolve } = deferred<string>()
    const loading = [here, there].map((cache) => cache.getOrSet('k', () => promise, { tags }))
    await all.clock.tick(0)
    await here.invalidateTag('t')
    resolve('old')
    expect(await Promise.all(loading)).toEqual(['old', 'old'])
    await all.host.drain()
    for (const one of [here, all.process()]) expect(await one.get('k')).toBeUndefined()
    // Nobody told it, so it may serve what it has loaded, as long as it need not ask.
    expect(await there.get('k')).toBe('old')
    await all.clock.tick(5_000)
    expect(await there.get('k')).toBeUndefined()
  })

  it('invalidates a value that is being set, although the store heard of that first', async () => {
    const all = tiers()
    const { shared } = all
    const { promise, resolve } = deferred<void>()
    const asksTime = (keys: readonly string[], asked: readonly string[]): boolean => keys.length + asked.length === 0
    const cache = all.process({
      store: {
        ...shared,
        readMany: async (...asked) => {
          if (asksTime(asked[0], asked[1])) await promise
          return shared.readMany(...asked)
        },
      },
    })
    const setting = cache.set('k', 1, { tags })
    await cache.invalidateTag('t')
    resolve()
    await setting
    for (const one of [cache, all.process()]) expect(await one.get('k')).toBeUndefined()
  })

  it('keeps what is longer than any index takes, a key or a tag, in this process', async () => {
    const all = tiers()
    const [here, there] = [all.process(), all.process()]
    const long = 'x'.repeat(10_000)
    await here.set(long, 1)
    await here.set('k', 'before')
    await here.set('k', 2, { tags: [long] })
    for (let passed = 0; passed < 20_000; passed += 4_000) {
      await all.clock.tick(4_000)
      expect([await here.get(long), await here.get('k')]).toEqual([1, 2])
    }
    expect([await there.get(long), await there.get('k')]).toEqual([undefined, undefined])
    await here.invalidateTag(long)
    await here.delete(long)
    expect([await here.get(long), await here.get('k')]).toEqual([undefined, undefined])
    expect(here.stats()).toMatchObject({ writeErrors: 0, storeErrors: 0 })
  })

  it('keeps apart keys and tags that a server would take for one and the same', async () => {
    const all = tiers()
    const cache = all.process()
    const odd = ['\ud800', '\ud801', '\ufffd', 'a\0b', '\ufffdd800', '']
    for (const [at, key] of odd.entries()) await cache.set(key, at, { tags: [`tag ${key}`] })
    const other = all.process()
    for (const [at, key] of odd.entries()) expect(await other.get(key)).toBe(at)
    for (const { names } of all.moody.calls) for (const name of names) expect(/\0|\p{Cs}/u.test(name)).toBe(false)
    await other.invalidateTag(`tag ${odd[0]}`)
    expect(await all.process().get('\ud800')).toBeUndefined()
    expect(await all.process().get('\ud801')).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import { finished } from '../../test/support/dedup-probe.ts'
import { tiers, tookMs, type Tiers } from '../../test/support/tiers.ts'

const STORE_MS = 250
const tags = ['t']

/** The store is tried again, and told what it has missed. */
async function recovered(all: Tiers, cache: { get(key: string): Promise<unknown> }): Promise<void> {
  all.moody.mood = 'up'
  for (let round = 0; round < 2; round += 1) {
    await all.clock.tick(1_000)
    await finished(all.clock, cache.get('probe'))
  }
  expect(await finished(all.clock, all.host.drain())).toBe(0)
}

it.each(['down', 'hangs'] as const)(
  'a store that is back is told what it missed, also when nobody asks: %s',
  async (mood) => {
    const all = tiers()
    const [here, there] = [all.process(), all.process({ store: all.shared })]
    await there.set('k', 1, { tags })
    await there.set('l', 1, { tags: ['u'] })
    all.moody.mood = mood
    await finished(all.clock, Promise.all([here.delete('k'), here.invalidateTag('u')]))
    await all.clock.tick(20_000)
    const other = all.process({ store: all.shared })
    expect(await other.get('k')).toBe(1)
    all.moody.mood = 'up'
    await all.clock.tick(5_000)
    const third = all.process({ store: all.shared })
    expect([await third.get('k'), await third.get('l')]).toEqual([undefined, undefined])
    const calls = all.moody.calls.length
    await all.clock.tick(60_000)
    expect(all.moody.calls).toHaveLength(calls)
  },
)

describe('a tiered cache whose store hangs', () => {
  it('pays one deadline for each of the first look-ups, then nothing, while loads go on', async () => {
    const all = tiers()
    const cache = all.process()
    all.moody.mood = 'hangs'
    const paid: number[] = []
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      paid.push(await tookMs(all.clock, () => cache.getOrSet(key, () => key)))
      await finished(all.clock, all.host.drain())
    }
    expect(paid.filter((ms) => ms > 0).length).toBeLessThanOrEqual(3)
    expect(Math.max(...paid)).toBeLessThanOrEqual(STORE_MS)
    expect(paid.at(-1)).toBe(0)
    expect(cache.stats()).toMatchObject({ loads: 6, hits: 0 })
    expect(all.told('store.down')).toBe(1)
  })

  it('is asked once in a second whether it is back, and nobody waits for that', async () => {
    const all = tiers()
    const cache = all.process()
    all.moody.mood = 'hangs'
    for (const key of ['a', 'b', 'c']) await finished(all.clock, cache.get(key))
    const before = all.moody.count('readMany')
    for (let second = 0; second < 3; second += 1) {
      // A second after the last try has failed.
      await all.clock.tick(1_300)
      for (const key of ['d', 'e', 'f']) expect(await tookMs(all.clock, () => cache.get(key))).toBe(0)
    }
    expect(all.moody.count('readMany') - before).toBe(3)
  })

  it('does not slow hits, also of entries whose tags should be checked, but the first few', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.getOrSet('plain', () => 1)
    await cache.getOrSet('tagged', () => 2, { tags })
    all.moody.mood = 'hangs'
    expect(await tookMs(all.clock, () => cache.getOrSet('plain', () => 0))).toBe(0)
    await all.clock.tick(5_000)
    expect(await tookMs(all.clock, () => cache.getOrSet('tagged', () => 0, { tags }))).toBe(STORE_MS)
    expect(await tookMs(all.clock, () => cache.getOrSet('tagged', () => 0, { tags }))).toBe(0)
    expect(cache.stats()).toMatchObject({ loads: 2 })
  })

  it('ends a look-up at the deadline of its load, when the load hangs too', async () => {
    const all = tiers({ loadTimeoutMs: 1_000 })
    all.moody.mood = 'hangs'
    const call = all.process().getOrSet('k', () => new Promise(() => undefined))
    call.catch(() => undefined)
    expect(await tookMs(all.clock, () => call.catch(() => undefined))).toBe(1_000)
    await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
  })

  it('resolves changes that do not reach it, and counts them', async () => {
    const all = tiers()
    const cache = all.process()
    all.moody.mood = 'down'
    await cache.set('k', 1, { tags })
    await cache.delete('other')
    await cache.invalidateTag('u')
    await cache.expireTag('v')
    await cache.clear()
    expect(cache.stats()).toMatchObject({ writeErrors: 5 })
    expect(cache.stats().storeErrors).toBeGreaterThan(0)
  })
})

describe('what a store has missed', () => {
  const changes = {
    set: (all: Tiers) => all.process().set('k', 'new'),
    'set with tags': (all: Tiers) => all.process().set('k', 'new', { tags }),
    delete: (all: Tiers) => all.process().delete('k'),
    clear: (all: Tiers) => all.process().clear(),
    invalidateTag: (all: Tiers) => all.process().invalidateTag('t'),
    expireTag: (all: Tiers) => all.process().expireTag('t'),
  }
  for (const name of Object.keys(changes) as (keyof typeof changes)[])
    for (const mood of ['down', 'hangs', 'late'] as const)
      it(`is dropped there when it is back: ${name}, while it ${mood === 'down' ? 'was down' : mood}`, async () => {
        const all = tiers()
        const first = all.process()
        await first.getOrSet('k', () => 'old', { tags })
        await all.host.drain()
        all.moody.mood = mood
        const cache = all.process()
        await finished(all.clock, changes[name]({ ...all, process: () => cache }))
        await recovered(all, cache)
        expect([undefined, 'new']).toContain(await all.process().get('k'))
        expect(await cache.get('k')).not.toBe('old')
      })

  it('is not used before it is told', async () => {
    const all = tiers({ maxEntries: 1 })
    const cache = all.process()
    await cache.set('k', 'old')
    all.moody.mood = 'down'
    await cache.set('k', 'new')
    await cache.set('other', 1)
    all.moody.mood = 'up'
    expect(await cache.get('k')).toBeUndefined()
  })

  it('is also what is loaded in the meantime: what it has is older', async () => {
    const all = tiers({ maxEntries: 1 })
    const cache = all.process()
    await cache.set('k', 'old')
    await cache.set('other', 1)
    all.moody.mood = 'down'
    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
    await recovered(all, cache)
    expect(await all.process().get('k')).not.toBe('old')
  })

  it('is told in pieces', async () => {
    const all = tiers({ maxEntries: 10_000 })
    const cache = all.process()
    all.moody.mood = 'down'
    for (let at = 0; at < 1_000; at += 1) await cache.delete(`k${at}`)
    const before = all.moody.calls.length
    await recovered(all, cache)
    const told = all.moody.calls.slice(before).filter(({ method }) => method === 'deleteMany')
    expect(told.flatMap(({ names }) => names).length).toBe(1_000)
    expect(Math.max(...told.map(({ names }) => names.length))).toBeLessThanOrEqual(250)
  })
})

describe('a store that is not set up', () => {
  const SETUP = { code: 'ERR_PERF_STORE_SETUP' }

  it('is told to everybody who needs it, and hits go on', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.set('k', 1)
    all.moody.mood = 'unset'
    expect(await cache.get('k')).toBe(1)
    expect(await cache.getOrSet('k', () => 2)).toBe(1)
    await expect(cache.get('other')).rejects.toMatchObject(SETUP)
    await expect(cache.has('other')).rejects.toMatchObject(SETUP)
    await expect(cache.getOrSet('other', () => 1)).rejects.toMatchObject(SETUP)
    await expect(cache.getOrSetMany(['a', 'b'], (keys) => [...keys])).rejects.toMatchObject(SETUP)
    for (const change of [
      () => cache.set('k', 2),
      () => cache.set('k', 2, { tags }),
      () => cache.delete('k'),
      () => cache.clear(),
      () => cache.invalidateTag('t'),
      () => cache.expireTag('t'),
    ])
      await expect(change()).rejects.toMatchObject(SETUP)
    expect(all.told('store.setup')).toBe(1)
    expect(all.told('store.down')).toBe(0)
  })

  it('has nothing old when it is mended', async () => {
    const all = tiers()
    const cache = all.process()
    await cache.set('k', 'old', { tags })
    all.moody.mood = 'unset'
    await expect(cache.set('k', 'new', { tags })).rejects.toMatchObject(SETUP)
    await recovered(all, cache)
    expect(await all.process().get('k')).not.toBe('old')
  })
})

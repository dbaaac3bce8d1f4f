import { describe, expect, it } from 'vitest'
import { finished } from '../../test/support/dedup-probe.ts'
import { handBus, tiers, tookMs } from '../../test/support/tiers.ts'

const tags = ['t']
const failing = (): Promise<never> => Promise.reject(new Error('no bus'))

describe('the bus of a tiered cache', () => {
  it.each([
    ['set', (cache) => cache.set('k', 2)],
    ['delete', (cache) => cache.delete('k')],
    ['clear', (cache) => cache.clear()],
    ['invalidateTag', (cache) => cache.invalidateTag('t')],
    ['expireTag', (cache) => cache.expireTag('t')],
  ] satisfies [string, (cache: ReturnType<ReturnType<typeof tiers>['process']>) => Promise<void>][])(
    'tells other processes at once: %s',
    async (_, change) => {
      const bus = handBus()
      const all = tiers({ bus })
      const [here, there] = [all.process(), all.process()]
      await there.get('subscribe')
      await there.getOrSet('k', () => 1, { tags })
      await all.host.drain()
      await change(here)
      expect(there.peek('k')).toBeUndefined()
      expect(await there.getOrSet('k', () => 2, { tags })).toBe(2)
    },
  )

  it('does not hear itself', async () => {
    const all = tiers({ bus: handBus() })
    const cache = all.process()
    await cache.get('subscribe')
    await cache.set('k', 1)
    expect(cache.peek('k')).toBe(1)
  })

  it.each([
    'no json',
    'null',
    '17',
    '{}',
    '{"name":"profile"}',
    '{"name":"profile","do":"drop"}',
    '{"name":"profile","do":"gone","tag":""}',
    '{"name":"profile","do":"gone","tag":7}',
    '{"name":"profile","do":"burn","tag":"t"}',
    '{"name":"other","do":"clear"}',
  ])('ignores what is not meant for it: %s', async (message) => {
    const bus = handBus()
    const all = tiers({ bus })
    const cache = all.process()
    await cache.get('subscribe')
    await cache.set('k', 1, { tags })
    bus.say(message)
    expect(cache.peek('k')).toBe(1)
  })

  it('drops what it has when messages may have been missed, and asks for tags anew', async () => {
    const bus = handBus()
    const all = tiers({ bus })
    const [here, there] = [all.process({ bus: { ...bus, publish: failing } }), all.process()]
    for (const cache of [here, there]) await cache.get('subscribe')
    await here.getOrSet('k', () => 1, { tags })
    await all.host.drain()
    // Now it has heard of the tag from the store.
    expect(await there.get('k')).toBe(1)
    await here.invalidateTag('t')
    expect(there.peek('k')).toBe(1)
    bus.listeners.forEach(({ gap }) => gap())
    expect(there.peek('k')).toBeUndefined()
    expect(await there.get('k')).toBeUndefined()
  })

  it('ends what is known of a tag, for what the store has too', async () => {
    const all = tiers({ bus: handBus() })
    const [here, there] = [all.process(), all.process()]
    for (const cache of [here, there]) await cache.get('subscribe')
    for (const key of ['a', 'b']) await here.getOrSet(key, () => 1, { tags })
    await all.host.drain()
    expect(await there.get('a')).toBe(1)
    await here.invalidateTag('t')
    expect(await there.get('b')).toBeUndefined()
  })

  it('subscribes when it is first used, and again a second after that failed', async () => {
    const bus = handBus()
    let tries = 0
    const all = tiers({
      bus: { ...bus, subscribe: (heard, gap) => ((tries += 1) < 3 ? failing() : bus.subscribe(heard, gap)) },
    })
    const cache = all.process()
    expect(tries).toBe(0)
    for (let second = 0; second < 5; second += 1) {
      await cache.get('k')
      await cache.get('k')
      await all.clock.tick(1_000)
    }
    expect(tries).toBe(3)
    expect(all.facts.filter(({ reason }) => reason === 'subscribe').length).toBe(2)
    expect(bus.listeners.length).toBe(1)
  })

  it('makes nobody wait for one that hangs, but the first few', async () => {
    const all = tiers({ bus: { ...handBus(), publish: () => new Promise(() => undefined) } })
    const cache = all.process()
    const paid: number[] = []
    for (let at = 0; at < 6; at += 1) paid.push(await tookMs(all.clock, () => cache.set('k', at)))
    expect(paid).toEqual([250, 250, 250, 0, 0, 0])
    expect(all.told('cache.bus_failed')).toBe(6)
  })

  it('ends the subscription when it is closed, also one that is still being made, and makes no other', async () => {
    const bus = handBus()
    const all = tiers({ bus: { ...bus, subscribe: (heard, gap) => new Promise((resolve) => void all.clock.after(1_000, () => resolve(bus.subscribe(heard, gap)))) } }) // prettier-ignore
    const cache = all.process()
    await cache.get('k')
    await finished(all.clock, cache.close())
    await all.clock.tick(2_000)
    expect(bus.listeners.length).toBe(0)
    await cache.get('k')
    await all.clock.tick(2_000)
    expect(bus.listeners.length).toBe(0)
    await cache.close()
  })

  it('stays closed when the subscription fails afterwards', async () => {
    const bus = handBus()
    let tries = 0
    const all = tiers({ bus: { ...bus, subscribe: () => ((tries += 1), new Promise((_, reject) => void all.clock.after(100, () => reject(new Error('no bus'))))) } }) // prettier-ignore
    const cache = all.process()
    await cache.get('k')
    const closing = cache.close()
    await all.clock.tick(5_000)
    await closing
    await cache.get('k')
    expect(tries).toBe(1)
  })

  describe('what it could not tell', () => {
    /** A process that speaks by a bus which fails, and one that hears. */
    async function cutOff(): Promise<
      ReturnType<typeof tiers> & { away: boolean; pair: readonly Cache[]; sent: string[] }
    > {
      const bus = handBus()
      const all = Object.assign(tiers({ bus }), { away: true, sent: bus.sent })
      const publish = (message: string): Promise<void> => (all.away ? failing() : bus.publish(message))
      const pair = [all.process({ bus: { ...bus, publish } }), all.process()]
      for (const cache of pair) await cache.get('subscribe')
      return Object.assign(all, { pair })
    }

    it.each([
      ['set', (cache) => cache.set('k', 2)],
      ['delete', (cache) => cache.delete('k')],
      ['clear', (cache) => cache.clear()],
      ['invalidateTag', (cache) => cache.invalidateTag('t')],
      ['expireTag', (cache) => cache.expireTag('t')],
    ] satisfies [string, (cache: Cache) => Promise<void>][])(
      'is told again until it is, by itself: %s',
      async (_, change) => {
        const all = await cutOff()
        const [here, there] = all.pair as [Cache, Cache]
        await there.getOrSet('k', () => 1, { tags })
        await change(here)
        await all.clock.tick(60_000)
        expect(all.sent).toEqual([])
        // It is a fact once, not at every try.
        expect(all.facts.filter(({ reason }) => reason === 'publish')).toHaveLength(1)
        await there.getOrSet('k', () => 1, { tags })
        all.away = false
        await all.clock.tick(5_000)
        expect([all.sent.length, there.peek('k')]).toEqual([1, undefined])
        await all.clock.tick(60_000)
        expect(all.sent).toHaveLength(1)
      },
    )

    it('is told at once when the next word gets through, and when the cache is closed', async () => {
      const all = await cutOff()
      const [here] = all.pair as [Cache, Cache]
      await here.delete('a')
      all.away = false
      await here.delete('b')
      await all.host.drain()
      expect(all.sent).toHaveLength(2)
      all.away = true
      await here.delete('c')
      all.away = false
      await here.close()
      expect(all.sent).toHaveLength(3)
    })

    it('is forgotten when nobody can have it any more', async () => {
      const all = await cutOff()
      const [here] = all.pair as [Cache, Cache]
      await here.delete('a')
      await all.clock.tick(86_400_000 + 10_000)
      all.away = false
      await all.clock.tick(5_000)
      expect(all.sent).toEqual([])
    })

    it('becomes one word for all of them when there are too many', async () => {
      const all = await cutOff()
      const [here, there] = all.pair as [Cache, Cache]
      for (let at = 0; at < 10_001; at += 1) await here.delete(`k${at}`)
      await there.getOrSet('k', () => 1, { tags })
      all.away = false
      await all.clock.tick(5_000)
      expect(all.sent.map((text) => (JSON.parse(text) as { do: string }).do)).toEqual(['clear'])
      expect(there.peek('k')).toBeUndefined()
    })
  })

  it('gives up a subscription that hangs, ends it when it comes late, and makes another', async () => {
    const bus = handBus()
    let tries = 0
    const late = (heard: (message: string) => void, gap: () => void): Promise<() => Promise<void>> =>
      new Promise((resolve) => void all.clock.after(30_000, () => resolve(bus.subscribe(heard, gap))))
    const all = tiers({
      bus: { ...bus, subscribe: (heard, gap) => ((tries += 1) === 1 ? late(heard, gap) : bus.subscribe(heard, gap)) },
    })
    const cache = all.process()
    await cache.get('k')
    await all.clock.tick(11_500)
    await cache.get('k')
    await all.clock.tick(30_000)
    expect([tries, bus.listeners.length]).toEqual([2, 1])
    await cache.close()
  })
})

type Cache = ReturnType<ReturnType<typeof tiers>['process']>

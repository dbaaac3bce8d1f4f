import { describe, expect, it } from 'vitest'
import type { CacheWrite } from '../core/cache-store.ts'
import { cacheStoreContract, manualClock } from '../testing/index.ts'
import { memoryCacheStore } from './memory-store.ts'
import { MemoryTier } from './memory-tier.ts'

const written = (key: string, ttlMs: number): CacheWrite => ({ key, text: 'x', version: '1', tags: [`of ${key}`], ttlMs, staleMs: 0 }) // prettier-ignore

describe('memoryCacheStore', () => {
  for (const { name, run } of cacheStoreContract)
    it(name, () => {
      const clock = manualClock()
      return run({ store: memoryCacheStore({ clock }), wait: (ms) => clock.tick(ms) })
    })

  it('keeps an entry to the very millisecond, and its age exactly', async () => {
    const clock = manualClock()
    const store = memoryCacheStore({ clock })
    await clock.tick(1)
    await store.writeMany([written('a', 1_000)])
    await clock.tick(999)
    expect((await store.readMany(['a'], [])).records).toMatchObject([{ ageMs: 999, leftMs: 1 }])
    await clock.tick(1)
    expect((await store.readMany(['a'], ['of a'])).records).toEqual([undefined])
  })

  it('does not care about a wall clock that is set back or forward', async () => {
    const clock = manualClock()
    const store = memoryCacheStore({ clock })
    await store.writeMany([written('a', 1_000)])
    for (const epochMs of [0, 4_000_000_000_000]) {
      clock.set(epochMs)
      expect((await store.readMany(['a'], ['of a'])).records).toMatchObject([{ text: 'x' }])
    }
  })

  it('does not keep the caller’s list of tags', async () => {
    const store = memoryCacheStore({ clock: manualClock() })
    const tags = ['t']
    await store.writeMany([{ ...written('a', 1_000), tags }])
    tags.push('u')
    expect((await store.readMany(['a'], [])).records).toMatchObject([{ tags: ['t'] }])
  })

  it('does not grow by what is past its keeping', async () => {
    const clock = manualClock()
    const tier = new MemoryTier(clock)
    for (let round = 0; round < 10_000; round += 1) {
      const now = tier.tick()
      tier.keepTags(written(`a${round}`, 10), now)
      tier.write(written(`a${round}`, 10), now)
      tier.delete(`b${round}`, now, 10)
      tier.stamp(`c${round}`, now, { as: 'gone', keepMs: 10 })
      if (round % 10 === 0) await clock.tick(20)
      expect(tier.size).toBeLessThanOrEqual(1_003)
    }
    expect(tier.record('a9999', tier.tick())).toBeDefined()
  })

  it.each([
    [{ clock: {} }, 'clock'],
    [{ maxEntries: 5 }, 'maxEntries'],
  ])('refuses %j', (options, named) => {
    expect(() => memoryCacheStore(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => memoryCacheStore(options as never)).toThrow(named)
  })
})

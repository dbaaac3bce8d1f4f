import { describe, expect, it } from 'vitest'
import { finished, gate, probed } from '../../test/support/dedup-probe.ts'
import { ids, key, startWatched } from '../../test/support/dedup-start.ts'
import { createDedup } from './dedup.ts'
import { memoryDedupStore } from './memory-store.ts'

describe('the round trips of a delivery', () => {
  it('are one claim and one or two completions for a thousand quick updates, in one group or in many', async () => {
    for (const groupBy of [key, () => 'g']) {
      // The real clock: not one of its timers can fire while quick handlers follow one another.
      const { store, calls, count } = probed(memoryDedupStore())
      const dedup = createDedup({ name: 'a', store })
      const results = await dedup.each(ids(1_000), { key, groupBy, handle: async () => undefined })
      expect(results.every(({ status }) => status === 'done')).toBe(true)
      expect(count('claimMany')).toBe(1)
      expect(count('completeMany')).toBeLessThanOrEqual(2)
      expect(count('renewMany') + count('releaseMany')).toBe(0)
      const completed = calls.filter(({ method }) => method === 'completeMany').flatMap(({ keys }) => keys)
      expect(completed.sort()).toEqual(
        ids(1_000)
          .map((id) => `a:${id}`)
          .sort(),
      )
    }
  })

  it('are at most one completion in 25 ms, and never two at a time', async () => {
    const { clock, dedup, count, instead, pause } = startWatched()
    let writing = 0
    let most = 0
    instead('completeMany', async (real) => {
      most = Math.max(most, (writing += 1))
      await pause(40)()
      writing -= 1
      return real()
    })
    await finished(clock, dedup.each(ids(400), { key, concurrency: 4, handle: pause(5) }))
    // 100 rounds of 5 ms, and a write of 40 ms: about 13.
    expect(count('completeMany')).toBeLessThanOrEqual(20)
    expect(most).toBe(1)
  })

  it('write an end down within 25 ms of it, while others of the batch are at work', async () => {
    const { clock, dedup, count, pause } = startWatched()
    const { opened, open } = gate()
    const call = dedup.each(['quick', 'quick2', 'slow'], {
      key,
      handle: (update) => (update === 'slow' ? opened : update === 'quick2' ? pause(1)() : undefined),
    })
    await clock.tick(27)
    expect(count('completeMany')).toBe(2)
    expect(dedup.seen('quick') && dedup.seen('quick2')).toBe(true)
    open()
    await finished(clock, call)
  })

  it('are none for updates that this process knows to be done, and one for what another one did', async () => {
    const { clock, dedup, other, count } = startWatched()
    await finished(clock, dedup.each(ids(1_000), { key, handle: () => 1 }))
    const before = count('claimMany')
    await finished(clock, dedup.each(ids(1_000), { key, handle: () => 1 }))
    expect(count('claimMany')).toBe(before)
    await finished(clock, other.each(ids(1_000), { key, handle: () => 1 }))
    await finished(clock, other.each(ids(1_000), { key, handle: () => 1 }))
    expect(count('claimMany')).toBe(before + 1)
  })
})

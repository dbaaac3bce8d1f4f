import { describe, expect, it } from 'vitest'
import { startCrew } from '../../test/support/dedup-crew.ts'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { ids, key, places } from '../../test/support/dedup-start.ts'
import { createSemaphore } from '../core/semaphore.ts'

for (const [place, start] of places)
  describe(`permits, ${place}`, () => {
    it('bound the handlers of several batches together, in the order they came', async () => {
      const { clock, dedup, other } = start()
      const permits = createSemaphore(3, { clock, longestMs: 60_000 })
      let running = 0
      let most = 0
      const handle = async (): Promise<void> => {
        most = Math.max(most, (running += 1))
        await new Promise<void>((resolve) => void clock.after(50, resolve))
        running -= 1
      }
      const batches = Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? dedup : other).each(
          ids(5).map((id) => `${at}${id}`),
          { key, handle, permits },
        ),
      )
      const results = (await finished(clock, Promise.all(batches))).flat()
      expect(results.every(({ status }) => status === 'done')).toBe(true)
      expect(most).toBe(3)
      expect([permits.take(), permits.take(), permits.take(), permits.take()].filter(Boolean)).toHaveLength(3)
    })

    it('are not needed for what is done, and come back from what fails, throws at once, or never settles', async () => {
      const { clock, dedup } = start()
      const permits = createSemaphore(1, { clock, longestMs: 60_000 })
      const handle = (update: string): Promise<void> | void => {
        if (update === 'm0') throw new Error('at once')
        if (update === 'm1') return Promise.reject(new Error('later'))
        if (update === 'm2') return forever()
      }
      const options = { key, handle, permits, handleTimeoutMs: 1_000 }
      const statuses = (await finished(clock, dedup.each(ids(4), options))).map(({ status }) => status)
      expect(statuses).toEqual(['failed', 'failed', 'failed', 'done'])
      const held = permits.take()
      expect(held).toBeDefined()
      expect(await finished(clock, dedup.each(['m3'], options))).toMatchObject([{ status: 'duplicate' }])
    })

    it('are waited for before the clock of the run starts', async () => {
      const { clock, dedup } = start()
      const permits = createSemaphore(1, { clock, longestMs: 60_000 })
      const held = permits.take()
      const call = dedup.each(['m'], { key, handle: () => 'in time', permits, handleTimeoutMs: 100 })
      await clock.tick(5_000)
      if (held !== undefined) permits.give(held)
      expect(await finished(clock, call)).toMatchObject([{ status: 'done' }])
    })
  })

describe('permits, in a store', () => {
  it('are waited for before the lease is looked at: what was lost meanwhile is not begun, and gives its permit back', async () => {
    const { clock, member, store } = startCrew()
    const { dedup, weather } = member()
    const permits = createSemaphore(1, { clock, longestMs: 60_000 })
    const { opened, open } = gate()
    const blocking = dedup.each(['first'], { key, handle: () => opened, permits })
    await clock.tick(10)
    const runs: string[] = []
    const waiting = dedup.each(['m'], { key, handle: (update) => void runs.push(update), permits })
    await clock.tick(10)
    weather((method) => (method === 'renewMany' ? 'refused' : 'well'))
    await clock.tick(1_000)
    await store.claimMany([{ key: 'a:m', token: 'other' }], { leaseMs: 60_000 })
    weather(() => 'well')
    await clock.tick(2_000)
    open()
    expect(await finished(clock, waiting)).toMatchObject([{ status: 'in-progress' }])
    expect(await finished(clock, blocking)).toMatchObject([{ status: 'done' }])
    expect(runs).toEqual([])
    expect(permits.take()).toBeDefined()
  })
})

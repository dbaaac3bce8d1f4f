import { describe, expect, it } from 'vitest'
import { finished, gate } from '../../test/support/dedup-probe.ts'
import { ids, key, places } from '../../test/support/dedup-start.ts'

for (const [place, start] of places)
  describe(`the order and concurrency of each, ${place}`, () => {
    it('never runs more handlers at a time than it may, and uses all that it may', async () => {
      const { clock, dedup } = start()
      for (const concurrency of [1, 3, 8, 39]) {
        let running = 0
        let most = 0
        const updates = ids(40).map((id) => `${concurrency}:${id}`)
        const handle = async (): Promise<void> => {
          running += 1
          most = Math.max(most, running)
          await new Promise<void>((resolve) => clock.after(10, resolve))
          running -= 1
        }
        const results = await finished(clock, dedup.each(updates, { key, concurrency, handle }))
        expect(results.every(({ status }) => status === 'done')).toBe(true)
        expect(most).toBe(concurrency)
      }
    })

    it('runs eight at a time unless told otherwise', async () => {
      const { clock, dedup } = start()
      const { opened, open } = gate()
      let started = 0
      const call = dedup.each(ids(20), { key, handle: () => ((started += 1), opened) })
      await clock.tick(100)
      expect(started).toBe(8)
      open()
      await finished(clock, call)
      expect(started).toBe(20)
    })

    it('handles the updates of a group in order, and groups side by side', async () => {
      const { clock, dedup } = start()
      const events: string[] = []
      const handle = async (update: string): Promise<void> => {
        events.push(`+${update}`)
        await new Promise<void>((resolve) => clock.after(10, resolve))
        events.push(`-${update}`)
      }
      const groupBy = (update: string): string => update.charAt(0)
      await finished(clock, dedup.each(['a1', 'b1', 'a2', 'b2'], { key, groupBy, handle }))
      expect(events.filter((event) => event.includes('a'))).toEqual(['+a1', '-a1', '+a2', '-a2'])
      expect(events.filter((event) => event.includes('b'))).toEqual(['+b1', '-b1', '+b2', '-b2'])
      expect(events.indexOf('+b1')).toBeLessThan(events.indexOf('-a1'))
    })

    it('goes on with a group after one of its updates failed', async () => {
      const { clock, dedup } = start()
      const handle = (update: string): void => {
        if (update === 'm0') throw new Error('first')
      }
      const results = await finished(clock, dedup.each(ids(3), { key, groupBy: () => 'g', handle }))
      expect(results.map(({ status }) => status)).toEqual(['failed', 'done', 'done'])
    })

    it('keeps the order of a group while another caller is still at its first update', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const events: string[] = []
      const first = other.once('m0', () => opened.then(() => void events.push('m0 elsewhere')))
      await clock.tick(1)
      const handle = (update: string): void => void events.push(update)
      const second = dedup.each(['m0', 'm1', 'x'], {
        key,
        groupBy: (update) => (update === 'x' ? 'x' : 'g'),
        handle,
      })
      await clock.tick(1_000)
      expect(events).toEqual(['x'])
      open()
      const results = await finished(clock, second)
      expect(results.map(({ status }) => status)).toEqual(['duplicate', 'done', 'done'])
      expect(events).toEqual(['x', 'm0 elsewhere', 'm1'])
      await finished(clock, first)
    })

    it('learns of a whole group that another caller did in one wait, however long the group is', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      let runs = 0
      const options = { key, groupBy: () => 'g', handle: () => ((runs += 1), opened) }
      const first = other.each(ids(500), options)
      await clock.tick(1)
      const second = dedup.each(ids(500), { ...options, waitMs: 5_000 })
      await clock.tick(100)
      open()
      await finished(clock, first)
      const results = await finished(clock, second)
      expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['duplicate']))
      expect(runs).toBe(500)
      expect(clock.elapsed()).toBeLessThan(5_000)
    })

    it('works on what nobody holds while it waits for what another caller holds', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const first = other.each(['m0', 'm1'], { key, handle: () => opened })
      await clock.tick(1)
      const results = await finished(clock, dedup.each(ids(4), { key, handle: () => 1, waitMs: 300 }))
      expect(results.map(({ status }) => status)).toEqual(['in-progress', 'in-progress', 'done', 'done'])
      open()
      await finished(clock, first)
    })
  })

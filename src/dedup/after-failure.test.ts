import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished, gate } from '../../test/support/dedup-probe.ts'
import { fails, ids, key, places } from '../../test/support/dedup-start.ts'

const statuses = (results: readonly { readonly status: string }[]): string[] => results.map(({ status }) => status)
const broken = (update: string): string => {
  if (update === 'm1') throw new Error('m1 fails')
  return update
}
const inOne = { key, groupBy: () => 'one' }
const stop = { ...inOne, afterFailure: 'stop' } as const

for (const [place, start] of places)
  describe(`afterFailure, ${place}`, () => {
    it('goes on by default', async () => {
      const { clock, dedup } = start()
      for (const options of [inOne, { ...inOne, afterFailure: 'continue' } as const]) {
        const results = await finished(clock, dedup.each(ids(4), { ...options, handle: broken }))
        expect(results[1]?.status).toBe('failed')
        expect(results.filter(({ status }) => status === 'in-progress')).toEqual([])
      }
    })

    it('with stop gives the later ones of the group back unbegun, so that the resend handles them in order', async () => {
      const { clock, dedup, other } = start()
      const results = await finished(clock, dedup.each(ids(5), { ...stop, handle: broken }))
      expect(statuses(results)).toEqual(['done', 'failed', 'in-progress', 'in-progress', 'in-progress'])
      const runs: unknown[] = []
      const handle = (update: string, { attempt }: { attempt: number }): void => void runs.push([update, attempt])
      // At once: nothing is held.
      const resend = await finished(clock, other.each(ids(5), { ...stop, handle, waitMs: 0 }))
      expect(statuses(resend)).toEqual(['duplicate', 'done', 'done', 'done', 'done'])
      expect(runs).toEqual([
        ['m1', 2],
        ['m2', 1],
        ['m3', 1],
        ['m4', 1],
      ])
    })

    it('with stop leaves other groups alone', async () => {
      const { clock, dedup } = start()
      const groupBy = (update: string): string => (Number(update.slice(1)) % 2 === 0 ? 'even' : 'odd')
      const results = await finished(clock, dedup.each(ids(6), { ...stop, groupBy, handle: broken }))
      expect(statuses(results)).toEqual(['done', 'failed', 'done', 'in-progress', 'done', 'in-progress'])
    })

    it('with stop stops nobody from maxAttempts on', async () => {
      const { clock, dedup } = start()
      const options = { ...stop, handle: broken, maxAttempts: 3 }
      const told: string[][] = []
      for (let delivery = 0; delivery < 3; delivery += 1)
        told.push(statuses(await finished(clock, dedup.each(ids(3), options))))
      expect(told).toEqual([
        ['done', 'failed', 'in-progress'],
        ['duplicate', 'failed', 'in-progress'],
        ['duplicate', 'failed', 'done'],
      ])
    })

    it('with stop stops at a park that fails, and not behind what is parked', async () => {
      const { clock, dedup, other } = start()
      const options = { ...stop, handle: broken, maxAttempts: 1 }
      const parkFails = { ...options, maxAttempts: 2, park: fails('no queue') }
      expect(statuses(await finished(clock, dedup.each(ids(3), parkFails)))).toEqual(['done', 'failed', 'in-progress'])
      const parked = await finished(clock, other.each(ids(3), { ...options, park: () => undefined }))
      expect(statuses(parked)).toEqual(['duplicate', 'dead', 'done'])
      expect(statuses(await finished(clock, dedup.each([...ids(3), 'm3'], options)))).toEqual([
        'duplicate',
        'dead',
        'duplicate',
        'done',
      ])
    })

    it('with stop stops behind what is still worked on elsewhere', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const first = dedup.once('m1', () => opened)
      await clock.tick(10)
      const results = await finished(clock, other.each(ids(3), { ...stop, handle: (update) => update, waitMs: 100 }))
      expect(statuses(results)).toEqual(['done', 'in-progress', 'in-progress'])
      open()
      await finished(clock, first)
      const again = await finished(clock, other.each(ids(3), { ...stop, handle: (update) => update }))
      expect(statuses(again)).toEqual(['duplicate', 'duplicate', 'done'])
    })

    it('with stop does, and succeeds, in the order of the group, whatever fails and however often it is sent', async () => {
      const failures = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(failures, fc.integer({ min: 1, max: 3 }), async (often, side) => {
          const { clock, dedup, other } = start()
          const updates = ids(often.length)
          const left = new Map(updates.map((update, at) => [update, often[at] ?? 0]))
          const done: string[] = []
          const handle = (update: string): void => {
            const fail = left.get(update) ?? 0
            left.set(update, fail - 1)
            if (fail > 0) throw new Error('not yet')
            done.push(update)
          }
          for (let delivery = 0; delivery < 30 && done.length < updates.length; delivery += 1) {
            const calls = Array.from({ length: side }, (_, at) =>
              (at % 2 === 0 ? dedup : other).each(updates, { ...stop, handle, maxAttempts: 99 }),
            )
            await finished(clock, Promise.all(calls))
          }
          expect(done).toEqual(updates)
        }),
        { numRuns: 25 },
      )
    })

    it('refuses another word', async () => {
      const { dedup } = start()
      await expect(dedup.each(['a'], { key, handle: () => 1, afterFailure: 'halt' as never })).rejects.toMatchObject({
        code: 'ERR_PERF_OPTION',
      })
    })
  })

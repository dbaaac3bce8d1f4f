import { describe, expect, it } from 'vitest'
import { finished, gate } from '../../test/support/dedup-probe.ts'
import { fails, places } from '../../test/support/dedup-start.ts'

for (const [place, start] of places)
  describe(`once, ${place}`, () => {
    it('runs the work, then answers duplicate', async () => {
      const { clock, dedup } = start()
      let runs = 0
      const work = (): number => (runs += 1)
      expect(await finished(clock, dedup.once('m1', work))).toEqual({ status: 'done', value: 1 })
      expect(await finished(clock, dedup.once('m1', work))).toEqual({ status: 'duplicate' })
      expect(await finished(clock, dedup.once('m2', work))).toEqual({ status: 'done', value: 2 })
      expect(dedup.stats()).toMatchObject({ checked: 3, claimed: 2, completed: 2, duplicates: 1, storeErrors: 0 })
    })

    it('throws what the work throws, unchanged, and runs it again at the resend with its attempt', async () => {
      const { clock, dedup } = start()
      const error = new Error('db down')
      const attempts: number[] = []
      for (let resend = 0; resend < 3; resend += 1)
        await expect(
          finished(
            clock,
            dedup.once('m1', ({ attempt }) => {
              attempts.push(attempt)
              throw error
            }),
          ),
        ).rejects.toBe(error)
      expect(
        await finished(
          clock,
          dedup.once('m1', ({ attempt }) => attempt),
        ),
      ).toEqual({ status: 'done', value: 4 })
      expect(attempts).toEqual([1, 2, 3])
      expect(dedup.stats()).toMatchObject({ released: 3, completed: 1 })
    })

    it('lets one of many callers work; the others wait, and learn that it is done', async () => {
      const { clock, dedup } = start()
      let runs = 0
      const { opened, open } = gate()
      const callers = Array.from({ length: 25 }, () =>
        dedup.once('m1', async () => {
          runs += 1
          await opened
        }),
      )
      await clock.tick(1_000)
      open()
      const results = await finished(clock, Promise.all(callers))
      expect(results.map((result) => result.status).sort()).toEqual(['done', ...Array<string>(24).fill('duplicate')])
      expect(runs).toBe(1)
    })

    it('takes over when the caller that it waited for fails', async () => {
      const { clock, dedup } = start()
      const { opened, open } = gate()
      const first = dedup.once('m1', () => opened.then(fails()))
      const second = dedup.once('m1', ({ attempt }) => attempt)
      await clock.tick(200)
      open()
      await expect(finished(clock, first)).rejects.toThrow('db down')
      expect(await finished(clock, second)).toEqual({ status: 'done', value: 2 })
    })

    it('answers in-progress, never done, when the other one takes longer than the wait', async () => {
      const { clock, dedup } = start()
      const { opened, open } = gate()
      const first = dedup.once('m1', () => opened)
      const second = await finished(clock, dedup.once('m1', fails('ran twice'), { waitMs: 400 }))
      expect(second).toEqual({ status: 'in-progress', retryAfterMs: expect.any(Number) as number })
      expect(await finished(clock, dedup.once('m1', fails('ran twice'), { waitMs: 0 }))).toMatchObject({
        status: 'in-progress',
      })
      open()
      expect(await finished(clock, first)).toEqual({ status: 'done', value: undefined })
      expect(dedup.stats()).toMatchObject({ inProgress: 2, claimed: 1 })
    })

    it('aborts the signal of the work when the caller gives up, and refuses a caller that has given up', async () => {
      const { clock, dedup } = start()
      const caller = new AbortController()
      const seen: unknown[] = []
      const { opened, open } = gate()
      const work = async ({ signal }: { signal: AbortSignal }): Promise<void> => {
        seen.push(signal.aborted)
        await opened
        seen.push(signal.aborted, signal.reason)
      }
      const call = dedup.once('m1', work, { signal: caller.signal })
      await clock.tick(1)
      caller.abort('closing')
      open()
      expect(await finished(clock, call)).toMatchObject({ status: 'done' })
      expect(seen).toEqual([false, true, 'closing'])
      await expect(dedup.once('m2', work, { signal: caller.signal })).rejects.toBe('closing')
      expect(dedup.stats().claimed).toBe(1)
    })

    it('stops waiting for another caller when its own caller gives up', async () => {
      const { clock, dedup } = start()
      const caller = new AbortController()
      const { opened, open } = gate()
      const first = dedup.once('m1', () => opened)
      const second = dedup.once('m1', fails(), { signal: caller.signal, waitMs: 50_000 })
      await clock.tick(1)
      caller.abort('closing')
      expect(await finished(clock, second)).toMatchObject({ status: 'in-progress' })
      expect(clock.elapsed()).toBeLessThan(1_000)
      open()
      await finished(clock, first)
    })

    it('gives waitUntil the whole call, as a promise that does not reject', async () => {
      const { clock, dedup } = start()
      const kept: Promise<unknown>[] = []
      const waitUntil = (promise: Promise<unknown>): void => void kept.push(promise)
      const { opened, open } = gate()
      const call = dedup.once('m1', () => opened.then(fails()), { waitUntil })
      expect(kept).toHaveLength(1)
      let over = false
      const keptAlive = kept[0]?.then(() => (over = true))
      await clock.tick(1)
      expect(over).toBe(false)
      open()
      await expect(finished(clock, call)).rejects.toThrow('db down')
      await keptAlive
      expect(over).toBe(true)
    })

    it('rejects with what waitUntil throws, as one does that was taken off its object', async () => {
      const { clock, dedup } = start()
      const waitUntil = fails('Illegal invocation')
      await expect(
        finished(
          clock,
          dedup.once('m1', () => 1, { waitUntil }),
        ),
      ).rejects.toThrow('Illegal invocation')
      const each = dedup.each(['m2'], { key: (id) => id, handle: () => 1, waitUntil })
      await expect(finished(clock, each)).rejects.toThrow('Illegal invocation')
    })

    it.each([
      ['10 KB', 'k'.repeat(10_240), `${'k'.repeat(10_239)}j`],
      ['NUL', 'a\0b', 'a\0c'],
      ['lone surrogates', 'a\ud800', 'a\udc00'],
      ['a replacement character', 'a\ud800', 'a\ufffd'],
      ['what stands for a lone surrogate', 'a\ud800', 'a\ufffdd800'],
      ['names of Object.prototype', '__proto__', 'constructor'],
      ['blanks and case', 'A', 'A '],
    ])('keeps keys apart: %s', async (_, one, other) => {
      const { clock, dedup } = start()
      expect(
        await finished(
          clock,
          dedup.once(one, () => 1),
        ),
      ).toEqual({ status: 'done', value: 1 })
      expect(
        await finished(
          clock,
          dedup.once(other, () => 2),
        ),
      ).toEqual({ status: 'done', value: 2 })
      expect(
        await finished(
          clock,
          dedup.once(one, () => 3),
        ),
      ).toEqual({ status: 'duplicate' })
    })

    const work = (): number => 1
    it.each<[key: unknown, work: unknown, options: object]>([
      ['', work, {}],
      [7, work, {}],
      ['m1', 'not a function', {}],
      ['m1', work, { waitMs: -1 }],
      ['m1', work, { waitMs: '5s' }],
      ['m1', work, { maxAttempts: 0 }],
      ['m1', work, { park: 'no' }],
      ['m1', work, { waitUntil: 'no' }],
      ['m1', work, { signal: 'no' }],
      ['m1', work, { concurrency: 3 }],
    ])('refuses once(%j, %j, %j), and claims nothing', async (key, given, options) => {
      const { dedup } = start()
      const call = dedup.once(key as never, given as never, options)
      await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
      expect(dedup.stats()).toMatchObject({ claimed: 0, checked: 0 })
    })
  })

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished, forever, gate } from '../../test/support/dedup-probe.ts'
import { fails, places } from '../../test/support/dedup-start.ts'

for (const [place, start] of places)
  describe(`claimAll, ${place}`, () => {
    it('does the work once, and is a duplicate when all of its keys are done', async () => {
      const { clock, dedup, other } = start()
      const first = await finished(
        clock,
        dedup.claimAll(['a', 'b'], ({ attempt }) => attempt),
      )
      expect(first).toEqual({ status: 'done', value: 1 })
      for (const keys of [['a', 'b'], ['b'], ['b', 'a', 'b']])
        expect(await finished(clock, other.claimAll(keys, fails('twice')))).toEqual({ status: 'duplicate' })
      expect(await finished(clock, other.once('a', fails('twice')))).toEqual({ status: 'duplicate' })
    })

    it('works on the keys that are not done, when some are', async () => {
      const { clock, dedup, other } = start()
      await finished(
        clock,
        dedup.once('a', () => 1),
      )
      expect(
        await finished(
          clock,
          other.claimAll(['a', 'b'], () => 'work'),
        ),
      ).toMatchObject({ status: 'done' })
      expect(await finished(clock, dedup.once('b', fails('twice')))).toEqual({ status: 'duplicate' })
    })

    it('holds nothing while somebody else has one of its keys', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const first = dedup.once('b', () => opened)
      await clock.tick(10)
      const runs: string[] = []
      const all = other.claimAll(['a', 'b', 'c'], () => void runs.push('all'), { waitMs: 20_000 })
      await clock.tick(2_000)
      for (const key of ['a', 'c'])
        expect(await finished(clock, dedup.once(key, fails('free, and tried')).catch(String))).toContain(
          'free, and tried',
        )
      expect(runs).toEqual([])
      open()
      await finished(clock, first)
      expect(await finished(clock, all)).toMatchObject({ status: 'done' })
      expect(runs).toEqual(['all'])
    })

    it('says in progress when its time to wait is over, and leaves nothing held', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      const first = dedup.once('b', () => opened)
      await clock.tick(10)
      for (const options of [{ waitMs: 0 }, { waitMs: 300 }]) {
        const all = other.claimAll(['a', 'b'], fails('ran'), options)
        expect(await finished(clock, all)).toEqual({
          status: 'in-progress',
          retryAfterMs: expect.any(Number) as number,
        })
      }
      expect(
        await finished(
          clock,
          other.once('a', () => 'free'),
        ),
      ).toMatchObject({ status: 'done' })
      open()
      await finished(clock, first)
    })

    it('gives all of them back as begun when the work throws, unchanged', async () => {
      const { clock, dedup, other } = start()
      await expect(finished(clock, dedup.claimAll(['a', 'b'], fails('db down')))).rejects.toThrow('db down')
      const again = other.claimAll(['a', 'b'], ({ attempt }) => attempt)
      expect(await finished(clock, again)).toEqual({ status: 'done', value: 2 })
    })

    it('takes no promise for a yes of isDone', async () => {
      const { clock, dedup } = start()
      const options = { isDone: (() => Promise.resolve(false)) as never }
      const no = dedup.claimAll(['a'], () => 1, options)
      expect(await finished(clock, no)).toEqual({ status: 'undone', value: 1 })
      const yes = dedup.claimAll(['a'], () => 2)
      expect(await finished(clock, yes)).toEqual({ status: 'done', value: 2 })
    })

    it('gives them back when isDone says no, or throws, and counts them as begun', async () => {
      const { clock, dedup, other } = start()
      const options = { isDone: (status: number) => status < 300 }
      expect(
        await finished(
          clock,
          dedup.claimAll(['a', 'b'], () => 429, options),
        ),
      ).toEqual({ status: 'undone', value: 429 })
      await expect(
        finished(
          clock,
          dedup.claimAll(['a', 'b'], () => 1, { isDone: fails('no idea') }),
        ),
      ).rejects.toThrow('no idea')
      const again = other.claimAll(['a', 'b'], ({ attempt }) => attempt, options)
      expect(await finished(clock, again)).toEqual({ status: 'done', value: 3 })
    })

    it('has an end by time: the signal aborts, the keys are free, and a late success counts', async () => {
      const { clock, dedup, other } = start()
      const { opened, open } = gate()
      let signal: AbortSignal | undefined
      const call = dedup.claimAll(
        ['a', 'b'],
        (attempt) => {
          signal = attempt.signal
          return opened
        },
        { handleTimeoutMs: 1_000 },
      )
      await expect(finished(clock, call)).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
      expect(signal?.aborted).toBe(true)
      expect(dedup.stats()).toMatchObject({ timeouts: 1, zombies: 1 })
      open()
      await clock.tick(100)
      expect(dedup.stats().zombies).toBe(0)
      expect(await finished(clock, other.claimAll(['a', 'b'], fails('twice')))).toEqual({ status: 'duplicate' })
    })

    it('takes a late success for none that isDone refuses, also by a throw', async () => {
      for (const isDone of [() => false, fails('no idea')]) {
        const { clock, dedup, other } = start()
        const { opened, open } = gate()
        const call = dedup.claimAll(['a'], () => opened, { handleTimeoutMs: 1_000, isDone })
        await expect(finished(clock, call)).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
        open()
        await clock.tick(100)
        expect(
          await finished(
            clock,
            other.once('a', () => 'again'),
          ),
        ).toMatchObject({ status: 'done' })
      }
    })

    it('lets the work run for ever with Infinity', async () => {
      const { clock, dedup } = start()
      const { opened, open } = gate()
      const call = dedup.claimAll(['a'], () => opened, { handleTimeoutMs: Infinity })
      await clock.tick(3_600_000)
      open()
      expect(await finished(clock, call)).toMatchObject({ status: 'done' })
    })

    it('tells the work that the caller gave up, also while it claimed', async () => {
      const { clock, dedup } = start()
      const before = new AbortController()
      before.abort(new Error('gone'))
      await expect(dedup.claimAll(['a'], fails('ran'), { signal: before.signal })).rejects.toThrow('gone')
      for (const when of ['while it claims', 'while it works']) {
        const caller = new AbortController()
        const call = dedup.claimAll(
          [when],
          async ({ signal }) => {
            await new Promise<void>((resolve) =>
              signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve()),
            )
            return (signal.reason as Error).message
          },
          { signal: caller.signal },
        )
        if (when === 'while it works') await clock.tick(10)
        caller.abort(new Error('gave up'))
        expect(await finished(clock, call)).toEqual({ status: 'done', value: 'gave up' })
      }
    })

    it('does not wait any longer for others once the caller gave up', async () => {
      const { clock, dedup, other } = start()
      void dedup.once('a', forever, { handleTimeoutMs: Infinity })
      await clock.tick(10)
      const caller = new AbortController()
      const began = clock.elapsed()
      const call = other.claimAll(['a', 'b'], fails('ran'), { signal: caller.signal, waitMs: 30_000 })
      await clock.tick(100)
      caller.abort()
      expect(await finished(clock, call)).toMatchObject({ status: 'in-progress' })
      expect(clock.elapsed() - began).toBeLessThan(2_000)
    })

    it('refuses what is wrong before it claims', async () => {
      const { dedup } = start()
      const wrong = { code: 'ERR_PERF_OPTION' }
      await expect(dedup.claimAll([], () => 1)).rejects.toMatchObject(wrong)
      await expect(dedup.claimAll(['a', ''], () => 1)).rejects.toMatchObject(wrong)
      await expect(dedup.claimAll(['a'], () => 1, { handleTimeoutMs: 0 })).rejects.toMatchObject(wrong)
      await expect(dedup.claimAll(['a'], () => 1, { waitms: 1 } as object)).rejects.toMatchObject(wrong)
    })

    it('lets callers whose keys overlap in turn, never two at once, and leaves nothing held', async () => {
      const sets = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 4 }), {
        minLength: 2,
        maxLength: 6,
      })
      await fc.assert(
        fc.asyncProperty(
          sets,
          fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 6, maxLength: 6 }),
          async (all, takes) => {
            const { clock, dedup, other } = start()
            const busy = new Set<string>()
            const calls = all.map((keys, at) =>
              (at % 2 === 0 ? dedup : other).claimAll(
                keys,
                async () => {
                  for (const key of keys) expect(busy.has(key)).toBe(false)
                  keys.forEach((key) => busy.add(key))
                  await new Promise<void>((resolve) => void clock.after(takes[at] ?? 1, resolve))
                  keys.forEach((key) => busy.delete(key))
                },
                // Given back each time, so that everybody has to have them.
                { waitMs: 30_000, isDone: () => false },
              ),
            )
            const results = await finished(clock, Promise.all(calls))
            expect(results.map(({ status }) => status)).toEqual(all.map(() => 'undone'))
            const last = other.claimAll(['a', 'b', 'c', 'd'], () => 'all free', { waitMs: 0 })
            expect(await finished(clock, last)).toEqual({ status: 'done', value: 'all free' })
          },
        ),
        { numRuns: 40 },
      )
    })
  })

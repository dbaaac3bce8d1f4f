import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { finished, gate } from '../../test/support/dedup-probe.ts'
import { ids, key, places } from '../../test/support/dedup-start.ts'

for (const [place, start] of places)
  describe(`each, ${place}`, () => {
    it('answers one result per update, in the order given', async () => {
      const { clock, dedup, other } = start()
      await finished(
        clock,
        other.once('m1', () => 0),
      )
      const results = await finished(
        clock,
        dedup.each(ids(4), {
          key,
          handle: (update) => {
            if (update === 'm2') throw new Error('m2 fails')
            return update.toUpperCase()
          },
        }),
      )
      expect(results).toEqual([
        { key: 'm0', status: 'done', value: 'M0' },
        { key: 'm1', status: 'duplicate' },
        { key: 'm2', status: 'failed', error: new Error('m2 fails') },
        { key: 'm3', status: 'done', value: 'M3' },
      ])
      expect(dedup.stats()).toMatchObject({ released: 1 })
    })

    it('takes an empty batch', async () => {
      const { dedup } = start()
      expect(await dedup.each([], { key, handle: () => 1 })).toEqual([])
    })

    it('runs, at the resend of a thousand, exactly the one that failed', async () => {
      const { clock, dedup, other } = start()
      const runs: string[] = []
      let broken = true
      const handle = async (update: string): Promise<void> => {
        await undefined
        runs.push(update)
        if (broken && update === 'm500') throw new Error('once')
      }
      const first = await finished(clock, dedup.each(ids(1_000), { key, handle }))
      expect(first.filter(({ status }) => status !== 'done')).toMatchObject([{ key: 'm500', status: 'failed' }])
      broken = false
      const second = await finished(clock, other.each(ids(1_000), { key, handle }))
      expect(second.filter(({ status }) => status !== 'duplicate')).toMatchObject([{ key: 'm500', status: 'done' }])
      expect(runs).toHaveLength(1_001)
      expect(new Set(runs).size).toBe(1_000)
    })

    it('runs a key that stands twice in a batch once: the second is a duplicate', async () => {
      const { clock, dedup } = start()
      const runs: string[] = []
      const call = dedup.each(['a', 'b', 'a', 'a'], { key, handle: (update) => void runs.push(update) })
      expect((await finished(clock, call)).map(({ status }) => status)).toEqual([
        'done',
        'done',
        'duplicate',
        'duplicate',
      ])
      expect(runs).toEqual(['a', 'b'])
    })

    it('answers failed for the second one too, when the first one of a key that stands twice fails', async () => {
      const { clock, dedup } = start()
      const handle = (): never => {
        throw new Error('x')
      }
      const results = await finished(clock, dedup.each(['a', 'a'], { key, handle }))
      expect(results.map(({ status }) => status)).toEqual(['failed', 'failed'])
      expect(await finished(clock, dedup.each(['a'], { key, handle: () => 1 }))).toMatchObject([{ status: 'done' }])
    })

    it('leaves no lease behind when groupBy or key throws', async () => {
      const { clock, dedup, other } = start()
      const fail = (): never => {
        throw new Error('no group')
      }
      await expect(dedup.each(ids(2), { key, groupBy: fail, handle: () => 1 })).rejects.toThrow('no group')
      await expect(dedup.each(ids(2), { key: fail, handle: () => 1 })).rejects.toThrow('no group')
      expect(
        await finished(
          clock,
          other.once('m0', () => 1, { waitMs: 0 }),
        ),
      ).toMatchObject({ status: 'done' })
    })

    it('listens to the caller once, whatever the number of updates, and not any longer than it works', async () => {
      const { clock, dedup } = start()
      const caller = new AbortController()
      const listening = { now: 0, most: 0 }
      const { signal } = caller
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (...args: unknown[]) => {
        listening.most = Math.max(listening.most, (listening.now += 1))
        addEventListener.apply(signal, args as never)
      }
      signal.removeEventListener = (...args: unknown[]) => {
        listening.now -= 1
        removeEventListener.apply(signal, args as never)
      }
      const handle = (_: string, attempt: { signal: AbortSignal }): boolean => attempt.signal.aborted
      const results = await finished(clock, dedup.each(ids(50), { key, handle, signal }))
      expect(results[49]).toMatchObject({ status: 'done', value: false })
      expect(listening).toEqual({ now: 0, most: 1 })
    })

    it('aborts the signals of all updates, also of those that begin later, when the caller gives up', async () => {
      const { clock, dedup } = start()
      const caller = new AbortController()
      const { opened, open } = gate()
      const call = dedup.each(ids(20), {
        key,
        signal: caller.signal,
        handle: async (_, { signal }) => {
          await opened
          return signal.aborted
        },
      })
      await clock.tick(1)
      caller.abort()
      open()
      const results = await finished(clock, call)
      expect(results.map((result) => result.status === 'done' && result.value)).toEqual(Array(20).fill(true))
    })

    it('leaves no timer behind, so that a process can end', async () => {
      const { clock, dedup } = start()
      const { after } = clock
      let pending = 0
      clock.after = (ms, fire) => {
        let over = 0
        const end = (): void => {
          pending -= over ? 0 : 1
          over = 1
        }
        pending += 1
        const cancel = after(ms, () => {
          end()
          fire()
        })
        return () => {
          end()
          cancel()
        }
      }
      const handle = (update: string): void => {
        if (update === 'm1') throw new Error('x')
      }
      await finished(clock, dedup.each(ids(3), { key, handle }))
      // The pause after a write.
      await clock.tick(25)
      expect(pending).toBe(0)
    })

    it.each([
      [undefined, {}],
      [['a'], undefined],
      ['abc', {}],
      [['a'], { key: 'id' }],
      [['a'], { groupBy: 7 }],
      [['a'], { concurrency: 0 }],
      [['a'], { concurrency: 1.5 }],
      [['a'], { signal: {} }],
      [['a'], { waitUntil: {} }],
      [['a'], { retries: 3 }],
      [[7], {}],
      [['a', ''], {}],
    ])('refuses each(%j, %j) by a rejection, and runs nothing', async (updates, wrong) => {
      const { dedup } = start()
      const options = wrong === undefined ? undefined : { key, handle: () => 1, ...wrong }
      const call = dedup.each(updates as never, options as never)
      await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' })
      expect(dedup.stats()).toMatchObject({ claimed: 0, checked: 0 })
    })

    it('does every update exactly once, whatever overlaps, fails and is resent', async () => {
      const update = fc.constantFrom('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
      const delivery = fc.record({ updates: fc.array(update, { maxLength: 8 }), pause: fc.nat(60), last: fc.nat(50) })
      await fc.assert(
        fc.asyncProperty(
          fc.array(delivery, { minLength: 1, maxLength: 6 }),
          fc.array(update, { maxLength: 4 }),
          async (deliveries, failures) => {
            const { clock, dedup, other } = start()
            const left: string[] = [...failures]
            const finishedRuns = new Map<string, number>()
            const running = new Set<string>()
            const atOnce: string[] = []
            const handle = (last: number) => async (one: string) => {
              if (running.has(one)) atOnce.push(one)
              running.add(one)
              await new Promise<void>((resolve) => clock.after(last, resolve))
              running.delete(one)
              const fails = left.indexOf(one)
              if (fails >= 0) {
                left.splice(fails, 1)
                throw new Error('fails this time')
              }
              finishedRuns.set(one, (finishedRuns.get(one) ?? 0) + 1)
            }
            const groupBy = (one: string): string => one.charAt(0)
            const calls = []
            for (const [at, { updates, pause, last }] of deliveries.entries()) {
              const by = at % 2 ? other : dedup
              calls.push(by.each(updates, { key, groupBy, handle: handle(last), concurrency: 2, waitMs: 2_000 }))
              await clock.tick(pause)
            }
            await finished(clock, Promise.all(calls))
            const all: string[] = [...new Set<string>(deliveries.flatMap(({ updates }) => updates))]
            // The provider resends until nothing has failed.
            for (let resend = 0; resend < 5; resend += 1)
              await finished(clock, dedup.each(all, { key, groupBy, handle: handle(1), waitMs: 2_000 }))
            expect(atOnce).toEqual([])
            expect([...finishedRuns].sort()).toEqual(all.sort().map((one) => [one, 1]))
          },
        ),
        { numRuns: 60 },
      )
    })
  })

import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { manualClock } from '../testing/index.ts'
import { createRunDeadlines } from './run-deadlines.ts'

const WORKERS = { userAgent: 'Cloudflare-Workers' }

/** A clock that counts the timers that are set and neither fired nor cancelled. */
function counting() {
  const clock = manualClock()
  const timers = { set: 0, open: 0 }
  const whileAlive = (ms: number, fire: () => void): (() => void) => {
    timers.set += 1
    timers.open += 1
    const cancel = clock.after(ms, () => {
      timers.open -= 1
      fire()
    })
    return () => {
      timers.open -= 1
      cancel()
    }
  }
  return { clock, timers, deadlines: createRunDeadlines({ ...clock, whileAlive }) }
}

afterEach(() => void vi.unstubAllGlobals())

describe('the deadlines of runs', () => {
  it('fire once when a run has gone on for so long, in the order of their begins', async () => {
    const { clock, deadlines } = counting()
    const fired: string[] = []
    deadlines.watch(1_000, () => fired.push('first'))
    await clock.tick(400)
    deadlines.watch(1_000, () => fired.push('second'))
    await clock.tick(599)
    expect(fired).toEqual([])
    await clock.tick(1)
    expect(fired).toEqual(['first'])
    await clock.tick(400)
    expect(fired).toEqual(['first', 'second'])
    await clock.tick(60_000)
    expect(fired).toHaveLength(2)
  })

  it('leave a run alone that has ended, also when its end is told twice', async () => {
    const { clock, deadlines } = counting()
    const fired: string[] = []
    const stops = ['a', 'b', 'c'].map((name) => deadlines.watch(1_000, () => fired.push(name)))
    stops[1]?.()
    stops[1]?.()
    await clock.tick(2_000)
    expect(fired).toEqual(['a', 'c'])
    for (const stop of stops) stop()
    deadlines.watch(1_000, () => fired.push('d'))
    await clock.tick(2_000)
    expect(fired).toEqual(['a', 'c', 'd'])
  })

  it('cost one timer for all runs that have as much time, and none once all have ended', async () => {
    const { clock, timers, deadlines } = counting()
    for (let at = 0; at < 1_000; at += 1) deadlines.watch(1_000, () => undefined)()
    expect(timers.set).toBe(1)
    await clock.tick(1_000)
    expect(timers.open).toBe(0)
    deadlines.watch(1_000, () => undefined)()
    expect(timers.set).toBe(2)
  })

  it('need no timer for a run that may go on for ever', () => {
    const { timers, deadlines } = counting()
    deadlines.watch(Infinity, () => expect.unreachable('it fired'))()
    expect(timers.set).toBe(0)
  })

  it.each(['Node.js/22', WORKERS.userAgent])(
    'do so whatever begins and ends, with several times, on %s',
    async (userAgent) => {
      vi.stubGlobal('navigator', { userAgent })
      const run = fc.record({
        waits: fc.integer({ min: 0, max: 300 }),
        timeoutMs: fc.constantFrom(100, 250, 1_000),
        takes: fc.integer({ min: 0, max: 1_500 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(run, { maxLength: 20 }), async (runs) => {
          const { clock, deadlines, timers } = counting()
          const fired = new Map<number, number>()
          const expected = new Map<number, number>()
          for (const [at, { waits, timeoutMs, takes }] of runs.entries()) {
            await clock.tick(waits)
            const due = clock.elapsed() + timeoutMs
            const stop = deadlines.watch(timeoutMs, () => fired.set(at, clock.elapsed()))
            clock.after(takes, stop)
            if (takes > timeoutMs) expected.set(at, due)
          }
          await clock.tick(10_000)
          // At the same moment either may come first.
          for (const [at, { takes, timeoutMs }] of runs.entries()) if (takes === timeoutMs) fired.delete(at)
          expect(new Map([...fired].sort())).toEqual(new Map([...expected].sort()))
          expect(timers.open).toBeLessThanOrEqual(0)
        }),
        { numRuns: 50 },
      )
    },
  )

  it('have a timer each on Workers, where a timer ends with the request that set it', async () => {
    vi.stubGlobal('navigator', WORKERS)
    const { clock, timers, deadlines } = counting()
    const fired: string[] = []
    deadlines.watch(1_000, () => fired.push('a'))
    const stop = deadlines.watch(1_000, () => fired.push('b'))
    expect(timers.set).toBe(2)
    stop()
    expect(timers.open).toBe(1)
    await clock.tick(1_000)
    expect(fired).toEqual(['a'])
  })
})

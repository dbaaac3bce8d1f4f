import type { Clock } from '../core/clock.ts'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms`, firing the timers that come due in their order, and lets the work they start run. */
  tick(ms: number): Promise<void>
  /** Puts the wall clock at `epochMs`, forwards or backwards, as an administrator would; timers and `elapsed` do not notice. */
  set(epochMs: number): void
}

interface Timer {
  readonly at: number
  readonly fire: () => void
}

/** Enough turns of the microtask queue for a chain of awaits to come to rest. */
const TURNS = 50

/**
 * Creates a clock for tests: time passes only by `tick`.
 *
 * @param start - the first reading of `now()`, in epoch milliseconds
 */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  let wall = start
  let passed = 0
  const timers = new Set<Timer>()

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn += 1) await undefined
  }
  const next = (until: number): Timer | undefined => {
    const due = [...timers].filter((timer) => timer.at <= until)
    return due.sort((a, b) => a.at - b.at)[0]
  }
  const advance = (to: number): void => {
    wall += to - passed
    passed = to
  }

  const after = (ms: number, fire: () => void): (() => void) => {
    const timer = { at: passed + Math.max(0, ms), fire }
    timers.add(timer)
    return () => timers.delete(timer)
  }

  return {
    now: () => wall,
    elapsed: () => passed,
    after,
    whileAlive: after,
    async tick(ms) {
      const until = passed + ms
      await settle()
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer)
        advance(Math.max(passed, timer.at))
        timer.fire()
        await settle()
      }
      // Another tick that was not awaited may be further on already.
      advance(Math.max(passed, until))
      await settle()
    },
    set(epochMs) {
      wall = epochMs
    },
  }
}

import type { Clock } from './clock.ts'
import { sleep } from './clock.ts'
import { promisesDieWithRequests } from './platform.ts'

/** The right to be among those who are let in, until it is given back. */
export interface Permit {
  /** Until when it counts, by `clock.elapsed`, where a request may end without giving it back. */
  readonly until: number
}

/** Lets so many in at a time; the others wait in the order they came. */
export interface Semaphore {
  /** Undefined when there is no room. */
  take(): Permit | undefined
  /** Resolves with a permit when there is room. */
  wait(): Promise<Permit>
  /** Lets the next one in. */
  give(permit: Permit): void
}

export interface SemaphoreOptions {
  readonly clock: Clock
  /** Nobody needs a permit for longer: on Workers one that is older was held by a request that has ended. */
  readonly longestMs: number
}

/** On Workers a waiter looks for itself: what another request's promise wakes does not run. */
const LOOK_EVERY_MS = 20

export function createSemaphore(size: number, { clock, longestMs }: SemaphoreOptions): Semaphore {
  /** All permits are alike where nobody can take one along to its end. */
  const lasting: Permit = { until: Infinity }
  let waiting: ((permit: Permit) => void)[] = []
  let first = 0
  let held = 0
  const mortal = new Set<Permit>()

  function takeMortal(): Permit | undefined {
    const now = clock.elapsed()
    if (mortal.size >= size) for (const permit of mortal) if (permit.until <= now) mortal.delete(permit)
    if (mortal.size >= size) return undefined
    const permit = { until: now + longestMs }
    mortal.add(permit)
    return permit
  }

  function take(): Permit | undefined {
    if (promisesDieWithRequests()) return takeMortal()
    if (held >= size) return undefined
    held += 1
    return lasting
  }

  return {
    take,
    async wait() {
      while (promisesDieWithRequests()) {
        const permit = takeMortal()
        if (permit !== undefined) return permit
        await sleep(clock, LOOK_EVERY_MS)
      }
      return take() ?? new Promise((resolve) => waiting.push(resolve))
    },
    give(permit) {
      if (mortal.delete(permit) || permit !== lasting) return
      const next = waiting[first]
      if (next === undefined) {
        held -= 1
        return
      }
      // An index, not `shift`: thousands may wait.
      first += 1
      if (first === waiting.length || first > 1_024) {
        waiting = waiting.slice(first)
        first = 0
      }
      next(lasting)
    },
  }
}

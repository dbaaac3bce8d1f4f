/** True for what can be awaited to some effect: a promise of this or of another realm, or what behaves like one. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/**
 * Runs `work` once, and calls `done` with what it gave or `failed`: at once, or when its promise has settled. A thenable
 * that is no promise becomes one, because query builders run their query again for each listener.
 *
 * @returns what `work` returns
 * @throws whatever `work` throws, unchanged
 */
export function whenEnded<T>(work: () => T, done: (value: unknown) => void, failed: () => void): T {
  let result: T
  try {
    result = work()
    if (isPromiseLike(result)) {
      const promise = result instanceof Promise ? result : Promise.resolve(result)
      // Listened to and given back as it is: the caller gets its own promise, and a rejection stays its business.
      promise.then(done, failed)
      return promise as T
    }
  } catch (error) {
    failed()
    throw error
  }
  done(result)
  return result
}

/** Enough for a body, a signature, a claim, a handler that awaits a cache hit, and the end of them. */
const QUICK_TURNS = 32

/** True when `working` settles within a few turns, as what need not leave the process does: cheaper to see than a timer is to set. */
export async function endsSoon(working: Promise<unknown>): Promise<boolean> {
  let over = false
  const mark = (): void => void (over = true)
  working.then(mark, mark)
  for (let turn = 0; turn < QUICK_TURNS && !over; turn += 1) await undefined
  return over
}

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

import { isPromiseLike } from '../core/promise.ts'

/** How a piece of work ended. A label. */
export type Outcome = 'ok' | 'error'

/**
 * Runs `work` once, and says how it ended: at once, or when its promise has settled. A thenable that is no promise becomes
 * one, because query builders run their query again for each listener.
 *
 * @param judge - how a value counts that `work` gave
 * @returns what `work` returns
 * @throws whatever `work` throws, unchanged
 */
export function watched<T>(work: () => T, judge: (value: unknown) => Outcome, ended: (outcome: Outcome) => void): T {
  let result: T
  try {
    result = work()
    if (isPromiseLike(result)) {
      const promise = result instanceof Promise ? result : Promise.resolve(result)
      // Listened to and given back as it is: the caller gets its own promise, and a rejection stays its business.
      promise.then(
        (value) => ended(judge(value)),
        () => ended('error'),
      )
      return promise as T
    }
  } catch (error) {
    ended('error')
    throw error
  }
  ended(judge(result))
  return result
}

export const returned = (): Outcome => 'ok'

/** supabase-js, and the queries of this package, give `{ data, error }` and throw nothing. */
export function withoutError(value: unknown): Outcome {
  return (fieldOf(value, 'error') ?? undefined) === undefined ? 'ok' : 'error'
}

/** `fetch` gives a response with `ok: false` for an answer of 400 or more, and throws nothing. */
export function wasOk(value: unknown): Outcome {
  return fieldOf(value, 'ok') === false ? 'error' : 'ok'
}

/** A value may be anything, also a proxy that throws: looking at it must not fail the work. */
function fieldOf(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  } catch {
    return undefined
  }
}

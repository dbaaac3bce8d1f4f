import type { Clock } from '../core/clock.ts'
import { isPromiseLike } from '../core/promise.ts'
import type { SeriesTableOptions } from './series-table.ts'

/** What an instrument gets from its registry. */
export interface InstrumentContext extends Pick<
  SeriesTableOptions<unknown>,
  'maxSeries' | 'allowDigits' | 'misuse' | 'dropped'
> {
  readonly clock: Clock
}

/** Calls `end` when `work` has returned or thrown, or when the promise it returned has settled. */
export function around<T>(work: () => T, end: () => void): T {
  let result: T
  try {
    result = work()
  } catch (error) {
    end()
    throw error
  }
  if (!isPromiseLike(result)) {
    end()
    return result
  }
  // Listened to and given back as it is: the caller gets its own promise, and a rejection stays its business.
  result.then(end, end)
  return result
}

import type { Clock } from '../core/clock.ts'
import type { Family } from '../core/metrics-port.ts'
import { isPromiseLike } from '../core/promise.ts'
import type { SeriesTableOptions } from './series-table.ts'

/** What an instrument gets from its registry. */
export interface InstrumentContext extends Pick<
  SeriesTableOptions<unknown>,
  'maxSeries' | 'allowDigits' | 'misuse' | 'dropped'
> {
  readonly clock: Clock
}

/** One metric, as the registry holds it. */
export interface Instrument {
  /** What the user records into: the only series of a metric without labels, so that nothing stands in between. */
  readonly face: object
  /** What a scrape reads. */
  readonly family: Family
}

/** Why a recording is dropped that gives a label to a series, whose labels stand already. */
export const LABEL_TOO_MANY = 'it has no labels, or has them already'

/**
 * Calls `end` when `work` has returned or thrown, or when the promise it returned has settled. Other thenables are turned
 * into a promise: query builders run their query again for each listener, so there must be only one.
 */
export function around<T>(work: () => T, end: () => void): T {
  let result: T
  try {
    result = work()
    if (isPromiseLike(result)) {
      const promise = result instanceof Promise ? result : Promise.resolve(result)
      // Listened to and given back as it is: the caller gets its own promise, and a rejection stays its business.
      promise.then(end, end)
      return promise as T
    }
  } catch (error) {
    end()
    throw error
  }
  end()
  return result
}

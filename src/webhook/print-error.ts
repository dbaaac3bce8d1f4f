import type { Clock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import type { FailureContext } from './options.ts'

/** An outage meets every delivery: one line in so many milliseconds says as much. */
const OUTAGE_EVERY_MS = 10_000

/**
 * Makes the default `onError`: every error goes to `console.error` with its stack, as every web framework does; what the
 * package adds to it are the names of door and kind.
 */
export function errorPrinter(
  name: string,
  clock: Clock,
): (error: unknown, context: Pick<FailureContext<readonly unknown[]>, 'kind' | 'attempt'>) => void {
  let quietUntil = -Infinity
  return (error, { kind, attempt }) => {
    if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) {
      const now = clock.elapsed()
      if (now < quietUntil) return
      quietUntil = now + OUTAGE_EVERY_MS
    }
    const what = kind === 'delivery' ? 'a delivery failed' : `an update of kind ${kind} failed (attempt ${attempt})`
    console.error(`webhook ${name}: ${what}`, error)
  }
}

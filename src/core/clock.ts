/** Where every room takes its time from, so that a test can move it by hand. */
export interface Clock {
  /** Wall time in epoch milliseconds; comparable with what stores and other processes say. */
  now(): number
  /** Milliseconds since some moment in the past, never going backwards; for durations. */
  elapsed(): number
  /** Calls `fire` once after `ms` milliseconds, and returns what cancels that. */
  after(ms: number, fire: () => void): () => void
  /** As `after`, for what is only worth doing while something else keeps the process alive. */
  whileAlive(ms: number, fire: () => void): () => void
}

/** `setTimeout` fires at once when it is asked for more (https://html.spec.whatwg.org/#timers). */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * The clock of the platform. This is the only file that names `Date`, `performance` or `setTimeout`.
 *
 * Wrapped, not referenced: a test that replaces `Date.now` later must still be heard. Timers keep the process alive,
 * because each one belongs to a call in flight.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, fire) {
    const timer = setTimeout(fire, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
  whileAlive(ms, fire) {
    const timer = setTimeout(fire, Math.min(ms, LONGEST_TIMER_MS))
    // A number in browsers and on Workers, where no timer keeps anything alive.
    ;(timer as { unref?: () => void }).unref?.()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms` milliseconds of `clock`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve))
}

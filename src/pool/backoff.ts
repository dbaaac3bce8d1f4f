import type { Clock } from '../core/clock.ts'

const SHORTEST_MS = 50
const LONGEST_MS = 1_000

/**
 * When a client may be made again after one could not be: twice as long after each failure in a row, less up to a half by
 * chance, so that many processes do not come back at once. Who asks in between is told the last failure, unless there are
 * other clients to wait for.
 */
export class Backoff {
  /** The last failure; absent while all is well. */
  failure: { readonly error: unknown } | undefined
  #failures = 0
  #retryAt = 0

  failed(clock: Clock, error: unknown): void {
    this.failure = { error }
    const now = clock.elapsed()
    // Clients that were being made at the same time fail together, and count once.
    if (now < this.#retryAt) return
    this.#retryAt = now + Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#failures) * (1 - Math.random() / 2)
    this.#failures += 1
  }

  healed(): void {
    this.failure = undefined
    this.#failures = 0
  }

  /** In how many milliseconds another try may be made; none are left when it may be made now. */
  leftMs(clock: Clock): number {
    return this.failure === undefined ? 0 : this.#retryAt - clock.elapsed()
  }
}

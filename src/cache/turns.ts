import type { Clock } from '../core/clock.ts'
import { withDeadline } from '../core/deadline.ts'

interface Turn {
  readonly over: Promise<unknown>
  /** When it is over at the latest, by `clock.elapsed`: on Workers one whose request has ended never says so. */
  readonly until: number
}

/** One piece of work after the other for each key: two of them on two connections may overtake each other. */
export class Turns {
  readonly #clock: Clock
  readonly #longestMs: number
  readonly #last = new Map<string, Turn>()

  /** @param longestMs - no work takes longer, by its own deadlines */
  constructor(clock: Clock, longestMs: number) {
    this.#clock = clock
    this.#longestMs = longestMs
  }

  /** Whether somebody is at work on the key. */
  has(key: string): boolean {
    const last = this.#last.get(key)
    if (last === undefined) return false
    if (this.#clock.elapsed() < last.until) return true
    this.#last.delete(key)
    return false
  }

  /** Does the work when what was asked for before is over, however it ended. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.has(key) ? this.#last.get(key) : undefined
    const mine = before === undefined ? work() : this.#after(before).then(work, work)
    const turn: Turn = { over: mine, until: (before?.until ?? this.#clock.elapsed()) + this.#longestMs }
    this.#last.set(key, turn)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }

  // By a timer of its own: on Workers, a request that waits for nothing but another one's promise is taken for hung.
  #after({ over, until }: Turn): Promise<unknown> {
    const timeoutMs = Math.max(0, until - this.#clock.elapsed())
    return withDeadline({ clock: this.#clock, timeoutMs, what: 'the change before' }, () => over)
  }
}

import type { Clock } from '../core/clock.ts'
import { promisesDieWithRequests } from '../core/platform.ts'

/** Calls what was asked for when a run has gone on for too long. */
export interface RunDeadlines {
  /** @returns what ends the watch */
  watch(timeoutMs: number, fire: () => void): () => void
}

/** A run that is watched, and a link of the chain of those that have as much time. */
interface Watched {
  readonly until: number
  readonly fire: () => void
  previous: Watched | undefined
  next: Watched | undefined
}

/**
 * One timer for all runs that have as much time: a timer for each would cost more than the rest of a claim, and most runs
 * are over long before. They stand in the order in which they began, so that the first one is the next that is due.
 *
 * On Workers a timer ends with the request that set it, so there each run has its own.
 */
export function createRunDeadlines(clock: Clock): RunDeadlines {
  const chains = new Map<number, Chain>()
  let last: Chain | undefined
  return {
    watch(timeoutMs, fire) {
      if (timeoutMs === Infinity) return () => undefined
      if (promisesDieWithRequests()) return clock.whileAlive(timeoutMs, fire)
      if (last?.timeoutMs !== timeoutMs) {
        last = chains.get(timeoutMs) ?? new Chain(clock, timeoutMs, () => chains.delete(timeoutMs))
        chains.set(timeoutMs, last)
      }
      const chain = last
      const watched = chain.add(fire)
      return () => chain.delete(watched)
    },
  }
}

class Chain {
  readonly timeoutMs: number
  readonly #clock: Clock
  readonly #idle: () => void
  #first: Watched | undefined
  #last: Watched | undefined
  #armed = false

  /** @param idle - is called when no run is watched any more, at the latest a timeout after the last one */
  constructor(clock: Clock, timeoutMs: number, idle: () => void) {
    this.#clock = clock
    this.timeoutMs = timeoutMs
    this.#idle = idle
  }

  add(fire: () => void): Watched {
    const until = this.#clock.elapsed() + this.timeoutMs
    const watched: Watched = { until, fire, previous: this.#last, next: undefined }
    if (this.#last === undefined) this.#first = watched
    else this.#last.next = watched
    this.#last = watched
    if (!this.#armed) this.#arm(this.timeoutMs)
    return watched
  }

  delete(watched: Watched): void {
    const { previous, next } = watched
    if (previous === undefined && this.#first !== watched) return
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    watched.previous = undefined
    watched.next = undefined
  }

  #arm(ms: number): void {
    this.#armed = true
    this.#clock.whileAlive(ms, () => this.#look())
  }

  #look(): void {
    this.#armed = false
    const now = this.#clock.elapsed()
    for (let due = this.#first; due !== undefined && due.until <= now; due = this.#first) {
      this.delete(due)
      due.fire()
    }
    if (this.#first === undefined) this.#idle()
    else this.#arm(this.#first.until - now)
  }
}

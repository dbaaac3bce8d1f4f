import { detached } from '../core/detached.ts'
import type { BoundCounter, BoundHistogram, Counter, Histogram } from '../core/metrics-port.ts'
import type { Outcome } from './track-work.ts'

/** One kind of work, e.g. the calls to one API. */
export interface Work {
  /** Counts one that has ended. */
  end(outcome: Outcome, seconds: number): void
}

/** Work whose series are held. */
class HeldWork implements Work {
  readonly #ok: BoundCounter
  readonly #error: BoundCounter
  readonly #duration: BoundHistogram

  constructor(calls: Counter, durations: Histogram, labels: readonly string[]) {
    this.#ok = calls.with(...labels, 'ok')
    this.#error = calls.with(...labels, 'error')
    this.#duration = durations.with(...labels)
  }

  end(outcome: Outcome, seconds: number): void {
    if (outcome === 'ok') this.#ok.inc()
    else this.#error.inc()
    this.#duration.observe(seconds)
  }
}

/** More names are no words of the caller's own; what comes later is counted without a 0 before it. */
const MOST_NAMES = 500

/** Counts work by its outcome, and measures it. Both outcomes of it are shown from its beginning on: a rate needs a 0. */
export class WorkRecorder {
  readonly #calls: Counter
  readonly #durations: Histogram
  readonly #depth: number
  readonly #known = new Map<string, Map<string, Work>>()
  #names = 0

  /** @param depth - how many labels a kind of work has */
  constructor(calls: Counter, durations: Histogram, depth: 1 | 2) {
    this.#calls = calls
    this.#durations = durations
    this.#depth = depth
  }

  /** The work of these labels. */
  of(first: string, second?: string): Work {
    return this.#known.get(first)?.get(second ?? '') ?? this.#open(second === undefined ? [first] : [first, second])
  }

  #open(labels: readonly string[]): Work {
    const fit = labels.length === this.#depth && labels.every((label) => typeof label === 'string')
    if (!fit || this.#names >= MOST_NAMES) return this.#unheld(labels)
    this.#names += 1
    const work = new HeldWork(this.#calls, this.#durations, labels)
    const [first = '', second = ''] = labels
    const own = this.#known.get(first) ?? new Map<string, Work>()
    if (own.size === 0) this.#known.set(detached(first), own)
    own.set(detached(second), work)
    return work
  }

  /** Labels that are wrong, which the registry drops and counts, or one too many to be held. */
  #unheld(labels: readonly string[]): Work {
    return {
      end: (outcome, seconds) => {
        this.#calls.inc(...labels, outcome)
        this.#durations.observe(seconds, ...labels)
      },
    }
  }
}

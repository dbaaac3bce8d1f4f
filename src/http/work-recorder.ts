import { detached } from '../core/detached.ts'
import type { BoundCounter, BoundGauge, BoundHistogram, Counter, Gauge, Histogram } from '../core/metrics-port.ts'
import type { Outcome } from './track-work.ts'

/** One kind of work, e.g. the calls to one API. */
export interface Work {
  /** One begins: it is in flight until `end`. */
  begin(): void
  /** One that had begun has ended: counts it. */
  end(outcome: Outcome, seconds: number): void
  /** Counts one whose beginning nobody has told. */
  count(outcome: Outcome, seconds: number): void
}

/** What work is recorded in. */
export interface WorkMetrics {
  readonly calls: Counter
  readonly inFlight: Gauge
  readonly durations: Histogram
}

/** Work whose series are held. */
class HeldWork implements Work {
  readonly #ok: BoundCounter
  readonly #error: BoundCounter
  readonly #duration: BoundHistogram
  readonly #openGauge: () => BoundGauge
  /** There from the first beginning on: where nobody tells of beginnings, 0 would be a lie. */
  #inFlight: BoundGauge | undefined

  constructor({ calls, inFlight, durations }: WorkMetrics, labels: readonly string[]) {
    this.#ok = calls.with(...labels, 'ok')
    this.#error = calls.with(...labels, 'error')
    this.#duration = durations.with(...labels)
    this.#openGauge = () => inFlight.with(...labels)
  }

  begin(): void {
    this.#inFlight ??= this.#openGauge()
    this.#inFlight.inc()
  }

  end(outcome: Outcome, seconds: number): void {
    this.#inFlight?.dec()
    this.count(outcome, seconds)
  }

  count(outcome: Outcome, seconds: number): void {
    if (outcome === 'ok') this.#ok.inc()
    else this.#error.inc()
    this.#duration.observe(seconds)
  }
}

/** More names are no words of the caller's own; what comes later is counted without a 0 before it. */
const MOST_NAMES = 500

/** Counts work by its outcome, and measures it. Both outcomes of it are shown from its beginning on: a rate needs a 0. */
export class WorkRecorder {
  readonly #metrics: WorkMetrics
  readonly #depth: number
  readonly #known = new Map<string, Map<string, Work>>()
  #names = 0

  /** @param depth - how many labels a kind of work has */
  constructor(metrics: WorkMetrics, depth: 1 | 2) {
    this.#metrics = metrics
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
    const work = new HeldWork(this.#metrics, labels)
    const [first = '', second = ''] = labels
    const own = this.#known.get(first) ?? new Map<string, Work>()
    if (own.size === 0) this.#known.set(detached(first), own)
    own.set(detached(second), work)
    return work
  }

  /** Labels that are wrong, which the registry drops and counts, or one too many to be held. */
  #unheld(labels: readonly string[]): Work {
    const { calls, inFlight, durations } = this.#metrics
    const count = (outcome: Outcome, seconds: number): void => {
      calls.inc(...labels, outcome)
      durations.observe(seconds, ...labels)
    }
    return {
      begin: () => inFlight.inc(...labels),
      end: (outcome, seconds) => {
        inFlight.dec(...labels)
        count(outcome, seconds)
      },
      count,
    }
  }
}

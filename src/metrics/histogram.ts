import type { Clock } from '../core/clock.ts'
import type { BoundHistogram, Family, Histogram, HistogramSnapshot } from '../core/metrics-port.ts'
import type { Definition } from './definition.ts'
import { around, type InstrumentContext } from './instrument.ts'
import { SeriesTable } from './series-table.ts'
import { createPlaces, type Slots } from './slots.ts'

/** What all series of one histogram share. */
interface Shared {
  readonly clock: Clock
  readonly misuse: (why: string) => void
  /** Ascending upper bounds. */
  readonly bounds: Float64Array
}

/**
 * A series is its own bound handle. Its numbers stand side by side in an array of doubles: one count for each bucket
 * alone, one for what is above all bounds, then sum, smallest and largest value.
 */
class HistogramSeries implements BoundHistogram {
  readonly #shared: Shared
  readonly #slots: Float64Array
  readonly #at: number

  constructor(shared: Shared, { slots, at }: Slots) {
    this.#shared = shared
    this.#slots = slots
    this.#at = at
    const extremes = at + shared.bounds.length + 2
    slots[extremes] = Infinity
    slots[extremes + 1] = -Infinity
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return this.#shared.misuse('a histogram takes finite values')
    const { bounds } = this.#shared
    const slots = this.#slots
    // A walk and not a binary search: latencies are small, and so is the number of buckets.
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1
    const sum = this.#at + bounds.length + 1
    slots[this.#at + bucket] = (slots[this.#at + bucket] as number) + 1
    slots[sum] = (slots[sum] as number) + value
    if (value < (slots[sum + 1] as number)) slots[sum + 1] = value
    if (value > (slots[sum + 2] as number)) slots[sum + 2] = value
  }

  startTimer(): () => number {
    const { clock } = this.#shared
    const startedAt = clock.elapsed()
    let seconds: number | undefined
    return () => {
      if (seconds !== undefined) return seconds
      seconds = (clock.elapsed() - startedAt) / 1_000
      this.observe(seconds)
      return seconds
    }
  }

  time<T>(work: () => T): T {
    return around(work, this.startTimer())
  }

  snapshot(): HistogramSnapshot {
    const buckets = this.#shared.bounds.length + 1
    const counts = Array.from(this.#slots.subarray(this.#at, this.#at + buckets))
    const count = counts.reduce((total, inside) => total + inside, 0)
    const [sum = 0, min = 0, max = 0] = this.#slots.subarray(this.#at + buckets)
    return count === 0 ? { counts, count, sum: 0, min: 0, max: 0 } : { counts, count, sum, min, max }
  }
}

/** A histogram, as the registry holds it: what the user records into, and what a scrape reads. */
export class HistogramInstrument implements Histogram {
  readonly family: Family
  readonly #table: SeriesTable<HistogramSeries>

  constructor({ name, help, labels, buckets = [] }: Definition, context: InstrumentContext) {
    const shared: Shared = { clock: context.clock, misuse: context.misuse, bounds: Float64Array.from(buckets) }
    const takeSlots = createPlaces(buckets.length + 4, labels.length === 0 ? 1 : 16)
    const create = (): HistogramSeries => new HistogramSeries(shared, takeSlots())
    this.#table = new SeriesTable({ ...context, labels, create, sink: create() })
    this.family = {
      type: 'histogram',
      name,
      help,
      labels,
      buckets,
      each: (visit) => this.#table.each((values, series) => visit(values, series.snapshot())),
    }
  }

  observe(value: number, ...labels: readonly unknown[]): void {
    this.#table.find(labels).observe(value)
  }

  startTimer(...labels: readonly unknown[]): () => number {
    return this.#table.find(labels).startTimer()
  }

  time<T>(work: () => T, ...labels: readonly unknown[]): T {
    return this.#table.find(labels).time(work)
  }

  with(...labels: readonly unknown[]): BoundHistogram {
    return this.#table.find(labels)
  }
}

import type { Clock } from '../core/clock.ts'
import { OptionError } from '../core/errors.ts'
import type { BoundHistogram, Histogram, HistogramSnapshot } from '../core/metrics-port.ts'
import { whenEnded } from '../core/promise.ts'
import { sketchQuantile } from '../core/sketch-quantile.ts'
import { LABEL_TOO_MANY } from './instrument.ts'
import { ValueSketch } from './sketch.ts'
import type { BucketIndex } from './bucket-index.ts'
import type { DoubleBits } from './double-bits.ts'
import type { SketchIndex } from './sketch-index.ts'
import type { Slots } from './slots.ts'

/** What all series of one histogram share. */
export interface HistogramShape {
  readonly clock: Clock
  readonly misuse: (why: string) => void
  readonly bits: DoubleBits
  readonly buckets: BucketIndex
  /** Of a histogram with `quantiles: true`. */
  readonly sketchIndex: SketchIndex | undefined
}

/**
 * A series is its own bound handle. Its numbers stand side by side in an array of doubles: one count for each bucket
 * alone, one for what is above all bounds, then sum, smallest and largest value.
 */
export class HistogramSeries implements BoundHistogram, Histogram<[]> {
  readonly #shape: HistogramShape
  readonly #slots: Float64Array
  readonly #at: number
  readonly #sketch: ValueSketch | undefined

  constructor(shape: HistogramShape, { slots, at }: Slots) {
    this.#shape = shape
    this.#sketch = shape.sketchIndex && new ValueSketch(shape.sketchIndex)
    this.#slots = slots
    this.#at = at
    const extremes = at + shape.buckets.size + 1
    slots[extremes] = Infinity
    slots[extremes + 1] = -Infinity
  }

  observe(value: number, label?: unknown): void {
    if (!Number.isFinite(value) || label !== undefined) return this.#wrong(label)
    const { buckets, bits } = this.#shape
    const slots = this.#slots
    const sum = this.#at + buckets.size
    const total = (slots[sum] as number) + value
    // Two finite values may be no number together, and the sum would be none for ever.
    if (!Number.isFinite(total)) return this.#wrong(label)
    const high = bits.highOf(value)
    const bucket = this.#at + buckets.of(value, high)
    slots[bucket] = (slots[bucket] as number) + 1
    slots[sum] = total
    if (value < (slots[sum + 1] as number) || value > (slots[sum + 2] as number)) this.#widen(value, sum + 1)
    this.#sketch?.add(value, high, 1)
  }

  /** Apart from `observe`, which engines inline only while it is small. */
  #widen(value: number, min: number): void {
    const slots = this.#slots
    slots[min] = Math.min(value, slots[min] as number)
    slots[min + 1] = Math.max(value, slots[min + 1] as number)
  }

  startTimer(label?: unknown): () => number {
    // Now, and not when the work is over: a strict registry must tell the caller, and nobody awaits the end.
    if (label !== undefined) this.#wrong(label)
    const { clock } = this.#shape
    const startedAt = clock.elapsed()
    let seconds: number | undefined
    return () => {
      if (seconds !== undefined) return seconds
      seconds = (clock.elapsed() - startedAt) / 1_000
      if (label === undefined) this.observe(seconds)
      return seconds
    }
  }

  time<T>(work: () => T, label?: unknown): T {
    const end = this.startTimer(label)
    return whenEnded(work, end, end)
  }

  quantile(q: number, label?: unknown): number {
    if (label !== undefined) this.#wrong(label)
    return quantileOf(q, this.#shape, label === undefined ? this : undefined)
  }

  with(label?: unknown): BoundHistogram {
    if (label !== undefined) this.#wrong(label)
    return this
  }

  snapshot(): HistogramSnapshot {
    const buckets = this.#shape.buckets.size
    const counts = Array.from(this.#slots.subarray(this.#at, this.#at + buckets))
    const count = counts.reduce((total, inside) => total + inside, 0)
    const [sum = 0, min = 0, max = 0] = this.#slots.subarray(this.#at + buckets)
    const extremes = count === 0 ? { min: 0, max: 0 } : { min, max }
    const sketch = this.#sketch?.snapshot()
    return { counts, count, sum, ...extremes, ...(sketch && { sketch }) }
  }

  #wrong(label: unknown): void {
    this.#shape.misuse(label === undefined ? 'a histogram takes finite values' : LABEL_TOO_MANY)
  }
}

/** The quantile of a series, 0 when there is none. @throws OptionError `ERR_PERF_OPTION` */
export function quantileOf(q: number, { sketchIndex }: HistogramShape, series: HistogramSeries | undefined): number {
  if (sketchIndex === undefined) throw new OptionError('quantile() needs a histogram with quantiles: true')
  if (typeof q !== 'number' || !(q >= 0 && q <= 1)) throw new OptionError('q must be a number from 0 to 1')
  return series === undefined ? 0 : sketchQuantile(q, series.snapshot())
}

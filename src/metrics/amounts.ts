import type { HistogramSnapshot, SketchBuckets } from '../core/metrics-port.ts'
import type { Amount, SeriesAmounts } from '../core/metrics-store.ts'

/** What a series has counted since it was taken the last time. */
type Taken = Omit<SeriesAmounts, 'metric' | 'series'> | undefined

/** The part of a counter. */
export const VALUE = 'v'
/** The parts of a histogram, beside its buckets, which are named by their place: `0`, `1`. */
export const SUM = 's'
/** How many values of a sketch were zero; its other buckets are `p5:12` and `n5:12`, of scale 5 and index 12. */
export const ZEROS = 'z'

/** More than anything is measured in. A few larger ones have no sum, and a database then refuses all of the flush. */
const LARGEST_STEP = 1e300

/**
 * A sum that is told in steps. What was told is the sum of the steps, and not the value that they made up for: so what is
 * lost in rounding one step is made good by the next.
 */
class Steps {
  #told = 0

  /** The step to `value`; 0 when there is none, or none that can be told. */
  to(value: number): number {
    const step = value - this.#told
    if (!(Math.abs(step) <= LARGEST_STEP) || step === 0) return 0
    this.#told += step
    return step
  }

  restart(): void {
    this.#told = 0
  }
}

/** A counter, told in steps. */
export class CounterDelta {
  readonly #steps = new Steps()
  #last = 0
  #known = false

  /** A counter that went down has started anew. It is told once while it is 0, so that it is shown. */
  take(value: number): Taken {
    if (value < this.#last) this.#steps.restart()
    this.#last = value
    const step = this.#steps.to(value)
    const isNew = !this.#known
    this.#known = true
    return step > 0 || isNew ? { sums: [[VALUE, step]] } : undefined
  }
}

/** A histogram, told in steps, of its buckets and of its sketch. */
export class HistogramDelta {
  readonly #parts = new Map<string, number>()
  readonly #sum = new Steps()
  #count = -1

  take({ counts, count, sum, min, max, sketch }: HistogramSnapshot): Taken {
    if (count === this.#count) return undefined
    this.#count = count
    const sums: Amount[] = []
    const part = (name: string, value: number): void => {
      const step = value - (this.#parts.get(name) ?? 0)
      if (step <= 0) return
      this.#parts.set(name, value)
      sums.push([name, step])
    }
    const buckets = (sign: string, { offset, counts }: SketchBuckets): void =>
      counts.forEach((inside, at) => part(sign + String(offset + at), inside))
    counts.forEach((inside, at) => part(String(at), inside))
    sums.push([SUM, this.#sum.to(sum)])
    if (sketch !== undefined) {
      part(ZEROS, sketch.zeroCount)
      buckets(`p${sketch.scale}:`, sketch.positive)
      buckets(`n${sketch.scale}:`, sketch.negative)
    }
    return count === 0 ? { sums } : { sums, min, max }
  }
}

import type { DoubleBits } from './double-bits.ts'

/** Leaves of the high word the exponent and three digits: eight cells double a value. */
const CELL_SHIFT = 17

/**
 * Finds the bucket of a value among upper bounds that ascend. A walk from the first bound on would miss the branch
 * predictor nearly each time, so that it starts where the bits of the value say (bench/metrics-record.ts).
 */
export class BucketIndex {
  /** The bounds, and one more that no value is above. */
  readonly #bounds: Float64Array
  /** How many there are, the one above all bounds included. */
  readonly size: number
  /** The cell of the smallest positive bound, and for each cell from there on the number of bounds below it. */
  readonly #firstCell: number
  readonly #starts: Uint16Array

  constructor(bounds: readonly number[], bits: DoubleBits) {
    this.size = bounds.length + 1
    this.#bounds = Float64Array.from([...bounds, Infinity])
    const positive = bounds.findIndex((bound) => bound > 0)
    const cells = positive === -1 ? [] : bounds.slice(positive).map((bound) => bits.highOf(bound) >> CELL_SHIFT)
    const [first = 0] = cells
    this.#firstCell = first
    // One less in the first cell: beside a bound that is subnormal, 0 lies in it, and may be a bound too.
    this.#starts = new Uint16Array((cells.at(-1) ?? first) - first + 1).fill(Math.max(0, positive - 1))
    cells.forEach((cell, index) => this.#starts.fill(positive + index + 1, cell - first + 1))
  }

  /** The index of the first bound that is not below `value`, whose high word is given; one more when all are. */
  of(value: number, high: number): number {
    const bounds = this.#bounds
    const starts = this.#starts
    // Below 0 for all that is below the first cell, negative values included.
    const cell = (high >> CELL_SHIFT) - this.#firstCell
    let bucket = cell < 0 ? 0 : (starts[cell < starts.length ? cell : starts.length - 1] as number)
    while (value > (bounds[bucket] as number)) bucket += 1
    return bucket
  }
}

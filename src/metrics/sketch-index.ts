import type { DoubleBits } from './double-bits.ts'

/** Buckets that double a value: each is wider than the one below by a factor of `2 ** (1 / 32)`. */
const PER_OCTAVE = 32

/** As OpenTelemetry counts: `2 ** SCALE` buckets double a value. */
export const SCALE = 5

/** Values up to this power of 2 are counted as 0: a nanosecond, in seconds. */
const ZERO_EXPONENT = -30

/** Larger values than this power of 2 are counted in the last bucket: a petabyte, in bytes. */
const LAST_EXPONENT = 50

/** Buckets up to this one are for values that are 0, or too small to tell from it. */
export const ZERO: number = ZERO_EXPONENT * PER_OCTAVE - 1

const LAST = LAST_EXPONENT * PER_OCTAVE - 1

/** Linear cells of one octave: so many that none holds two bounds. */
const CELLS = 64

/** Finds the bucket of a finite value, by its absolute value. Its tables are shared by all series of a histogram. */
export class SketchIndex {
  readonly #bits: DoubleBits
  /** For each cell, the number of bounds below it. */
  readonly #below = new Uint8Array(CELLS)
  /** The bits of the bounds from 1 to 2, without those of the exponent. */
  readonly #high = new Int32Array(PER_OCTAVE + 1)
  readonly #low = new Uint32Array(PER_OCTAVE + 1)

  constructor(bits: DoubleBits) {
    this.#bits = bits
    for (let bound = 0; bound < PER_OCTAVE; bound += 1) {
      const high = bits.highOf(2 ** (bound / PER_OCTAVE)) & 0xfffff
      this.#high[bound] = high
      this.#low[bound] = bits.low()
      this.#below.fill(bound + 1, (high >>> 14) + 1)
    }
    // No mantissa is larger.
    this.#high[PER_OCTAVE] = 0x100000
  }

  /**
   * The bucket of the value that the bits were read of last, by OpenTelemetry's and Prometheus' rule, in which a power of 2 belongs to the bucket below it. Without a
   * logarithm, which would cost more than all of this and is off by one near the bounds: the exponent is read from the
   * bits, and the place in the octave from a table of linear cells and one comparison.
   */
  of(high: number): number {
    const mantissa = high & 0xfffff
    const below = this.#below[mantissa >>> 14] as number
    const bound = this.#high[below] as number
    // Its sign bit is the comparison, because a branch that is taken at random costs more (bench/metrics-sketch.ts).
    let above = (bound - mantissa) >>> 31
    if (mantissa === bound && this.#bits.low() > (this.#low[below] as number)) above = 1
    const exponent = ((high >>> 20) & 0x7ff) - 1023
    const bucket = exponent * PER_OCTAVE + below + above - 1
    return bucket < LAST ? bucket : LAST
  }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Sketch, SketchBuckets } from '../core/metrics-port.ts'
import { sketchQuantile } from '../core/sketch-quantile.ts'
import { DoubleBits } from './double-bits.ts'
import { SketchIndex } from './sketch-index.ts'
import { ValueSketch } from './sketch.ts'

const [SMALLEST, LARGEST] = [2 ** -30, 2 ** 50]

function sketchOf(values: readonly number[], times = 1): Sketch {
  const bits = new DoubleBits()
  const sketch = new ValueSketch(new SketchIndex(bits))
  for (const value of values) sketch.add(value, bits.highOf(value), times)
  return sketch.snapshot()
}

/** Count by bucket, in the plain way: a bucket is above its lower bound and up to its upper one. */
function model(values: readonly number[]): { zeroCount: number; buckets: Record<string, number> } {
  const buckets: Record<string, number> = {}
  let zeroCount = 0
  for (const value of values) {
    const size = Math.abs(value)
    let index = Math.ceil(Math.log2(size) * 32) - 1
    // The logarithm may be wrong by its last digit: what a bound is, is decided by the bound itself.
    if (size > 2 ** ((index + 1) / 32)) index += 1
    if (size <= 2 ** (index / 32)) index -= 1
    if (size <= SMALLEST) zeroCount += 1
    else {
      const key = `${value < 0 ? '-' : '+'}${Math.min(index, 50 * 32 - 1)}`
      buckets[key] = (buckets[key] ?? 0) + 1
    }
  }
  return { zeroCount, buckets }
}

function counted({ zeroCount, positive, negative }: Sketch): ReturnType<typeof model> {
  const named = (sign: string, { offset, counts }: SketchBuckets): (readonly [string, number])[] =>
    counts.flatMap((count, index) => (count === 0 ? [] : [[`${sign}${offset + index}`, count] as const]))
  return { zeroCount, buckets: Object.fromEntries([...named('-', negative), ...named('+', positive)]) }
}

function added(a: SketchBuckets, b: SketchBuckets): SketchBuckets {
  const sums = new Map<number, number>()
  for (const { offset, counts } of [a, b])
    for (const [index, count] of counts.entries()) sums.set(offset + index, (sums.get(offset + index) ?? 0) + count)
  if (sums.size === 0) return { offset: 0, counts: [] }
  const offset = Math.min(...sums.keys())
  const length = Math.max(...sums.keys()) - offset + 1
  return { offset, counts: Array.from({ length }, (_, index) => sums.get(offset + index) ?? 0) }
}

function quantile(q: number, values: readonly number[]): number {
  const sketch = sketchOf(values)
  const [min, max] = [Math.min(...values), Math.max(...values)]
  return sketchQuantile(q, { counts: [], count: values.length, sum: 0, min, max, sketch })
}

const within = (low: number, high: number): fc.Arbitrary<number> =>
  fc.double({ min: low, max: high, noNaN: true, noDefaultInfinity: true })
const anyFinite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE, SMALLEST, LARGEST),
  fc.integer({ min: -1_074, max: 1_023 }).map((power) => 2 ** power),
  within(-100, 100),
)
const fitting = fc.oneof(within(SMALLEST * 1.01, LARGEST), within(1e-4, 10), within(-LARGEST, -1e-8), fc.constant(0))

describe('a sketch', () => {
  it('counts every finite value in the bucket that a plain model names', () => {
    fc.assert(
      fc.property(fc.array(anyFinite), (values) => {
        expect(counted(sketchOf(values))).toEqual(model(values))
      }),
    )
  })

  it('counts a power of two in the bucket below it, and the next larger number in the bucket above', () => {
    for (let power = -29; power < 50; power += 1) {
      expect(sketchOf([2 ** power]).positive).toEqual({ offset: power * 32 - 1, counts: [1] })
      expect(sketchOf([-(2 ** power)]).negative).toEqual({ offset: power * 32 - 1, counts: [1] })
      expect(sketchOf([2 ** power * (1 + Number.EPSILON)]).positive.offset).toBe(power * 32)
    }
  })

  it('counts the numbers around every bound on the right side of it', () => {
    for (let bound = -29 * 32; bound < 50 * 32; bound += 1) {
      const value = 2 ** (bound / 32)
      expect(counted(sketchOf([value]))).toEqual(model([value]))
      for (const near of [value * (1 - Number.EPSILON), value * (1 + 2 * Number.EPSILON)])
        expect(counted(sketchOf([near]))).toEqual(model([near]))
    }
  })

  it('counts 0, subnormal numbers and what is below a nanosecond as 0', () => {
    const small = [0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, 1e-12, -1e-12, SMALLEST]
    expect(sketchOf(small)).toEqual(sketchOf(small.map(() => 0)))
    expect(sketchOf(small).zeroCount).toBe(small.length)
  })

  it('is bounded, whatever the range of its values', () => {
    const { positive, negative } = sketchOf([1e-300, SMALLEST * 1.01, 1e300, -1e-9, -Number.MAX_VALUE])
    expect(positive.counts.length).toBeLessThanOrEqual(80 * 32)
    expect(negative.counts.length).toBeLessThanOrEqual(80 * 32)
    expect(positive.counts.reduce((sum, count) => sum + count, 0)).toBe(2)
  })

  it('of two sets of values is the sum of their sketches', () => {
    fc.assert(
      fc.property(fc.array(anyFinite), fc.array(anyFinite), (some, others) => {
        const [a, b] = [sketchOf(some), sketchOf(others)]
        expect(sketchOf([...some, ...others])).toEqual({
          scale: 5,
          zeroCount: a.zeroCount + b.zeroCount,
          positive: added(a.positive, b.positive),
          negative: added(a.negative, b.negative),
        })
      }),
    )
  })

  it('goes on counting beyond 32 bits', () => {
    const { positive } = sketchOf([1, 1, 1, 4, 0.25], 2 ** 31)
    expect(positive.counts[0]).toBe(2 ** 31)
    expect(positive.counts.at(-1)).toBe(2 ** 31)
    expect(positive.counts[-1 - positive.offset]).toBe(3 * 2 ** 31)
  })

  it('answers with a value at most 1.1 % from the one of the same rank', () => {
    fc.assert(
      fc.property(fc.array(fitting, { minLength: 1 }), within(0, 1), (values, q) => {
        const sorted = [...values].sort((a, b) => a - b)
        const truth = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? NaN
        expect(Math.abs(quantile(q, values) - truth)).toBeLessThanOrEqual(0.011 * Math.abs(truth))
      }),
    )
  })

  it('gives the smallest value for 0, the largest for 1, and in between never less for a larger share', () => {
    fc.assert(
      fc.property(fc.array(anyFinite, { minLength: 1 }), (values) => {
        const shares = Array.from({ length: 21 }, (_, index) => index / 20)
        const answers = shares.map((q) => quantile(q, values))
        expect(answers[0]).toBe(Math.min(...values))
        expect(answers.at(-1)).toBe(Math.max(...values))
        expect(answers).toEqual([...answers].sort((a, b) => a - b))
      }),
    )
  })

  it('that is empty or missing answers 0', () => {
    const empty = { counts: [], count: 0, sum: 0, min: 0, max: 0 }
    expect(sketchQuantile(0.5, empty)).toBe(0)
    expect(sketchQuantile(0.5, { ...empty, sketch: sketchOf([]) })).toBe(0)
  })
})

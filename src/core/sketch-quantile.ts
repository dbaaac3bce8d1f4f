import type { HistogramSnapshot, Sketch, SketchBuckets } from './metrics-port.ts'

/**
 * Finds a quantile in the sketch of a histogram: the middle of the bucket that holds the value of this rank, by factor,
 * so that it is at most half a bucket from the truth (1.1 % at scale 5), and never outside of what was really observed.
 * 0 when nothing was, or when there is no sketch.
 *
 * @param q - from 0 to 1; 0 is the smallest value, 1 the largest
 */
export function sketchQuantile(q: number, { min, max, sketch }: HistogramSnapshot): number {
  if (sketch === undefined) return 0
  const { zeroCount, positive, negative } = sketch
  const [below, above] = [total(negative), total(positive)]
  const count = below + zeroCount + above
  if (count === 0) return 0
  const rank = Math.min(count, Math.max(1, Math.ceil(q * count)))
  if (rank === 1) return min
  if (rank === count) return max
  // From the smallest value up: the negative ones by falling size, then those next to 0, then the positive ones.
  if (rank <= below) return Math.max(min, -middle(sketch, negative, below - rank + 1))
  if (rank <= below + zeroCount) return Math.min(max, Math.max(min, 0))
  return Math.max(min, Math.min(max, middle(sketch, positive, rank - below - zeroCount)))
}

/** The middle of the bucket in which the value of this rank lies. */
function middle({ scale }: Sketch, { offset, counts }: SketchBuckets, rank: number): number {
  let bucket = 0
  let passed = counts[0] ?? 0
  while (passed < rank && bucket < counts.length - 1) {
    bucket += 1
    passed += counts[bucket] ?? 0
  }
  return 2 ** ((offset + bucket + 0.5) / 2 ** scale)
}

function total({ counts }: SketchBuckets): number {
  let sum = 0
  for (let at = 0; at < counts.length; at += 1) sum += counts[at] ?? 0
  return sum
}

import type { HistogramSnapshot, Sketch, SketchBuckets } from './metrics-port.ts'

const NO_BUCKETS: SketchBuckets = { offset: 0, counts: [] }

/** Two series as one. With a sketch when both have one of the same scale. */
export function mergedSnapshots(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const sketch = a.sketch && b.sketch && mergedSketches(a.sketch, b.sketch)
  return {
    counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)),
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    ...(sketch && { sketch }),
  }
}

function mergedSketches(a: Sketch, b: Sketch): Sketch | undefined {
  if (a.scale !== b.scale) return undefined
  return {
    scale: a.scale,
    zeroCount: a.zeroCount + b.zeroCount,
    positive: combined(a.positive, b.positive, 1),
    negative: combined(a.negative, b.negative, 1),
  }
}

/**
 * What a series has counted since it was as `before`. Smallest and largest value are those that its buckets allow: nobody
 * has noted when they came.
 *
 * @returns `now` when it does not go on from `before`
 * @param buckets - the upper bounds, ascending
 */
export function snapshotSince(
  now: HistogramSnapshot,
  before: HistogramSnapshot,
  buckets: readonly number[],
): HistogramSnapshot {
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0))
  if (counts.some((count) => count < 0)) return now
  const sketch = now.sketch && before.sketch && sketchSince(now.sketch, before.sketch)
  const count = now.count - before.count
  if (count <= 0) return { counts, count: 0, sum: 0, min: 0, max: 0, ...(sketch && { sketch }) }
  const within = (value: number): number => Math.min(now.max, Math.max(now.min, value))
  const [low, high] = sketch === undefined ? bucketEnds(counts, buckets) : sketchEnds(sketch)
  return {
    counts,
    count,
    sum: now.sum - before.sum,
    min: within(low),
    max: within(high),
    ...(sketch && { sketch }),
  }
}

function sketchSince(now: Sketch, before: Sketch): Sketch | undefined {
  if (now.scale !== before.scale) return undefined
  return {
    scale: now.scale,
    zeroCount: Math.max(0, now.zeroCount - before.zeroCount),
    positive: combined(now.positive, before.positive, -1),
    negative: combined(now.negative, before.negative, -1),
  }
}

function combined(a: SketchBuckets, b: SketchBuckets, sign: 1 | -1): SketchBuckets {
  if (b.counts.length === 0) return a
  if (a.counts.length === 0) return sign === 1 ? b : NO_BUCKETS
  const offset = Math.min(a.offset, b.offset)
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length)
  // Plain loops: with a function for each bucket, a page of 250 routes took 30 ms instead of 10.
  const counts = new Array<number>(end - offset).fill(0)
  for (let at = 0; at < a.counts.length; at += 1) counts[a.offset - offset + at] = a.counts[at] ?? 0
  for (let at = 0; at < b.counts.length; at += 1) {
    const bucket = b.offset - offset + at
    counts[bucket] = Math.max(0, (counts[bucket] ?? 0) + sign * (b.counts[at] ?? 0))
  }
  return { offset, counts }
}

function bucketEnds(counts: readonly number[], buckets: readonly number[]): readonly [low: number, high: number] {
  const used = (count: number): boolean => count > 0
  return [buckets[counts.findIndex(used) - 1] ?? -Infinity, buckets[counts.findLastIndex(used)] ?? Infinity]
}

/** The middles, by factor, of the outermost buckets that hold a value. */
function sketchEnds({ scale, zeroCount, positive, negative }: Sketch): readonly [low: number, high: number] {
  const middle = (bucket: number): number => 2 ** ((bucket + 0.5) / 2 ** scale)
  const used = (count: number): boolean => count > 0
  const ends = ({ offset, counts }: SketchBuckets): number[] => {
    const first = counts.findIndex(used)
    return first === -1 ? [] : [middle(offset + first), middle(offset + counts.findLastIndex(used))]
  }
  const all = [...ends(negative).map((value) => -value), ...(zeroCount > 0 ? [0] : []), ...ends(positive)]
  return [Math.min(...all), Math.max(...all)]
}

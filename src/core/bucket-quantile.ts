import type { HistogramSnapshot } from './metrics-port.ts'

/**
 * Estimates a quantile from the buckets of a histogram: its values are taken to lie evenly between the bounds of the
 * bucket, and never outside of what was really observed. 0 when nothing was.
 *
 * @param q - from 0 to 1
 * @param buckets - the upper bounds, ascending
 */
export function bucketQuantile(q: number, series: HistogramSnapshot, buckets: readonly number[]): number {
  const { counts, count, min, max } = series
  if (count === 0) return 0
  const rank = q * count
  let below = 0
  for (const [index, inside] of counts.entries()) {
    if (inside > 0 && below + inside >= rank) {
      const low = Math.max(min, buckets[index - 1] ?? min)
      const high = Math.min(max, buckets[index] ?? max)
      return low + ((high - low) * (rank - below)) / inside
    }
    below += inside
  }
  return max
}

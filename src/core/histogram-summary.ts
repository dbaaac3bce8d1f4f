import { bucketQuantile } from './bucket-quantile.ts'
import type { HistogramSnapshot } from './metrics-port.ts'
import { sketchQuantile } from './sketch-quantile.ts'

/** What a histogram has counted lately; all 0 when that is nothing. */
export interface RecentSummary {
  readonly count: number
  readonly avg: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/**
 * A histogram in few numbers, since the start; the quantiles are those of its sketch (to 1.1 %), or are estimated from its
 * buckets when it has none. All 0 when nothing was observed.
 */
export interface HistogramNumbers extends RecentSummary {
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** The same, beside what the last minutes alone have seen. */
export interface HistogramSummary extends HistogramNumbers {
  /** Of the last `recentMs` of the document. */
  readonly recent: RecentSummary
}

/** @param scale - what the values are multiplied with */
export function histogramNumbers(
  series: HistogramSnapshot,
  buckets: readonly number[],
  scale: number,
): HistogramNumbers {
  const shown = (value: number): number => withoutNoise(value * scale)
  const { count, sum, min, max, sketch } = series
  const quantile = (q: number): number =>
    shown(sketch === undefined ? bucketQuantile(q, series, buckets) : sketchQuantile(q, series))
  return {
    count,
    sum: shown(sum),
    avg: shown(count === 0 ? 0 : sum / count),
    min: shown(min),
    max: shown(max),
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
  }
}

/** A series since the start, and what it has counted lately. */
export function histogramSummary(
  all: HistogramSnapshot,
  lately: HistogramSnapshot,
  { buckets, scale }: { readonly buckets: readonly number[]; readonly scale: number },
): HistogramSummary {
  const { count, avg, p50, p90, p99 } = histogramNumbers(lately, buckets, scale)
  return { ...histogramNumbers(all, buckets, scale), recent: { count, avg, p50, p90, p99 } }
}

/** 0.0452 s are 45.2 ms, and not 45.199999999999996. */
export function withoutNoise(value: number): number {
  return Number(value.toPrecision(12))
}

import type { FamilyOf, HistogramSnapshot } from '../metrics/index.ts'

type Histograms = FamilyOf<'histogram', HistogramSnapshot> & { readonly buckets: readonly number[] }

/**
 * The series of a histogram that carry these values, as a histogram of one; undefined when there is none. Of several the
 * quantiles are estimated from the buckets, because their sketches are not put together here.
 *
 * @param wanted - the value of each label, in order; undefined for any
 */
export function mergedSeries(family: Histograms, wanted: readonly (string | undefined)[]): Histograms | undefined {
  let merged: HistogramSnapshot | undefined
  family.each((values, series) => {
    if (series.count === 0 || !wanted.every((one, at) => one === undefined || one === values[at])) return
    merged = merged === undefined ? series : sum(merged, series)
  })
  const one = merged
  return one && { ...family, labels: [], each: (visit) => visit([], one) }
}

function sum(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  return {
    counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)),
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  }
}

import { mergedSnapshots } from '../core/snapshots.ts'
import type { FamilyOf, HistogramSnapshot } from '../metrics/index.ts'

type Histograms = FamilyOf<'histogram', HistogramSnapshot> & { readonly buckets: readonly number[] }

/**
 * The series of a histogram that carry these values, as one; undefined when there is none.
 *
 * @param wanted - the value of each label, in order; undefined for any
 */
export function mergedSeries(
  family: Histograms,
  wanted: readonly (string | undefined)[],
): HistogramSnapshot | undefined {
  let merged: HistogramSnapshot | undefined
  family.each((values, series) => {
    if (series.count === 0 || !wanted.every((one, at) => one === undefined || one === values[at])) return
    merged = merged === undefined ? series : mergedSnapshots(merged, series)
  })
  return merged
}

import type { GaugeMerge } from '../core/metrics-port.ts'
import type { StoredGauge } from '../core/metrics-store.ts'

/** What the same gauge of several isolates is together. */
export function gaugeOf(gauges: readonly Pick<StoredGauge, 'value' | 'ageMs'>[], merge: GaugeMerge): number {
  if (merge === 'sum') return gauges.reduce((sum, { value }) => sum + value, 0)
  if (merge === 'max') return gauges.reduce((max, { value }) => Math.max(max, value), -Infinity)
  return gauges.reduce((last, gauge) => (gauge.ageMs < last.ageMs ? gauge : last)).value
}

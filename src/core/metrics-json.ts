import { bucketQuantile } from './bucket-quantile.ts'
import type { HistogramSnapshot, Metrics } from './metrics-port.ts'
import { readSamples } from './metrics-samples.ts'
import { braces, labelText } from './metrics-text.ts'

/** A histogram in few numbers; the quantiles are estimated from its buckets. All 0 when nothing was observed. */
export interface HistogramSummary {
  readonly count: number
  readonly sum: number
  readonly avg: number
  readonly min: number
  readonly max: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** The metrics as a plain object; each key is the metric's name with the labels that were recorded. */
export interface MetricsDocument {
  readonly counters: Readonly<Record<string, number>>
  readonly gauges: Readonly<Record<string, number>>
  readonly histograms: Readonly<Record<string, HistogramSummary>>
}

/** Look-ups are also summed over all caches, for whoever asks how caching does as a whole. */
const SUMMED: ReadonlySet<string> = new Set(['cache_hits_total', 'cache_misses_total'])

/**
 * Gives all metrics as a plain object for people and dashboards.
 *
 * A histogram of seconds is shown in milliseconds, under its name with `_ms`. Default labels are left out: they are the
 * same everywhere.
 */
export function metricsJson(metrics: Metrics): MetricsDocument {
  const values = { counter: new Map<string, number>(), gauge: new Map<string, number>() }
  const histograms = new Map<string, HistogramSummary>()
  for (const [name, group] of readSamples(metrics)) {
    if (SUMMED.has(name)) values.counter.set(name, group.reduce((sum, { value }) => sum + value, 0)) // prettier-ignore
    for (const { type, labels, value } of group)
      values[type].set(name + braces(labelText(labels.map(([label]) => label), labels.map(([, text]) => text))), value) // prettier-ignore
  }
  for (const family of metrics.families()) {
    const key = (name: string, labels: readonly string[]): string => name + braces(labelText(family.labels, labels))
    if (family.type !== 'histogram') {
      family.each((labels, value) => values[family.type].set(key(family.name, labels), value))
      continue
    }
    const inSeconds = family.name.endsWith('_seconds')
    const name = inSeconds ? family.name.replace(/_seconds$/, '_ms') : family.name
    const scale = inSeconds ? 1_000 : 1
    family.each((labels, series) => histograms.set(key(name, labels), summary(series, family.buckets, scale)))
  }
  return {
    counters: Object.fromEntries(values.counter),
    gauges: Object.fromEntries(values.gauge),
    histograms: Object.fromEntries(histograms),
  }
}

function summary(series: HistogramSnapshot, buckets: readonly number[], scale: number): HistogramSummary {
  const { count, sum, min, max } = series
  const shown = (value: number): number => withoutNoise(value * scale)
  const quantile = (q: number): number => shown(bucketQuantile(q, series, buckets))
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

/** 0.0452 s are 45.2 ms, and not 45.199999999999996. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12))
}

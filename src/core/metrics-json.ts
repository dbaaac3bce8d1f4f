import { bucketQuantile } from './bucket-quantile.ts'
import type { HistogramSnapshot, MetricsView } from './metrics-port.ts'
import { readSamples } from './metrics-samples.ts'
import { braces, labelText, labelWriter } from './metrics-text.ts'
import { sketchQuantile } from './sketch-quantile.ts'

/**
 * A histogram in few numbers; the quantiles are those of its sketch (to 1.1 %), or are estimated from its buckets when it
 * has none. All 0 when nothing was observed.
 */
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
 * same everywhere. `cache_hits_total` and `cache_misses_total` are also there without a label, summed over all caches.
 */
export function metricsJson(metrics: MetricsView): MetricsDocument {
  const values = { counter: new Map<string, number>(), gauge: new Map<string, number>() }
  const histograms = new Map<string, HistogramSummary>()
  const show = (type: 'counter' | 'gauge', name: string, [labels, value]: readonly [string, number]): void => {
    values[type].set(name + braces(labels), value)
    if (labels !== '' && SUMMED.has(name)) values[type].set(name, (values[type].get(name) ?? 0) + value)
  }
  for (const [name, group] of readSamples(metrics))
    for (const { type, labels, value } of group) show(type, name, [labelText(labels), value])
  for (const family of metrics.families()) {
    const { type, name } = family
    const labels = labelWriter('', family.labels)
    if (type !== 'histogram') {
      family.each((own, value) => show(type, name, [labels(own), value]))
      continue
    }
    const inSeconds = name.endsWith('_seconds')
    const shownAs = inSeconds ? name.replace(/_seconds$/, '_ms') : name
    const summary = summarizer(family.buckets, inSeconds ? 1_000 : 1)
    family.each((own, series) => histograms.set(shownAs + braces(labels(own)), summary(series)))
  }
  // By entries and not by assignment: a name may be `__proto__`.
  return {
    counters: Object.fromEntries(values.counter),
    gauges: Object.fromEntries(values.gauge),
    histograms: Object.fromEntries(histograms),
  }
}

function summarizer(buckets: readonly number[], scale: number): (series: HistogramSnapshot) => HistogramSummary {
  const shown = (value: number): number => withoutNoise(value * scale)
  return (series) => {
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
}

/** 0.0452 s are 45.2 ms, and not 45.199999999999996. */
function withoutNoise(value: number): number {
  return Number(value.toPrecision(12))
}

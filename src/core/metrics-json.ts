import { histogramSummary, type HistogramSummary } from './histogram-summary.ts'
import type { Family, HistogramSnapshot, MetricsView } from './metrics-port.ts'
import { readSamples } from './metrics-samples.ts'
import { braces, labelText, labelWriter } from './metrics-text.ts'
import { recentHistograms, type RecentHistograms } from './recent-histograms.ts'

export type { HistogramSummary } from './histogram-summary.ts'

/** The metrics as a plain object; each key is the metric's name with the labels that were recorded. */
export interface MetricsDocument {
  readonly counters: Readonly<Record<string, number>>
  readonly gauges: Readonly<Record<string, number>>
  readonly histograms: Readonly<Record<string, HistogramSummary>>
  /** How far back `recent` of the histograms reaches, in milliseconds: about five minutes, less when nobody looked before. */
  readonly recentMs: number
}

/** Look-ups are also summed over all caches, for whoever asks how caching does as a whole. */
const SUMMED: ReadonlySet<string> = new Set(['cache_hits_total', 'cache_misses_total'])

/**
 * Gives all metrics as a plain object for people and dashboards.
 *
 * A histogram of seconds is shown in milliseconds, under its name with `_ms`. Default labels are left out: they are the
 * same everywhere. `cache_hits_total` and `cache_misses_total` are also there without a label, summed over all caches.
 *
 * The numbers of a histogram are since the start, and under `recent` those of the last five minutes. For these the
 * registry is looked at once a minute: by whoever asks for this object, and by the middleware that measures requests.
 */
export function metricsJson(metrics: MetricsView): MetricsDocument {
  return metricsDocument(metrics, recentHistograms(metrics))
}

/** Is shown each series of a histogram, since the start and lately. */
export type SeeHistogram = (
  family: Extract<Family, { type: 'histogram' }>,
  series: { readonly all: HistogramSnapshot; readonly lately: HistogramSnapshot },
) => void

/**
 * @param recent - who remembers how the metrics stood
 * @param see - so that nobody has to read all of them again
 */
export function metricsDocument(metrics: MetricsView, recent: RecentHistograms, see?: SeeHistogram): MetricsDocument {
  const values = { counter: new Map<string, number>(), gauge: new Map<string, number>() }
  const histograms = new Map<string, HistogramSummary>()
  const show = (type: 'counter' | 'gauge', name: string, [labels, value]: readonly [string, number]): void => {
    values[type].set(name + braces(labels), value)
    if (labels !== '' && SUMMED.has(name)) values[type].set(name, (values[type].get(name) ?? 0) + value)
  }
  recent.mark(metrics)
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
    const { buckets } = family
    const scale = inSeconds ? 1_000 : 1
    family.each((own, series) => {
      const lately = recent.since(family, own, series)
      see?.(family, { all: series, lately })
      histograms.set(shownAs + braces(labels(own)), histogramSummary(series, lately, { buckets, scale }))
    })
  }
  // By entries and not by assignment: a name may be `__proto__`.
  return {
    counters: Object.fromEntries(values.counter),
    gauges: Object.fromEntries(values.gauge),
    histograms: Object.fromEntries(histograms),
    recentMs: Math.round(recent.reachMs(metrics)),
  }
}

import { OVERFLOW, type SeriesAmounts, type StoredGauge, type StoredMetrics } from '../core/metrics-store.ts'
import { seriesLabels, type SeriesLabels, type Shape } from './shape.ts'

/** One series as it is shown, with what the isolates said of it. */
export interface ShownSeries {
  /** The values of the default labels first. */
  readonly labels: readonly string[]
  /** The sums, by part. */
  readonly parts: Map<string, number>
  min: number
  max: number
  readonly gauges: StoredGauge[]
}

/** All series of one metric. */
export interface Group {
  /** The names of the default labels that some isolate has; another one has them empty, which is the same as not at all. */
  readonly defaults: readonly string[]
  readonly series: readonly ShownSeries[]
}

/** The value of every label of the series for what found no place. */
const OVERFLOW_LABEL = '__overflow__'

type Entry = SeriesAmounts | StoredGauge

/** Sorts what is stored by metric and labels. What no shape describes, or another version wrote, is left out. */
export function groupsOf(
  { series, gauges }: StoredMetrics,
  shapes: ReadonlyMap<string, Shape>,
): ReadonlyMap<string, Group> {
  const entries = new Map([...shapes.keys()].map((metric) => [metric, [] as (readonly [Entry, SeriesLabels])[]]))
  for (const entry of [...series, ...gauges]) {
    const shape = shapes.get(entry.metric)
    const labels = shape && labelsOf(entry.series, shape)
    if (labels !== undefined) entries.get(entry.metric)?.push([entry, labels])
  }
  return new Map([...entries].map(([metric, own]) => [metric, groupOf(own)]))
}

function labelsOf(series: string, { labels }: Shape): SeriesLabels | undefined {
  if (series === OVERFLOW) return { defaults: [], values: labels.map(() => OVERFLOW_LABEL) }
  const found = seriesLabels(series)
  return found?.values.length === labels.length ? found : undefined
}

function groupOf(entries: readonly (readonly [Entry, SeriesLabels])[]): Group {
  const defaults = [...new Set(entries.flatMap(([, labels]) => labels.defaults.map(([name]) => name)))].sort()
  const shown = new Map<string, ShownSeries>()
  for (const [entry, labels] of entries) {
    const own = new Map(labels.defaults)
    const values = [...defaults.map((name) => own.get(name) ?? ''), ...labels.values]
    const key = JSON.stringify(values)
    const series = shown.get(key) ?? { labels: values, parts: new Map(), min: Infinity, max: -Infinity, gauges: [] }
    shown.set(key, series)
    add(series, entry)
  }
  return { defaults, series: [...shown.values()] }
}

function add(series: ShownSeries, entry: Entry): void {
  if ('instance' in entry) return void series.gauges.push(entry)
  for (const [part, amount] of entry.sums) series.parts.set(part, (series.parts.get(part) ?? 0) + amount)
  series.min = Math.min(series.min, entry.min ?? Infinity)
  series.max = Math.max(series.max, entry.max ?? -Infinity)
}

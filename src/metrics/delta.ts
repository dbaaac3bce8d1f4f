import type { Family, Metrics, Sample } from '../core/metrics-port.ts'
import { readSamples } from '../core/metrics-samples.ts'
import type { GaugeValue, MetricsFlush, SeriesAmounts } from '../core/metrics-store.ts'
import { CounterDelta, HistogramDelta } from './amounts.ts'
import { GaugeAges } from './gauge-ages.ts'
import { metricKey, seriesKey, type Shape } from './shape.ts'

/** What one flush carries of a registry. */
export type Delta = Pick<MetricsFlush, 'series' | 'gauges' | 'definitions'>

/** A store that lost everything knows the metrics again after so long. */
const TELL_AGAIN_MS = 60_000

/** Knows what of a registry a store was told already. */
export class Deltas {
  readonly #metrics: Metrics
  readonly #counters = new Map<string, Map<string, CounterDelta>>()
  readonly #histograms = new Map<string, Map<string, HistogramDelta>>()
  readonly #gauges: GaugeAges
  readonly #told = new Set<string>()
  #toldAt = -Infinity
  readonly #keys = new Map<string, string>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#gauges = new GaugeAges(metrics.clock)
  }

  /** What has changed since the last time; undefined when that is nothing. From now on it counts as told. */
  take(gaugeTtlMs: number): Delta | undefined {
    const shapes = new Map<string, Shape>()
    const series: SeriesAmounts[] = []
    const gauges: GaugeValue[] = []
    const keyOf = (shape: Shape): string => {
      const text = JSON.stringify(shape)
      const key = this.#keys.get(text) ?? metricKey(shape)
      this.#keys.set(text, key)
      shapes.set(key, shape)
      return key
    }
    // First, because a source that cannot be read is counted in a counter of this very flush.
    for (const group of readSamples(this.#metrics).values())
      for (const sample of group) this.#sample(sample, keyOf, { series, gauges })
    for (const family of this.#metrics.families()) this.#family(family, keyOf, { series, gauges })
    const changed = this.#gauges.changed(gauges, gaugeTtlMs)
    if (series.length === 0 && changed === undefined) return undefined
    return { series, ...(changed && { gauges: changed }), definitions: this.#news(shapes) }
  }

  #sample(sample: Sample, keyOf: KeyOf, { series, gauges }: Found): void {
    const { type, name, help, value } = sample
    const labels = sample.labels.map(([label]) => label)
    const shape: Shape = {
      type,
      name,
      help,
      labels,
      ...(type === 'gauge' && { merge: mergeOf(name) }),
      collected: true,
    }
    const metric = keyOf(shape)
    const key = this.#seriesKey(sample.labels.map(([, text]) => text))
    if (type === 'gauge') gauges.push({ metric, series: key, value, ageMs: 0 })
    else push(series, deltaOf(this.#counters, [metric, key], CounterDelta).take(value), [metric, key])
  }

  #family(family: Family, keyOf: KeyOf, { series, gauges }: Found): void {
    const { type, name, help, labels } = family
    if (family.type === 'gauge') {
      const metric = once(() => keyOf({ type, name, help, labels, merge: family.merge }))
      family.each((values, value) =>
        gauges.push({ metric: metric(), series: this.#seriesKey(values), value, ageMs: 0 }),
      )
    } else if (family.type === 'counter') {
      const metric = once(() => keyOf({ type, name, help, labels }))
      family.each((values, value) => {
        const place = [metric(), this.#seriesKey(values)] as const
        push(series, deltaOf(this.#counters, place, CounterDelta).take(value), place)
      })
    } else {
      const { buckets } = family
      const plain = once(() => keyOf({ type, name, help, labels, buckets }))
      const sketched = once(() => keyOf({ type, name, help, labels, buckets, sketch: true }))
      family.each((values, snapshot) => {
        const metric = snapshot.sketch === undefined ? plain() : sketched()
        const place = [metric, this.#seriesKey(values)] as const
        push(series, deltaOf(this.#histograms, place, HistogramDelta).take(snapshot), place)
      })
    }
  }

  #seriesKey(values: readonly string[]): string {
    return seriesKey(this.#metrics.defaultLabels, values)
  }

  /** The definitions that the store was not told lately. */
  #news(shapes: ReadonlyMap<string, Shape>): [metric: string, definition: string][] {
    const now = this.#metrics.clock.elapsed()
    if (now - this.#toldAt >= TELL_AGAIN_MS) {
      this.#toldAt = now
      this.#told.clear()
    }
    const news = [...shapes].filter(([key]) => !this.#told.has(key))
    return news.map(([key, shape]) => {
      this.#told.add(key)
      return [key, JSON.stringify(shape)]
    })
  }
}

type KeyOf = (shape: Shape) => string
type Place = readonly [metric: string, series: string]

interface Found {
  readonly series: SeriesAmounts[]
  readonly gauges: GaugeValue[]
}

function push(to: SeriesAmounts[], amounts: Omit<SeriesAmounts, 'metric' | 'series'> | undefined, place: Place): void {
  if (amounts !== undefined) to.push({ metric: place[0], series: place[1], ...amounts })
}

function deltaOf<D>(all: Map<string, Map<string, D>>, [metric, series]: Place, Make: new () => D): D {
  const own = all.get(metric) ?? new Map<string, D>()
  const delta = own.get(series) ?? new Make()
  if (own.size === 0) all.set(metric, own)
  own.set(series, delta)
  return delta
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** What a gauge out of another room's stats is, when isolates are put together: a share and a time cannot be added. */
function mergeOf(name: string): 'last' | 'max' | 'sum' {
  if (name.endsWith('_ratio')) return 'last'
  return name.endsWith('_seconds') ? 'max' : 'sum'
}

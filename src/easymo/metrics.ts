import { whenEnded } from '../core/promise.ts'
import { histogramNumbers, withoutNoise, type HistogramNumbers } from '../core/histogram-summary.ts'
import { metricsJson, prometheusText, type Family, type MetricsDocument } from '../metrics/index.ts'
import { DynamicMetrics, valuesOf, wantedOf, type Dynamic, type Labels } from './dynamic-metrics.ts'
import { timerName, type Kind } from './metric-names.ts'
import { mergedSeries } from './series.ts'
import { forgetRegistry, forRegistry, registry, shownRegistry } from './shown.ts'

export type { Labels } from './dynamic-metrics.ts'

const dynamic: () => DynamicMetrics = /* @__PURE__ */ forRegistry((metrics) => new DynamicMetrics(metrics), registry)

/**
 * Adds to a counter; it is defined by its first use, and gets the labels that come later: recordings have '' for one that
 * they do not name, which is the same as not having it. `_total` is appended, and a name is put into snake_case. At most 12
 * labels.
 *
 * Never throws: what cannot be recorded is counted in `easymo_metrics_misuse_total`.
 *
 * @param value - how much. @defaultValue 1
 */
export function incrementCounter(name: string, labels?: Labels, value = 1): void {
  record('counter', name, labels, ({ metric, scale }, values) => metric.instrument.add(value * scale, ...values))
}

/** What a counter has counted: all its series that carry these labels, together; 0 when there are none. */
export function getCounter(name: string, labels?: Labels): number {
  return total('counter', name, labels)
}

/** Replaces the value of a gauge; defined by its first use, as {@link incrementCounter} says. */
export function setGauge(name: string, value: number, labels?: Labels): void {
  record('gauge', name, labels, ({ metric, scale }, values) => metric.instrument.set(value * scale, ...values))
}

/** The value of a gauge: of all its series that carry these labels, together; 0 when there are none. */
export function getGauge(name: string, labels?: Labels): number {
  return total('gauge', name, labels)
}

/** Adds to a gauge. @param value - how much. @defaultValue 1 */
export function incrementGauge(name: string, labels?: Labels, value = 1): void {
  record('gauge', name, labels, ({ metric, scale }, values) => metric.instrument.add(value * scale, ...values))
}

/** Subtracts from a gauge, which may go below 0. @param value - how much. @defaultValue 1 */
export function decrementGauge(name: string, labels?: Labels, value = 1): void {
  incrementGauge(name, labels, -value)
}

/**
 * Counts a value in a histogram; defined by its first use, as {@link incrementCounter} says. A name that ends in `_ms`
 * takes milliseconds, and is shown in seconds as `_seconds`.
 */
export function recordHistogram(name: string, value: number, labels?: Labels): void {
  record('histogram', name, labels, ({ metric, scale }, values) => metric.instrument.observe(value * scale, ...values))
}

/**
 * A histogram in few numbers, in the unit of the name: all its series that carry these labels, together; null when nothing
 * was recorded. Also finds by its name alone what a timer without a unit in its name has recorded, in milliseconds.
 */
export function getHistogramStats(name: string, labels?: Labels): HistogramNumbers | null {
  const found = dynamic().known('histogram', name) ?? dynamic().known('histogram', timerName(name))
  if (found === undefined) return null
  const family = familyOf(found.metric)
  const wanted = wantedOf(found.metric, labels)
  if (family?.type !== 'histogram' || wanted === undefined) return null
  const one = mergedSeries(family, wanted)
  if (one === undefined) return null
  return histogramNumbers(one, family.buckets, 1 / found.scale)
}

/**
 * Starts a stopwatch.
 *
 * @param name - in milliseconds, unless it has another unit of time at its end
 * @returns what stops it: records once, and gives the milliseconds since the start
 */
export function startTimer(name: string, labels?: Labels): () => number {
  const { clock } = registry()
  const startedAt = clock.elapsed()
  let durationMs: number | undefined
  return () => {
    if (durationMs !== undefined) return durationMs
    durationMs = clock.elapsed() - startedAt
    const seconds = durationMs / 1_000
    record('histogram', timerName(name), labels, ({ metric }, values) => metric.instrument.observe(seconds, ...values))
    return durationMs
  }
}

/** Measures how long `fn` takes until its promise settles, also when it fails. */
export async function timeAsync<T>(name: string, fn: () => T | PromiseLike<T>, labels?: Labels): Promise<T> {
  const end = startTimer(name, labels)
  try {
    return await fn()
  } finally {
    end()
  }
}

/**
 * Measures how long `fn` takes until it returns or throws; of a promise that it returns, until that settles. A query
 * builder that it returns runs here, and comes back as a promise.
 */
export function timeSync<T>(name: string, fn: () => T, labels?: Labels): T {
  const end = startTimer(name, labels)
  return whenEnded(fn, end, end)
}

/** All metrics as a plain object; times in milliseconds. */
export function getAllMetrics(): MetricsDocument {
  return metricsJson(shownRegistry())
}

/** Begins anew with no metrics at all. A counter that goes back to 0 is a restart to Prometheus. */
export function resetMetrics(): void {
  forgetRegistry()
}

/** All metrics in the text format of Prometheus; times in seconds. */
export function exportPrometheusMetrics(): string {
  return prometheusText(shownRegistry())
}

// eslint-disable-next-line @typescript-eslint/max-params -- which metric, of which labels, and what is recorded
function record<K extends Kind>(
  kind: K,
  name: string,
  labels: Labels | undefined,
  how: (found: NonNullable<ReturnType<typeof dynamicOf<K>>>, values: string[]) => void,
): void {
  try {
    const found = dynamicOf(kind, name, labels)
    if (found !== undefined) how(found, valuesOf(found.metric, labels))
  } catch {
    // Labels may be a proxy, or have getters that throw.
    dynamic().misuse('its labels cannot be read')
  }
}

const dynamicOf = <K extends Kind>(kind: K, name: string, labels: Labels | undefined) =>
  dynamic().find(kind, name, labels)

function total(kind: 'counter' | 'gauge', name: string, labels: Labels | undefined): number {
  const found = dynamic().known(kind, name)
  if (found === undefined) return 0
  const family = familyOf(found.metric)
  const wanted = wantedOf(found.metric, labels)
  if (family === undefined || family.type === 'histogram' || wanted === undefined) return 0
  let sum = 0
  family.each((values, value) => {
    if (wanted.every((one, at) => one === undefined || one === values[at])) sum += value
  })
  return withoutNoise(sum / found.scale)
}

function familyOf({ name }: Dynamic<Kind>): Family | undefined {
  for (const family of registry().families()) if (family.name === name) return family
  return undefined
}

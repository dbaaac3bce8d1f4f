import { histogramNumbers, withoutNoise, type HistogramNumbers } from '../core/histogram-summary.ts'
import { metricsJson, prometheusText, type Family, type MetricsDocument } from '../metrics/index.ts'
import { valuesOf, wantedOf, type Dynamic, type Labels } from './dynamic-metrics.ts'
import { type Kind } from './metric-names.ts'
import { mergedSeries } from './series.ts'
import { everything } from './everything.ts'
import { labelsBeside } from './service.ts'
import { dynamicMetrics as dynamic, forgetRegistry, registry } from './shown.ts'

export type { Labels } from './dynamic-metrics.ts'

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
 * A histogram in few numbers, in the unit of the name: all its series that carry these labels, together; zeros when nothing
 * was recorded.
 */
export function getHistogramStats(name: string, labels?: Labels): HistogramNumbers {
  const found = dynamic().known('histogram', name)
  const family = found && familyOf(found.metric)
  const wanted = found && wantedOf(found.metric, labelsBeside(registry(), labels))
  const one = family?.type === 'histogram' && wanted !== undefined ? mergedSeries(family, wanted) : undefined
  if (found === undefined || family?.type !== 'histogram' || one === undefined) return { ...NO_NUMBERS }
  return histogramNumbers(one, family.buckets, 1 / found.scale)
}

/** What a histogram says that has seen nothing. */
export const NO_NUMBERS: HistogramNumbers = { count: 0, sum: 0, avg: 0, min: 0, max: 0, p50: 0, p90: 0, p99: 0 }

/**
 * Starts a stopwatch.
 *
 * @returns what reads it, as often as you like: the milliseconds since the start
 */
export function startTimer(): () => number {
  const { clock } = registry()
  const startedAt = clock.elapsed()
  return () => clock.elapsed() - startedAt
}

/** What was done, and how long it took. */
export interface Timed<T> {
  readonly result: T
  readonly durationMs: number
}

/**
 * Measures how long an operation takes until its promise settles: `NAME_duration_ms` and `NAME_total`, both with `success`,
 * also of what fails, which goes on to the caller.
 */
export async function timeAsync<T>(
  name: string,
  operation: () => T | PromiseLike<T>,
  labels?: Labels,
): Promise<Timed<T>> {
  const end = timed(name, labels)
  let success = false
  try {
    const result = await operation()
    success = true
    return { result, durationMs: end(true) }
  } finally {
    if (!success) end(false)
  }
}

/** As {@link timeAsync}, of an operation that returns its result; for one that gives a promise, use {@link timeAsync}. */
export function timeSync<T>(name: string, operation: () => T, labels?: Labels): Timed<T> {
  const end = timed(name, labels)
  let success = false
  try {
    const result = operation()
    success = true
    return { result, durationMs: end(true) }
  } finally {
    if (!success) end(false)
  }
}

/** Labels together; those that cannot be read are left out, because a measurement must not throw. */
export function joined(labels: Labels | undefined, more: Labels): Labels {
  try {
    return { ...more, ...labels }
  } catch {
    return more
  }
}

function timed(name: string, labels: Labels | undefined): (success: boolean) => number {
  const elapsed = startTimer()
  return (success) => {
    const durationMs = elapsed()
    const all = joined(labels, { success: String(success) })
    recordHistogram(`${name}_duration_ms`, durationMs, all)
    incrementCounter(`${name}_total`, all)
    return durationMs
  }
}

/** All metrics as a plain object; times in milliseconds. */
export function getAllMetrics(): MetricsDocument {
  return metricsJson(everything())
}

/** Begins anew with no metrics at all. A counter that goes back to 0 is a restart to Prometheus. */
export function resetMetrics(): void {
  forgetRegistry()
}

/** All metrics in the text format of Prometheus; times in seconds. */
export function exportPrometheusMetrics(): string {
  return prometheusText(everything())
}

// eslint-disable-next-line @typescript-eslint/max-params -- which metric, of which labels, and what is recorded
function record<K extends Kind>(
  kind: K,
  name: string,
  labels: Labels | undefined,
  how: (found: NonNullable<ReturnType<typeof dynamicOf<K>>>, values: string[]) => void,
): void {
  try {
    const beside = labelsBeside(registry(), labels)
    const found = dynamicOf(kind, name, beside)
    if (found !== undefined) how(found, valuesOf(found.metric, beside))
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
  const wanted = wantedOf(found.metric, labelsBeside(registry(), labels))
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

import type { Family, FamilyOf, HistogramSnapshot, MetricsView, SketchBuckets } from '../core/metrics-port.ts'
import { readSamples } from '../core/metrics-samples.ts'

/** Who speaks, and since when. */
export interface OtlpOrigin {
  /** The attributes of the resource, e.g. `service.name`. */
  readonly resource: ReadonlyMap<string, string>
  /** When the counting began, in epoch milliseconds; `undefined` when nobody knows. */
  readonly startedAtMs: number | undefined
}

/** `AGGREGATION_TEMPORALITY_CUMULATIVE`: numbers are since the start, so that a push that is lost costs nothing. */
const CUMULATIVE = 2
const SCOPE = '@easymo/perf'

type Point = Readonly<Record<string, unknown>>
type Unnamed = Readonly<Record<'sum' | 'gauge' | 'histogram' | 'exponentialHistogram', unknown>>

/** What all points of a push share. */
type Times = Readonly<Record<string, string>>

/**
 * Writes all metrics as one `ExportMetricsServiceRequest` in OTLP's JSON; `undefined` when there is no series yet.
 *
 * Whole numbers of 64 bits are texts, enums are numbers and names are in camelCase, as the mapping wants it.
 *
 * Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export function otlpDocument(metrics: MetricsView, origin: OtlpOrigin): string | undefined {
  // First, because a source that cannot be read is counted in a metric of this very push.
  const samples = readSamples(metrics)
  const times = {
    ...(origin.startedAtMs === undefined ? {} : { startTimeUnixNano: nanos(origin.startedAtMs) }),
    timeUnixNano: nanos(metrics.clock.now()),
  }
  const written = Array.from(metrics.families(), (family) => metricOf(family, times)).filter((one) => one !== undefined)
  for (const group of samples.values()) {
    const [first] = group
    if (first === undefined) continue
    const points = group.map(({ labels, value }) => ({
      attributes: attributes(labels),
      ...times,
      asDouble: double(value),
    }))
    written.push({ ...headOf(first), ...numbers(first.type, points) })
  }
  if (written.length === 0) return undefined
  const resource = { attributes: attributes([...origin.resource]) }
  return JSON.stringify({
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: SCOPE }, metrics: written }] }],
  })
}

function metricOf(family: Family, times: Times): object | undefined {
  const points: Point[] = []
  const labelsOf = (values: readonly string[]): Point => ({
    attributes: attributes(family.labels.map((name, index) => [name, values[index] ?? ''] as const)),
    ...times,
  })
  if (family.type !== 'histogram') {
    family.each((values, value) => points.push({ ...labelsOf(values), asDouble: double(value) }))
    return points.length === 0 ? undefined : { ...headOf(family), ...numbers(family.type, points) }
  }
  const series: (readonly [Point, HistogramSnapshot])[] = []
  family.each((values, snapshot) => series.push([labelsOf(values), snapshot]))
  return series.length === 0 ? undefined : { ...headOf(family), ...distribution(family.buckets, series) }
}

function headOf({ name, help }: Pick<FamilyOf<string, unknown>, 'name' | 'help'>): object {
  const unit = unitOf(name)
  return { name, description: help, ...(unit === undefined ? {} : { unit }) }
}

function numbers(type: 'counter' | 'gauge', dataPoints: readonly Point[]): Partial<Unnamed> {
  return type === 'gauge'
    ? { gauge: { dataPoints } }
    : { sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } }
}

/** The finer of the two forms that all series have: the sketch, or the buckets. A metric may have one only. */
function distribution(
  bounds: readonly number[],
  series: readonly (readonly [Point, HistogramSnapshot])[],
): Partial<Unnamed> {
  const exponential = series.every(([, { sketch }]) => sketch !== undefined)
  const dataPoints = series.map(([labels, snapshot]) => ({
    ...labels,
    ...totals(snapshot),
    ...(exponential ? sketchPoint(snapshot) : { bucketCounts: snapshot.counts.map(String), explicitBounds: bounds }),
  }))
  const data = { dataPoints, aggregationTemporality: CUMULATIVE }
  return exponential ? { exponentialHistogram: data } : { histogram: data }
}

function totals({ count, sum, min, max }: HistogramSnapshot): Point {
  if (count === 0) return { count: '0', sum: 0 }
  // A sum over values below 0 is left out, as the specification wants it: it may fall, and would be taken for a reset.
  return { count: String(count), ...(min < 0 ? {} : { sum: double(sum) }), min: double(min), max: double(max) }
}

function sketchPoint({ sketch }: HistogramSnapshot): Point {
  if (sketch === undefined) return {}
  const { scale, zeroCount, positive, negative } = sketch
  return { scale, zeroCount: String(zeroCount), positive: bucketsOf(positive), negative: bucketsOf(negative) }
}

function bucketsOf({ offset, counts }: SketchBuckets): Point {
  return { offset, bucketCounts: counts.map(String) }
}

function attributes(labels: readonly (readonly [name: string, value: string])[]): readonly object[] {
  return labels.map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

/** JSON has no word for these three; the mapping of protobuf writes them as text. */
function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function nanos(epochMs: number): string {
  return String(BigInt(Math.trunc(epochMs)) * 1_000_000n)
}

/** UCUM's signs for the base units, by the word in a metric's name (https://ucum.org/ucum). */
const UNITS: readonly (readonly [word: RegExp, unit: string])[] = [
  [/_seconds(?:_total)?$/, 's'],
  [/_bytes(?:_total)?$/, 'By'],
  [/_celsius$/, 'Cel'],
  [/_grams(?:_total)?$/, 'g'],
  [/_joules(?:_total)?$/, 'J'],
  [/_met(?:er|re)s(?:_total)?$/, 'm'],
  [/_volts$/, 'V'],
  [/_amperes$/, 'A'],
  [/_ratio$/, '1'],
]

function unitOf(name: string): string | undefined {
  return UNITS.find(([word]) => word.test(name))?.[1]
}

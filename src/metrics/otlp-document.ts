import type { Family, FamilyOf, HistogramSnapshot, SketchBuckets } from '../core/metrics-port.ts'
import type { Content } from './otlp-content.ts'

/** What one resource says. */
export interface ResourceContent {
  /** Its attributes, e.g. `service.name`. */
  readonly resource: ReadonlyMap<string, string>
  readonly content: Content
}

/** What the numbers are counted from. */
export interface Span {
  /** `AGGREGATION_TEMPORALITY_DELTA` or `_CUMULATIVE`, since the last push or since the start. */
  readonly temporality: 1 | 2
  /** In epoch milliseconds; `undefined` when nobody knows. */
  readonly sinceMs: number | undefined
}

/** The times of a push. */
export interface Spans {
  readonly atMs: number
  readonly families: Span
  /** Of what was collected. */
  readonly samples: Span
}

const SCOPE = '@easymo/perf'

type Point = Readonly<Record<string, unknown>>
type Unnamed = Readonly<Record<'sum' | 'gauge' | 'histogram' | 'exponentialHistogram', unknown>>

/** What all points of a kind share. */
interface Times {
  readonly temporality: Span['temporality']
  readonly of: Readonly<Record<string, string>>
}

/**
 * Writes metrics as one `ExportMetricsServiceRequest` in OTLP's JSON; `undefined` when there is no series.
 *
 * Whole numbers of 64 bits are texts, enums are numbers and names are in camelCase, as the mapping wants it.
 *
 * Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export function otlpDocument(resources: readonly ResourceContent[], spans: Spans): string | undefined {
  const times = ({ temporality, sinceMs }: Span): Times => {
    // A point that is no longer than an instant is taken as a base line, and not counted.
    const atMs = sinceMs === undefined ? spans.atMs : Math.max(spans.atMs, Math.trunc(sinceMs) + 1)
    const since = sinceMs === undefined ? {} : { startTimeUnixNano: nanos(sinceMs) }
    return { temporality, of: { ...since, timeUnixNano: nanos(atMs) } }
  }
  const resourceMetrics = resources.flatMap(({ resource, content }) => {
    const metrics = written(content, times(spans.families), times(spans.samples))
    const attributed = { attributes: attributes([...resource]) }
    return metrics.length === 0 ? [] : [{ resource: attributed, scopeMetrics: [{ scope: { name: SCOPE }, metrics }] }]
  })
  return resourceMetrics.length === 0 ? undefined : JSON.stringify({ resourceMetrics })
}

function written({ families, samples }: Content, times: Times, sampleTimes: Times): object[] {
  const metrics = families.map((family) => metricOf(family, times)).filter((one) => one !== undefined)
  for (const group of samples.values()) {
    const [first] = group
    if (first === undefined) continue
    const points = group.map(({ labels, value }) => ({
      attributes: attributes(filled(labels)),
      ...sampleTimes.of,
      asDouble: double(value),
    }))
    metrics.push({ ...headOf(first), ...numbers(first.type, points, sampleTimes) })
  }
  return metrics
}

function metricOf(family: Family, times: Times): object | undefined {
  const points: Point[] = []
  const labelsOf = (values: readonly string[]): Point => ({
    attributes: attributes(filled(family.labels.map((name, index) => [name, values[index] ?? ''] as const))),
    ...times.of,
  })
  if (family.type !== 'histogram') {
    family.each((values, value) => points.push({ ...labelsOf(values), asDouble: double(value) }))
    return points.length === 0 ? undefined : { ...headOf(family), ...numbers(family.type, points, times) }
  }
  const series: (readonly [Point, HistogramSnapshot])[] = []
  family.each((values, snapshot) => series.push([labelsOf(values), snapshot]))
  return series.length === 0 ? undefined : { ...headOf(family), ...distribution(family.buckets, series, times) }
}

function headOf({ name, help }: Pick<FamilyOf<string, unknown>, 'name' | 'help'>): object {
  const unit = unitOf(name)
  return { name, description: help, ...(unit === undefined ? {} : { unit }) }
}

function numbers(type: 'counter' | 'gauge', dataPoints: readonly Point[], times: Times): Partial<Unnamed> {
  return type === 'gauge'
    ? { gauge: { dataPoints } }
    : { sum: { dataPoints, aggregationTemporality: times.temporality, isMonotonic: true } }
}

/** The finer of the two forms that all series have: the sketch, or the buckets. A metric may have one only. */
function distribution(
  bounds: readonly number[],
  series: readonly (readonly [Point, HistogramSnapshot])[],
  { temporality }: Times,
): Partial<Unnamed> {
  const exponential = series.every(([, { sketch }]) => sketch !== undefined)
  const dataPoints = series.map(([labels, snapshot]) => ({
    ...labels,
    ...totals(snapshot),
    ...(exponential ? sketchPoint(snapshot) : { bucketCounts: snapshot.counts.map(String), explicitBounds: bounds }),
  }))
  const data = { dataPoints, aggregationTemporality: temporality }
  return exponential ? { exponentialHistogram: data } : { histogram: data }
}

/** What is NaN is not known, and left out. */
function totals({ count, sum, min, max }: HistogramSnapshot): Point {
  if (count === 0) return { count: '0', sum: 0 }
  // A sum over values below 0 is left out, as the specification wants it: it may fall, and would be taken for a reset.
  const known = { ...(min < 0 ? {} : { sum }), min, max }
  const shown = Object.entries(known).filter(([, value]) => !Number.isNaN(value))
  return { count: String(count), ...Object.fromEntries(shown.map(([name, value]) => [name, double(value)])) }
}

function sketchPoint({ sketch }: HistogramSnapshot): Point {
  if (sketch === undefined) return {}
  const { scale, zeroCount, positive, negative } = sketch
  return { scale, zeroCount: String(zeroCount), positive: bucketsOf(positive), negative: bucketsOf(negative) }
}

function bucketsOf({ offset, counts }: SketchBuckets): Point {
  return { offset, bucketCounts: counts.map(String) }
}

/** An empty label is the same as none. */
function filled(labels: readonly (readonly [name: string, value: string])[]): typeof labels {
  return labels.filter(([, value]) => value !== '')
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

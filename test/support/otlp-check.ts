/**
 * Judges a push by opentelemetry-proto and its JSON mapping: unknown fields, wrong forms of numbers, and what the comments
 * of metrics.proto ask for beyond the types.
 */

type Json = Readonly<Record<string, unknown>>
type Check = (value: unknown, at: string) => void

function fail(at: string, why: string): never {
  throw new Error(`${at}: ${why}`)
}

const must = (holds: boolean, at: string, why: string): void => {
  if (!holds) fail(at, why)
}

const text: Check = (value, at) => must(typeof value === 'string', at, 'is no string')
const bool: Check = (value, at) => must(typeof value === 'boolean', at, 'is no boolean')
const int32: Check = (value, at) =>
  must(Number.isInteger(value) && Math.abs(value as number) < 2 ** 31, at, 'is no int32')
const temporality: Check = (value, at) => must(value === 1 || value === 2, at, 'is no temporality')
const double: Check = (value, at) =>
  must(typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value as string), at, 'is no double')
const uint64: Check = (value, at) =>
  must(
    typeof value === 'string' && /^(0|[1-9]\d*)$/.test(value) && BigInt(value) < 2n ** 64n,
    at,
    'is no uint64 as text',
  )

const list =
  (of: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return fail(at, 'is no array')
    value.forEach((one, index) => of(one, `${at}[${index}]`))
  }

/** A message with these fields, all of them optional as in proto3, and nothing else. */
const message =
  (fields: Readonly<Record<string, Check>>, also: (value: Json, at: string) => void = () => undefined): Check =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(at, 'is no message')
    for (const [name, field] of Object.entries(value)) {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (check === undefined) return fail(at, `has no field ${name}`)
      check(field, `${at}.${name}`)
    }
    also(value as Json, at)
  }

const exactlyOne = (value: Json, names: readonly string[], at: string): void =>
  must(names.filter((name) => name in value).length === 1, at, `must have one of ${names.join(', ')}`)

const anyValue = message({ stringValue: text, boolValue: bool, intValue: uint64, doubleValue: double }, (value, at) =>
  exactlyOne(value, ['stringValue', 'boolValue', 'intValue', 'doubleValue'], at),
)
const keyValue = message({ key: text, value: anyValue }, ({ key }, at) => must(key !== '', at, 'has an empty key'))
const attributes: Check = (value, at) => {
  list(keyValue)(value, at)
  const keys = (value as { key: string }[]).map(({ key }) => key)
  must(new Set(keys).size === keys.length, at, 'has a key twice')
}

const shared = { attributes, startTimeUnixNano: uint64, timeUnixNano: uint64, flags: int32 }

function times({ startTimeUnixNano = '0', timeUnixNano }: Json, at: string): void {
  must(typeof timeUnixNano === 'string' && timeUnixNano !== '0', at, 'has no time')
  must(BigInt(startTimeUnixNano as string) < BigInt(timeUnixNano as string), at, 'does not start before it ends')
}

const big = (value: unknown): bigint => BigInt((value as string | undefined) ?? '0')
const total = (counts: unknown): bigint => ((counts ?? []) as string[]).reduce((sum, one) => sum + BigInt(one), 0n)

function extremes({ count, min, max, sum }: Json, at: string): void {
  if (big(count) === 0n) must(min === undefined && max === undefined, at, 'has extremes of nothing')
  if (typeof min === 'number' && typeof max === 'number') must(min <= max, at, 'has its extremes the wrong way round')
  if (typeof min === 'number') must(min >= 0 || sum === undefined, at, 'has a sum, and values below 0')
}

const numberPoint = message({ ...shared, asDouble: double, asInt: uint64 }, (value, at) => {
  times(value, at)
  exactlyOne(value, ['asDouble', 'asInt'], at)
})

const histogramPoint = message(
  {
    ...shared,
    count: uint64,
    sum: double,
    bucketCounts: list(uint64),
    explicitBounds: list(double),
    min: double,
    max: double,
  },
  (value, at) => {
    times(value, at)
    extremes(value, at)
    const bounds = value['explicitBounds'] as number[]
    must((value['bucketCounts'] as unknown[]).length === bounds.length + 1, at, 'must have one bucket more than bounds')
    must(total(value['bucketCounts']) === big(value['count']), at, 'has buckets that do not add up to its count')
    must(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? Infinity)),
      at,
      'has unsorted bounds',
    )
  },
)

const buckets = message({ offset: int32, bucketCounts: list(uint64) })
const exponentialPoint = message(
  {
    ...shared,
    count: uint64,
    sum: double,
    scale: int32,
    zeroCount: uint64,
    positive: buckets,
    negative: buckets,
    min: double,
    max: double,
    zeroThreshold: double,
  },
  (value, at) => {
    times(value, at)
    extremes(value, at)
    const inside = [value['positive'], value['negative']] as (Json | undefined)[]
    const sum = inside.reduce((all, one) => all + total(one?.['bucketCounts']), big(value['zeroCount']))
    must(sum === big(value['count']), at, 'has buckets that do not add up to its count')
  },
)

/** Every point of a metric is another series. */
function distinct({ dataPoints }: Json, at: string): void {
  const series = ((dataPoints ?? []) as Json[]).map((point) => JSON.stringify(point['attributes']))
  must(series.length > 0, at, 'has no points')
  must(new Set(series).size === series.length, at, 'has two points of one series')
}

function accumulates(value: Json, at: string): void {
  must(value['aggregationTemporality'] !== undefined, at, 'has no temporality')
  distinct(value, at)
}

const kinds: Readonly<Record<string, Check>> = {
  gauge: message({ dataPoints: list(numberPoint) }, distinct),
  sum: message(
    { dataPoints: list(numberPoint), aggregationTemporality: temporality, isMonotonic: bool },
    (value, at) => {
      accumulates(value, at)
      for (const { asDouble } of value['dataPoints'] as Json[])
        must(value['isMonotonic'] !== true || Number(asDouble) >= 0, at, 'is monotonic and below 0')
    },
  ),
  histogram: message({ dataPoints: list(histogramPoint), aggregationTemporality: temporality }, accumulates),
  exponentialHistogram: message(
    { dataPoints: list(exponentialPoint), aggregationTemporality: temporality },
    accumulates,
  ),
}

const metric = message({ name: text, description: text, unit: text, ...kinds }, (value, at) => {
  must(typeof value['name'] === 'string' && value['name'] !== '', at, 'has no name')
  exactlyOne(value, Object.keys(kinds), at)
})
const scope = message({ name: text, version: text, attributes, droppedAttributesCount: int32 })
const resource = message({ attributes, droppedAttributesCount: int32 })
const scopeMetrics = message({ scope, metrics: list(metric), schemaUrl: text }, ({ metrics }, at) => {
  const names = (metrics as { name: string }[]).map(({ name }) => name)
  must(new Set(names).size === names.length, at, 'has a metric twice')
})
const resourceMetrics = message({ resource, scopeMetrics: list(scopeMetrics), schemaUrl: text })
const request = message({ resourceMetrics: list(resourceMetrics) })

/** One point, as a test reads it. */
export interface OtlpPoint {
  readonly kind: string
  readonly point: Json
}

/** @throws Error that says where the push is wrong, and why */
export function checkOtlp(body: string): void {
  request(JSON.parse(body), 'request')
}

/** Checks a push, and gives all its points by metric and labels: `name{a="x"}`. */
export function otlpPoints(body: string): Map<string, OtlpPoint> {
  checkOtlp(body)
  const { resourceMetrics: all } = JSON.parse(body) as { resourceMetrics: { scopeMetrics: { metrics: Json[] }[] }[] }
  const points = new Map<string, OtlpPoint>()
  for (const one of all.flatMap(({ scopeMetrics: scopes }) => scopes.flatMap(({ metrics }) => metrics))) {
    const kind = Object.keys(kinds).find((name) => name in one) ?? ''
    for (const point of (one[kind] as { dataPoints: Json[] }).dataPoints)
      points.set(`${String(one['name'])}${labelsOf(point['attributes'])}`, { kind, point })
  }
  return points
}

/** The attributes of the resource of a push. */
export function otlpResource(body: string): Readonly<Record<string, string>> {
  const { resourceMetrics: all } = JSON.parse(body) as { resourceMetrics: { resource: Json }[] }
  return Object.fromEntries(entriesOf(all[0]?.resource['attributes']))
}

function labelsOf(given: unknown): string {
  const pairs = entriesOf(given).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function entriesOf(given: unknown): [string, string][] {
  return (given as { key: string; value: { stringValue: string } }[]).map(({ key, value }) => [key, value.stringValue])
}

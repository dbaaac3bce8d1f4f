/** Which kind of metric a name is for. */
export type Kind = 'counter' | 'gauge' | 'histogram'

/** A name as Prometheus wants it, and what values in the given unit are multiplied with. */
export interface MetricName {
  readonly name: string
  readonly scale: number
  /** Whether it is a time. */
  readonly isTime: boolean
}

/** Units of time as people write them at the end of a name, in seconds. */
const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  ms: 0.001,
  msec: 0.001,
  millis: 0.001,
  milliseconds: 0.001,
  s: 1,
  sec: 1,
  secs: 1,
  seconds: 1,
  min: 60,
  mins: 60,
  minutes: 60,
  hours: 3_600,
  days: 86_400,
}

/** Words for the type, which a name must not hold. */
const TYPES = /_(?:gauge_histogram|counter|gauge|summary|histogram)(?=_|$)/g

/**
 * Makes any text a name that Prometheus takes: in snake_case, times in seconds, counters ending in `_total`. Undefined
 * where nothing is left of it; what is still against the rules, the registry says.
 */
export function metricName(kind: Kind, given: unknown): MetricName | undefined {
  const words = snakeCase(given)
    .replace(TYPES, '')
    .replace(/_total$/, '')
  const [, stem = '', unit = ''] = /^(.+)_([a-z]+)$/.exec(words) ?? []
  const seconds = Object.hasOwn(SECONDS, unit) ? SECONDS[unit] : undefined
  const base = seconds === undefined ? words : `${stem}_seconds`
  // What histograms append to their own names.
  const name = kind === 'counter' ? base : base.replace(/(.)_(?:bucket|count|sum)$/, '$1')
  if (name === '') return undefined
  const legal = /^\d/.test(name) ? `_${name}` : name
  return { name: kind === 'counter' ? `${legal}_total` : legal, scale: seconds ?? 1, isTime: seconds !== undefined }
}

/** A label's name, as Prometheus takes it; empty where nothing is left of it. */
export function labelName(given: string): string {
  const name = snakeCase(given)
  if (name === 'le' || name === 'quantile') return `${name}_label`
  return /^\d/.test(name) ? `_${name}` : name
}

function snakeCase(text: unknown): string {
  if (typeof text !== 'string') return ''
  // Longer ones are no names; the limit also bounds what the expressions look at.
  const words = text.slice(0, 128).replace(/([a-z0-9])([A-Z])/g, '$1_$2')
  return words.replace(/[^a-z0-9]+/gi, '_').replace(/^_|_$/g, '').toLowerCase() // prettier-ignore
}

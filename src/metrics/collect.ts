import { isFunction, isText, oneOf } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Metrics, Sample } from '../core/metrics-port.ts'
import { isPromiseLike } from '../core/promise.ts'
import { statsTable, type StatField, type StatsShape } from '../core/stats-table.ts'
import { internalsOf } from './internals.ts'
import { cleanValue, REDACTED } from './labels.ts'
import { unitProblem } from './units.ts'

/** What is collected: another room's stats, or (`custom`) any flat object of numbers. */
export type CollectKind = 'cache' | 'pool' | 'dedup' | 'webhook' | 'lazy' | 'warmup' | 'custom'

const KINDS: readonly CollectKind[] = ['cache', 'pool', 'dedup', 'webhook', 'lazy', 'warmup', 'custom']

/** As many as a metric has series: what has more is no room, and would make every scrape long. */
const MOST_PARTS = 1_000

/**
 * Shows the stats of another room among the metrics. They are read when the metrics are shown, and never in between, so
 * that being observed costs a room nothing.
 *
 * A `custom` object of numbers becomes gauges: `collect(metrics, 'custom', 'queue', () => ({ waitMs: 3 }))` is shown as
 * `queue_wait_seconds 0.003`; a field whose name ends in `Total` becomes a counter. What cannot be read or named (no promise
 * can, and no `sizeMb`: units are seconds and bytes), and what comes after 1000 handlers, tasks or fields, is left out and
 * counted in `easymo_metrics_misuse_total`.
 *
 * @param name - the instance, e.g. the name of the cache; the same kind and name again replaces the first
 * @param read - e.g. `() => profiles.stats()`
 * @returns what ends it
 * @throws OptionError `ERR_PERF_OPTION`
 */
// eslint-disable-next-line @typescript-eslint/max-params -- what, of which kind, called how, read how: it reads as a sentence
export function collect(metrics: Metrics, kind: CollectKind, name: string, read: () => unknown): () => void {
  oneOf(KINDS, 'kind', kind)
  isText('name', name)
  isFunction('read', read)
  const stats = (): Stats => {
    const all = record(read())
    const parts = Object.keys(all)
    if (parts.length <= MOST_PARTS) return all
    metrics.misuse(kind, `its stats have more than ${MOST_PARTS} parts`)
    return Object.fromEntries(parts.slice(0, MOST_PARTS).map((part) => [part, all[part]]))
  }
  const clean = cleaner(metrics, kind)
  if (kind === 'custom')
    return metrics.addSource({ kind, name, read: stats, samples: () => customSamples(metrics, { name, clean }, stats()) }) // prettier-ignore
  const shape = statsTable[kind]
  const clash = [shape.label, shape.each].find((own) => own !== undefined && Object.hasOwn(metrics.defaultLabels, own))
  if (clash !== undefined) throw new OptionError(`label ${clash} is a default label already`)
  const labels = [[shape.label, clean(name, shape.label)]] as const
  return metrics.addSource({ kind, name, read: stats, samples: () => samplesOf({ ...shape, labels, clean }, stats()) })
}

type Clean = (text: string, label: string) => string

/** Makes names fit to be shown, and counts those that were not: each once, because a reading must not change the next. */
function cleaner(metrics: Metrics, of: string): Clean {
  const counted = new Set<string>()
  return (text, label) => {
    const clean = cleanValue(text, label)
    if (clean === REDACTED && text !== REDACTED && !counted.has(text) && counted.size < MOST_PARTS) {
      counted.add(text)
      internalsOf(metrics)?.redacted(of, 1)
    }
    return clean
  }
}

interface Shown extends StatsShape {
  readonly labels: Sample['labels']
  readonly clean: Clean
}

function samplesOf({ each, ...shown }: Shown, stats: Stats): Sample[] {
  const { fields, labels, clean } = shown
  if (each === undefined) return Object.entries(fields).flatMap(([name, field]) => sampleOf(field, labels, stats[name]))
  return Object.entries(stats).flatMap(([part, own]) =>
    samplesOf({ ...shown, labels: [...labels, [each, clean(part, each)]] }, record(own)),
  )
}

/** Fields that the stats do not have, or not as a number, are left out. */
function sampleOf(field: StatField, labels: Sample['labels'], given: unknown): Sample[] {
  const { metric, type, help, scale = 1, word } = field
  const value = numberOf(word === undefined ? given : given === word)
  return value === undefined ? [] : [{ name: metric, type, help, labels, value: value * scale }]
}

function customSamples(
  metrics: Metrics,
  { name, clean }: { readonly name: string; readonly clean: Clean },
  stats: Stats,
): Sample[] {
  return Object.entries(stats).flatMap(([given, value]) => {
    if (numberOf(value) === undefined) return []
    // An object by phone number would show them as names.
    const field = clean(given, '')
    const inMs = field.endsWith('Ms')
    const metric = snakeCase(`${name}_${field.replace(/Ms$/, 'Seconds')}`)
    if (!/^[a-z][a-z0-9_]*$/.test(metric) || unitProblem(metric) !== undefined) {
      metrics.misuse(metric, 'it is no name of a metric, or not in a base unit')
      return []
    }
    const type = metric.endsWith('_total') ? 'counter' : 'gauge'
    return sampleOf({ metric, type, help: `${field} of ${name}`, scale: inMs ? 0.001 : 1 }, [], value)
  })
}

function snakeCase(text: string): string {
  return text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^a-z0-9]+/gi, '_')
    .toLowerCase()
}

/** Numbers as they are, booleans as 1 and 0; nothing else is a metric. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

type Stats = Readonly<Record<string, unknown>>

function record(value: unknown): Stats {
  // Nobody else will hear it fail, and that must not end the process.
  if (value instanceof Promise) value.catch(() => undefined)
  if (typeof value !== 'object' || value === null || isPromiseLike(value))
    throw new OptionError('stats must be an object, and no promise of one')
  return value as Stats
}

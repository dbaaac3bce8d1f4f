import { hasMethods, knownOptions, wholeAtLeast } from '../core/check.ts'
import { systemClock } from '../core/clock.ts'
import { OptionError, PerfError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Counter, Family, Metrics, Source } from '../core/metrics-port.ts'
import { counter } from './counter.ts'
import { checkLabelNames, clashWith, definition, sameDefinition, type Definition } from './definition.ts'
import { gauge } from './gauge.ts'
import { histogram } from './histogram.ts'
import type { Instrument, InstrumentContext } from './instrument.ts'
import { keepInternals } from './internals.ts'
import { cleanValue, shownText } from './labels.ts'

/** The limits of a registry, and what it does with labels and with wrong recordings. */
export interface MetricsOptions {
  /**
   * Labels that every line of the text formats carries, e.g. `{ service: 'wa-webhook-core' }`; the operator's own words,
   * which are never redacted. @defaultValue none
   */
  readonly defaultLabels?: Readonly<Record<string, string>>
  /**
   * Series per metric, and as many again for values that were reserved; what is recorded beyond goes to one more, whose
   * labels are `__overflow__`. @defaultValue 1000
   */
  readonly maxSeriesPerMetric?: number
  /** Throws on a wrong recording instead of counting it; for tests. @defaultValue false */
  readonly strict?: boolean
  /** Labels whose values may look like phone numbers, e.g. `['phone_number_id']`. @defaultValue none */
  readonly allowDigits?: readonly string[]
  readonly host?: Host
}

interface Entry {
  readonly definition: Definition
  readonly instrument: Instrument
}

const INSTRUMENTS = { counter, gauge, histogram }

/** Values that have places of their own, for each label; more are no list that somebody wrote. */
const MOST_RESERVED = 1_000

/** Names of the registry's own counters begin so. */
const OWN = 'easymo_metrics_'

/**
 * Creates a registry of metrics.
 *
 * Recording never throws: what is recorded with wrong labels or a wrong number is dropped and counted in
 * `easymo_metrics_misuse_total{metric}`. Label values are copied, cut at 128 characters, and replaced by `redacted` when
 * they can be a phone number, which is counted in `easymo_metrics_redactions_total{metric}`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { defaultLabels, maxSeries, strict, allowDigits, clock } = checked(options)
  const entries = new Map<string, Entry>()
  const sources = new Map<string, Source>()
  const reserved = new Map<string, Set<string>>()
  let startedAt: number | undefined

  function misuse(metric: string, why: string): void {
    if (strict) throw new PerfError('ERR_PERF_METRICS_MISUSE', `${metric}: ${why}`)
    misused.inc(metric)
  }

  function contextOf(name: string): InstrumentContext {
    return {
      clock,
      maxSeries,
      allowDigits,
      misuse: (why) => misuse(name, why),
      dropped: () => droppedSeries.inc(name),
      redacted: () => redactions.inc(name),
      reserved: (label, value) => reserved.get(label)?.has(value) === true,
    }
  }

  function define(wanted: Definition, context = contextOf(wanted.name)): object {
    const first = entries.get(wanted.name)
    if (first !== undefined) {
      if (sameDefinition(first.definition, wanted)) return first.instrument.face
      throw new OptionError(`metric ${wanted.name} is defined already, and differently`)
    }
    checkLabels(wanted.name, wanted.labels)
    const taken = clashWith(wanted, (name) => entries.get(name)?.definition)
    if (taken !== undefined) throw new OptionError(`metric ${wanted.name} cannot stand beside ${taken} in OpenMetrics`)
    const instrument = INSTRUMENTS[wanted.type](wanted, context)
    entries.set(wanted.name, { definition: wanted, instrument })
    return instrument.face
  }

  function checkLabels(of: string, labels: readonly string[]): void {
    const clash = labels.find((label) => Object.hasOwn(defaultLabels, label))
    if (clash !== undefined) throw new OptionError(`label ${clash} of ${of} is a default label already`)
  }

  function widen(name: string, more: readonly string[]): void {
    const entry = entries.get(name)
    if (entry === undefined || name.startsWith(OWN)) throw new OptionError(`metric ${name} is not defined`)
    checkLabelNames(name, [...entry.definition.labels, ...more])
    checkLabels(name, more)
    const labels = [...entry.definition.labels, ...more]
    const instrument = entry.instrument.widened(more)
    entries.set(name, { definition: { ...entry.definition, labels }, instrument })
  }

  const own = (name: string, help: string): Counter<['metric']> =>
    // Without a limit of its own to count: what is dropped here would be counted here, and so without end.
    define(definition('counter', OWN + name, { help, labels: ['metric'] }), {
      ...contextOf(OWN + name),
      maxSeries: Math.max(1_000, maxSeries),
      dropped: () => undefined,
    }) as Counter<['metric']>
  const misused = own('misuse_total', 'Recordings dropped because of wrong labels or a wrong number')
  const droppedSeries = own('series_dropped_total', 'Recordings that found no place and went to the overflow series')
  const redactions = own('redactions_total', 'Label values replaced because they can be phone numbers')

  const instrument = (type: Definition['type']) => (name: string, given: Parameters<typeof definition>[2]) => {
    const wanted = definition(type, name, given)
    if (name.startsWith(OWN)) throw new OptionError(`metric names that begin with ${OWN} are taken`)
    return define(wanted)
  }

  /** What sources bring in whole; a name that is taken is left out. */
  function familiesOf(source: Source): Family[] {
    try {
      const found = [...(source.families?.() ?? [])]
      const free = found.filter(({ name }) => !entries.has(name))
      if (free.length < found.length) misuse(source.kind, 'the name is taken by another metric')
      return free
    } catch {
      misuse(source.kind, 'its families could not be read')
      return []
    }
  }

  const metrics: Metrics = {
    counter: instrument('counter') as Metrics['counter'],
    gauge: instrument('gauge') as Metrics['gauge'],
    histogram: instrument('histogram') as Metrics['histogram'],
    defaultLabels,
    clock,
    uptimeMs: () => clock.elapsed() - (startedAt ??= clock.elapsed()),
    families: () => {
      // First, because one that cannot be read is counted in a metric of this very scrape.
      const theirs = [...sources.values()].flatMap(familiesOf)
      return [...Array.from(entries.values(), ({ instrument: { family } }) => family), ...theirs]
    },
    sources: () => [...sources.values()],
    addSource(source) {
      const key = `${source.kind} ${source.name}`
      sources.set(key, source)
      return () => {
        if (sources.get(key) === source) sources.delete(key)
      }
    },
    misuse,
    reserve(label, values) {
      const own = reserved.get(label) ?? new Set()
      reserved.set(label, own)
      for (const value of values) if (own.size < MOST_RESERVED) own.add(cleanValue(value, label))
    },
  }
  keepInternals(metrics, { widen, redacted: (metric, times) => redactions.add(times, metric) })
  return metrics
}

/** The options as they are used: with their defaults, and copied. */
interface Checked
  extends Pick<Metrics, 'defaultLabels' | 'clock'>, Pick<InstrumentContext, 'maxSeries' | 'allowDigits'> {
  readonly strict: boolean
}

function checked(options: MetricsOptions): Checked {
  knownOptions(options, 'defaultLabels', 'maxSeriesPerMetric', 'strict', 'allowDigits', 'host')
  const { defaultLabels = {}, maxSeriesPerMetric: maxSeries = 1_000, strict = false, allowDigits = [], host } = options
  // Not the default host: of a host nothing but its clock is needed, and small bundles count.
  const clock = host === undefined ? systemClock : host.clock
  wholeAtLeast(1, 'maxSeriesPerMetric', maxSeries)
  if (typeof strict !== 'boolean') throw new OptionError('strict must be true or false')
  hasMethods('host.clock', clock, 'elapsed')
  checkLabelNames('allowDigits', allowDigits)
  if (typeof defaultLabels !== 'object' || (defaultLabels as unknown) === null)
    throw new OptionError('defaultLabels must be an object of strings')
  checkLabelNames('defaultLabels', Object.keys(defaultLabels))
  const clean = Object.entries(defaultLabels).map(([name, value]) => {
    if (typeof value !== 'string') throw new OptionError(`default label ${name} must be a string`)
    return [name, shownText(value)] as const
  })
  return { defaultLabels: Object.fromEntries(clean), maxSeries, strict, allowDigits: new Set(allowDigits), clock }
}

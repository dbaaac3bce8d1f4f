import type { Counter, Gauge, Histogram, Metrics } from '../metrics/index.ts'
import { labelName, metricName, type Kind } from './metric-names.ts'

/** The labels of one recording, by any names. */
export type Labels = Readonly<Record<string, string | number | boolean | null | undefined>>

interface Instruments {
  readonly counter: Counter
  readonly gauge: Gauge
  readonly histogram: Histogram
}

/** A metric that was defined by its first use. */
export interface Dynamic<K extends Kind> {
  readonly name: string
  readonly instrument: Instruments[K]
  /** The labels as the first use named them, and as they are shown. */
  readonly labels: readonly (readonly [given: string, shown: string])[]
}

/** A dynamic metric, and the unit of the name it was asked for by. */
export interface Found<K extends Kind> extends Dynamic<K> {
  readonly scale: number
}

/** Names that come from data and not from code would be without end. */
const MOST_NAMES = 1_000
const MOST_LABELS = 12
/** As long as the registry lets a value be. */
const LONGEST_VALUE = 128
/** From one to a million, for what is no time. */
const AMOUNTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000, 100_000, 1_000_000]
/** What recordings are counted under that cannot be made: their own name may be anything. */
const MISUSED = 'easymo_dynamic'

/** Metrics by whatever names and labels the code comes with, over a registry that wants definitions. */
export class DynamicMetrics {
  readonly #metrics: Metrics
  readonly #byGiven = new Map<string, Found<Kind> | undefined>()
  readonly #byName = new Map<string, Dynamic<Kind>>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** The metric of this name, defined now if it is new; undefined, and counted as misuse, when it cannot be. */
  find<K extends Kind>(kind: K, given: string, labels: Labels | undefined): Found<K> | undefined {
    const key = `${kind} ${given}`
    let found = this.#byGiven.get(key)
    if (found === undefined && !this.#byGiven.has(key) && this.#byGiven.size < MOST_NAMES) {
      found = this.#define(kind, given, labels)
      this.#byGiven.set(key, found)
    }
    if (found === undefined) this.misuse('its name is none that Prometheus takes, or there are too many names')
    return found as Found<K> | undefined
  }

  /** The metric of this name, if it was used. */
  known<K extends Kind>(kind: K, given: string): Found<K> | undefined {
    const named = metricName(kind, given)
    const known = named && this.#byName.get(`${kind} ${named.name}`)
    return known && { ...(known as Dynamic<K>), scale: named.scale }
  }

  misuse(why: string): void {
    this.#metrics.misuse(MISUSED, why)
  }

  #define(kind: Kind, given: string, labels: Labels | undefined): Found<Kind> | undefined {
    const named = metricName(kind, given)
    if (named === undefined) return undefined
    const { name, scale, isTime } = named
    const key = `${kind} ${name}`
    let dynamic = this.#byName.get(key)
    if (dynamic === undefined) {
      const pairs = labelsOf(labels)
      const options = { help: `${name}, as the service records it`, labels: pairs.map(([, shown]) => shown) }
      try {
        dynamic = { name, labels: pairs, instrument: this.#instrument(kind, name, { ...options, isTime }) }
      } catch {
        // Against the rules all the same, or taken by another metric: recording must not throw.
        return undefined
      }
      this.#byName.set(key, dynamic)
    }
    return { ...dynamic, scale }
  }

  #instrument(
    kind: Kind,
    name: string,
    { isTime, ...options }: { readonly help: string; readonly labels: readonly string[]; readonly isTime: boolean },
  ): Counter | Gauge | Histogram {
    if (kind === 'counter') return this.#metrics.counter(name, options)
    if (kind === 'gauge') return this.#metrics.gauge(name, options)
    return this.#metrics.histogram(name, { ...options, quantiles: true, ...(isTime ? {} : { buckets: AMOUNTS }) })
  }
}

/** The values for a recording, in order: '' for a label that is missing; those that the first use had not are left out. */
export function valuesOf({ labels }: Dynamic<Kind>, given: Labels | undefined): string[] {
  return labels.map(([name]) => (given !== undefined && Object.hasOwn(given, name) ? textOf(given[name]) : ''))
}

function labelsOf(given: Labels | undefined): (readonly [string, string])[] {
  const pairs = new Map<string, string>()
  for (const name of Object.keys(given ?? {})) {
    const shown = labelName(name)
    if (shown !== '' && !pairs.has(shown) && pairs.size < MOST_LABELS) pairs.set(shown, name)
  }
  return [...pairs].map(([shown, name]) => [name, shown])
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, LONGEST_VALUE)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

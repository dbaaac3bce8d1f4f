import { widen, type Counter, type Gauge, type Histogram, type Metrics } from '../metrics/index.ts'
import { labelName, metricName, type Kind } from './metric-names.ts'

/** The labels of one recording, by any names. */
export type Labels = Readonly<Record<string, string | number | boolean | null | undefined>>

interface Instruments {
  readonly counter: Counter
  readonly gauge: Gauge
  readonly histogram: Histogram
}

/** A metric that was defined by its first use, and gets the labels that come later. */
export interface Dynamic<K extends Kind> {
  readonly name: string
  instrument: Instruments[K]
  /** Asks the registry for it again, with these labels. */
  readonly define: (labels: readonly string[]) => Instruments[K]
  /** The labels as they are shown, in order. */
  readonly labels: string[]
  /** Where the value of a label stands, by every name that it was given under; -1 for one that has no place. */
  readonly places: Map<string, number>
}

/** A dynamic metric, and the unit of the name it was asked for by. */
export interface Found<K extends Kind> {
  readonly metric: Dynamic<K>
  readonly scale: number
}

/** Names that come from data and not from code would be without end; so would those of labels. */
const MOST_NAMES = 1_000
const MOST_LABELS = 12
const MOST_LABEL_NAMES = 50
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

  /**
   * The metric of this name with all of these labels, defined now if it is new; undefined, and counted as misuse, when it
   * cannot be.
   */
  find<K extends Kind>(kind: K, given: string, labels: Labels | undefined): Found<K> | undefined {
    const key = `${kind} ${given}`
    let found = this.#byGiven.get(key)
    if (found === undefined && !this.#byGiven.has(key) && this.#byGiven.size < MOST_NAMES) {
      found = this.#define(kind, given, labels)
      this.#byGiven.set(key, found)
    }
    if (found === undefined) this.misuse('its name is none that Prometheus takes, or there are too many names')
    else if (labels !== undefined) this.#learn(found.metric, labels)
    return found as Found<K> | undefined
  }

  /** The metric of this name, if it was used. */
  known<K extends Kind>(kind: K, given: string): Found<K> | undefined {
    const named = metricName(kind, given)
    const known = named && this.#byName.get(`${kind} ${named.name}`)
    return known && { metric: known as Dynamic<K>, scale: named.scale }
  }

  /**
   * Lets a metric that is defined already be recorded here, with labels that come later.
   *
   * @param aliases - labels that are given under another name, and what they are called
   */
  adopt(kind: Kind, name: string, aliases: Readonly<Record<string, string>> = {}): void {
    const family = [...this.#metrics.families()].find((one) => one.name === name && one.type === kind)
    if (family === undefined) return
    const { help, labels } = family
    const define = (all: readonly string[]): Instruments[Kind] => this.#metrics[kind](name, { help, labels: all })
    const places = new Map(labels.map((label, at) => [label, at]))
    for (const [alias, label] of Object.entries(aliases)) {
      const at = labels.indexOf(label)
      if (at !== -1) places.set(alias, at)
    }
    this.#byName.set(`${kind} ${name}`, { name, instrument: define(labels), define, labels: [...labels], places })
  }

  misuse(why: string): void {
    this.#metrics.misuse(MISUSED, why)
  }

  /** Makes places for labels that the metric has not had before. */
  #learn(metric: Dynamic<Kind>, given: Labels): void {
    let more: string[] | undefined
    for (const name of Object.keys(given)) {
      const known = metric.places.get(name)
      const place = known ?? this.#placeOf(metric, name, more?.length ?? 0)
      if (place === -1) this.misuse('it has too many labels, or one whose name is none')
      else if (place >= metric.labels.length + (more?.length ?? 0)) (more ??= []).push(labelName(name))
    }
    if (more === undefined) return
    widen(this.#metrics, metric.name, more)
    metric.labels.push(...more)
    metric.instrument = metric.define([...metric.labels])
  }

  /** The place of a label's value: a new one behind all others, if it is shown under a name that none of them has. */
  #placeOf({ labels, places }: Dynamic<Kind>, given: string, waiting: number): number {
    const shown = labelName(given)
    const alias = [...places].find(([name]) => labelName(name) === shown)?.[1]
    const place = alias ?? labels.length + waiting
    const taken = Object.hasOwn(this.#metrics.defaultLabels, shown) || shown.startsWith('__')
    if (places.size >= MOST_LABEL_NAMES) return alias ?? -1
    const found = shown === '' || taken || place >= MOST_LABELS ? -1 : place
    places.set(given, found)
    return found
  }

  #define(kind: Kind, given: string, labels: Labels | undefined): Found<Kind> | undefined {
    const named = metricName(kind, given)
    if (named === undefined) return undefined
    const { name, scale, isTime } = named
    const key = `${kind} ${name}`
    let metric = this.#byName.get(key)
    if (metric === undefined) {
      const define = (all: readonly string[]): Instruments[Kind] =>
        this.#instrument(kind, name, { labels: all, isTime })
      metric = {
        name,
        instrument: undefined as unknown as Counter,
        define,
        labels: [],
        places: new Map(),
      }
      for (const label of Object.keys(labels ?? {})) {
        const place = this.#placeOf(metric, label, 0)
        if (place === metric.labels.length) metric.labels.push(labelName(label))
      }
      try {
        metric.instrument = define([...metric.labels])
      } catch {
        // Against the rules all the same, or taken by another metric: recording must not throw.
        return undefined
      }
      this.#byName.set(key, metric)
    }
    return { metric, scale }
  }

  #instrument(
    kind: Kind,
    name: string,
    { isTime, labels }: { readonly labels: readonly string[]; readonly isTime: boolean },
  ): Counter | Gauge | Histogram {
    const options = { help: `${name}, as the service records it`, labels }
    if (kind === 'counter') return this.#metrics.counter(name, options)
    if (kind === 'gauge') return this.#metrics.gauge(name, options)
    return this.#metrics.histogram(name, { ...options, quantiles: true, ...(isTime ? {} : { buckets: AMOUNTS }) })
  }
}

/** The values for a recording, in order: '' for a label that is missing. */
export function valuesOf({ labels, places }: Dynamic<Kind>, given: Labels | undefined): string[] {
  const values = labels.map(() => '')
  for (const name of Object.keys(given ?? {})) {
    const place = places.get(name)
    if (place !== undefined && place !== -1) values[place] = textOf(given?.[name])
  }
  return values
}

/**
 * The values that a series must carry, in order, undefined for any; undefined for all of it when a label is asked for that
 * the metric has never had, and that is not empty, which is the same as not having it.
 */
export function wantedOf({ labels, places }: Dynamic<Kind>, given: Labels = {}): (string | undefined)[] | undefined {
  const wanted = labels.map((): string | undefined => undefined)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const shown = labelName(name)
    const place = places.get(name) ?? labels.indexOf(shown)
    if (place !== -1) wanted[place] = textOf(value)
    else if (textOf(value) !== '') return undefined
  }
  return wanted
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, LONGEST_VALUE)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

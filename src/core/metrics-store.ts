import type { StoreCallOptions } from './deadline.ts'

/** One number of a series, under the name of its part: letters, digits, `:` and `-`. */
export type Amount = readonly [part: string, amount: number]

/** What one series has counted. */
export interface SeriesAmounts {
  /** The metric it belongs to. Text that the store need not understand, without control characters; as all texts here. */
  readonly metric: string
  /** Tells the series from the others of its metric. */
  readonly series: string
  /** Added to what is there, part by part. */
  readonly sums: readonly Amount[]
  /** The smallest value, kept when smaller than what is there. */
  readonly min?: number
  /** The largest value, kept when larger than what is there. */
  readonly max?: number
}

/** One series of a gauge, as one isolate sees it. */
export interface GaugeValue {
  readonly metric: string
  readonly series: string
  readonly value: number
  /** For how many milliseconds it has had this value. */
  readonly ageMs: number
}

/** The same, when it is read. */
export interface StoredGauge extends GaugeValue {
  readonly instance: string
}

/** What one isolate has recorded since its last flush. */
export interface MetricsFlush {
  /** The same when a flush is sent again; remembered by the store for a day. */
  readonly id: string
  /** Names the isolate. */
  readonly instance: string
  readonly series: readonly SeriesAmounts[]
  /** Once a metric has so many series, what is for others is added to its series `"overflow"`. */
  readonly maxSeriesPerMetric: number
  /** Put in place of all that this instance said before; without it, that stands. */
  readonly gauges?: readonly GaugeValue[]
  /** After so many milliseconds without new gauges of the instance, its gauges are forgotten. */
  readonly gaugeTtlMs: number
  /** What the metrics are (type, help, labels, buckets); the last one said stands. */
  readonly definitions: readonly (readonly [metric: string, definition: string])[]
}

/** What a metric is, and since when the store knows it. */
export interface StoredDefinition {
  readonly metric: string
  readonly definition: string
  /** Milliseconds since it was said for the first time, by the clock of the store. */
  readonly ageMs: number
  /** Milliseconds since it was said the last time. */
  readonly idleMs: number
}

/** What all isolates have flushed. The order of the entries has no meaning. */
export interface StoredMetrics {
  readonly series: readonly SeriesAmounts[]
  /** Those whose time is not over. */
  readonly gauges: readonly StoredGauge[]
  readonly definitions: readonly StoredDefinition[]
}

/**
 * Where the isolates of a service add up their metrics. Its methods set no deadline; each hears by `onGiveUp` that nobody
 * waits any more, and then frees what the call holds.
 */
export interface MetricsStore {
  /**
   * Applies a flush, all of it or nothing, in one round trip.
   *
   * @returns `false` when a flush of this id was applied before, and nothing was done
   */
  add(flush: MetricsFlush, options?: StoreCallOptions): Promise<boolean>
  /** Everything that was flushed, in one round trip, as it stood at one moment. */
  read(options?: StoreCallOptions): Promise<StoredMetrics>
}

/** The series that takes what finds no place among those of its metric. */
export const OVERFLOW = '"overflow"'

/** For so long a store remembers the id of a flush. */
export const REMEMBERED_MS: number = 86_400_000

/** What nobody has flushed for so long may be forgotten. */
export const FORGOTTEN_MS: number = 30 * 86_400_000

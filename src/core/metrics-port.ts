/** What a registry of metrics offers to the rooms that record into it or show it. */
import type { Clock } from './clock.ts'

/**
 * The labels of one recording: one string for each label name, in the order of the definition (the fast way), or one
 * object that names each of them.
 */
export type LabelArgs<L extends readonly string[]> = L extends readonly []
  ? []
  : { [I in keyof L]: string } | [labels: { readonly [Name in L[number]]: string }]

/** One series of a counter: adding to it is one addition, with no look-up. */
export interface BoundCounter {
  /** Adds 1. */
  inc(): void
  /** Adds `step`, which must be finite and not negative. */
  add(step: number): void
}

/** Counts what only ever grows. */
export interface Counter<L extends readonly string[] = readonly string[]> {
  /** Adds 1. */
  inc(...labels: LabelArgs<L>): void
  /** Adds `step`, which must be finite and not negative. */
  add(step: number, ...labels: LabelArgs<L>): void
  /** The series of these labels, kept by the caller; it is shown from now on, with 0 when nothing was counted. */
  with(...labels: LabelArgs<L>): BoundCounter
}

/** One series of a gauge. */
export interface BoundGauge {
  /** Replaces the value; a number that is not finite is dropped and counted as misuse. */
  set(value: number): void
  /** Adds 1. */
  inc(): void
  /** Subtracts 1; the value may go below 0. */
  dec(): void
  /** Adds `step`, which may be negative. */
  add(step: number): void
}

/** Shows a value that goes up and down. Values must be finite. */
export interface Gauge<L extends readonly string[] = readonly string[]> {
  /** Replaces the value; a number that is not finite is dropped and counted as misuse. */
  set(value: number, ...labels: LabelArgs<L>): void
  /** Adds 1. */
  inc(...labels: LabelArgs<L>): void
  /** Subtracts 1; the value may go below 0. */
  dec(...labels: LabelArgs<L>): void
  /** Adds `step`, which may be negative. */
  add(step: number, ...labels: LabelArgs<L>): void
  /**
   * Counts `work` as in flight until it has returned or its promise has settled.
   *
   * @returns what `work` returns
   * @throws whatever `work` throws, unchanged
   */
  track<T>(work: () => T, ...labels: LabelArgs<L>): T
  /** The series of these labels, kept by the caller; it is shown from now on, with 0 when nothing was set. */
  with(...labels: LabelArgs<L>): BoundGauge
}

/** One series of a histogram. */
export interface BoundHistogram {
  /** Counts `value` in its bucket, in the unit of the bounds: seconds unless `buckets` says otherwise. */
  observe(value: number): void
  /** Starts a stopwatch; the function given back observes the seconds since then, once, and returns them. */
  startTimer(): () => number
  /**
   * Observes how many seconds `work` takes, also when it fails: until it returns, or until its promise settles.
   *
   * @returns what `work` returns
   * @throws whatever `work` throws, unchanged
   */
  time<T>(work: () => T): T
  /**
   * The value that a share `q` (0 to 1) of all observed values does not exceed, at most 1.1 % from the truth; 0 when
   * nothing was observed.
   *
   * @throws OptionError `ERR_PERF_OPTION` when the histogram was defined without `quantiles: true`, and for a `q` outside
   *   of 0 to 1
   */
  quantile(q: number): number
}

/** Counts values by size, in buckets. Values must be finite. */
export interface Histogram<L extends readonly string[] = readonly string[]> {
  /** Counts `value` in its bucket, in the unit of the bounds: seconds unless `buckets` says otherwise. */
  observe(value: number, ...labels: LabelArgs<L>): void
  /** Starts a stopwatch; the function given back observes the seconds since then, once, and returns them. */
  startTimer(...labels: LabelArgs<L>): () => number
  /**
   * Observes how many seconds `work` takes, also when it fails: until it returns, or until its promise settles.
   *
   * @returns what `work` returns
   * @throws whatever `work` throws, unchanged
   */
  time<T>(work: () => T, ...labels: LabelArgs<L>): T
  /**
   * The value that a share `q` (0 to 1) of the values of this series does not exceed, at most 1.1 % from the truth; 0 when
   * nothing was observed. Asking makes no series.
   *
   * @throws OptionError `ERR_PERF_OPTION` when the histogram was defined without `quantiles: true`, and for a `q` outside
   *   of 0 to 1
   */
  quantile(q: number, ...labels: LabelArgs<L>): number
  /** The series of these labels, kept by the caller; it is shown from now on, with a count of 0 at first. */
  with(...labels: LabelArgs<L>): BoundHistogram
}

/** The help and the labels of a metric, which belong to its definition: all who define the name must agree on them. */
export interface InstrumentOptions<L extends readonly string[]> {
  /** One sentence for the person who reads the dashboard. */
  readonly help: string
  /** The names of the labels, in the order in which recordings give their values. @defaultValue none */
  readonly labels?: L
}

/**
 * What the same gauge of several isolates is together: the value set last, the largest, or the sum of all that were
 * heard of lately.
 */
export type GaugeMerge = 'last' | 'max' | 'sum'

/** The definition of a gauge: as for other metrics, with what it is when isolates are put together. */
export interface GaugeOptions<L extends readonly string[]> extends InstrumentOptions<L> {
  /** How `aggregate` puts the values of several isolates together. @defaultValue sum */
  readonly merge?: GaugeMerge
}

/** The definition of a histogram: as for other metrics, with the bounds of its buckets. */
export interface HistogramOptions<L extends readonly string[]> extends InstrumentOptions<L> {
  /** Upper bounds, ascending; the bucket for everything above the last is added. @defaultValue 1 ms to 10 s, in seconds */
  readonly buckets?: readonly number[]
  /**
   * Also keeps a sketch of the values, so that `quantile()` answers, and p50 to p99 are exact to 1.1 % instead of being
   * estimated from the buckets: from 2^-30 (a nanosecond) to 2^50, and below 0 as far. What is nearer to 0 counts as 0,
   * what is farther away as the last. It costs about 1.3 kB per series, of which there are then at most 256.
   * @defaultValue false
   */
  readonly quantiles?: boolean
}

/** Neighbouring buckets of a sketch: `counts[i]` values fell into bucket `offset + i`. */
export interface SketchBuckets {
  readonly offset: number
  readonly counts: readonly number[]
}

/**
 * Values counted in buckets that grow by a factor of `base = 2 ** (2 ** -scale)`: bucket `i` holds the values above
 * `base ** i` and up to `base ** (i + 1)`, as the exponential histograms of OpenTelemetry and Prometheus have them.
 *
 * Source: https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */
export interface Sketch {
  readonly scale: number
  /** How many values were 0, or too small to tell from it. */
  readonly zeroCount: number
  readonly positive: SketchBuckets
  /** The values below 0, by their absolute value. */
  readonly negative: SketchBuckets
}

/** What one series of a histogram has counted. */
export interface HistogramSnapshot {
  /** How many values fell into each bucket alone; the last one is for values above all bounds. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
  /** 0 when nothing was observed. */
  readonly min: number
  /** 0 when nothing was observed. */
  readonly max: number
  /** Of a histogram with `quantiles: true`. */
  readonly sketch?: Sketch
}

/** All series of one metric of type `Type`; `Value` is what one series has recorded. */
export interface FamilyOf<Type extends string, Value> {
  readonly type: Type
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Visits every series. The array of label values is reused: it is valid during the visit only. */
  each(visit: (labelValues: readonly string[], value: Value) => void): void
}

/** All series of one name, as a scrape sees them. */
export type Family =
  | FamilyOf<'counter', number>
  | (FamilyOf<'gauge', number> & { readonly merge: GaugeMerge })
  | (FamilyOf<'histogram', HistogramSnapshot> & { readonly buckets: readonly number[] })

/** One number read out of another room's `stats()`. */
export interface Sample {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
}

/** Something whose numbers are read when the metrics are shown. */
export interface Source {
  /** What is behind it; `http` is the window of recent requests. */
  readonly kind: 'cache' | 'pool' | 'dedup' | 'webhook' | 'lazy' | 'warmup' | 'custom' | 'http'
  readonly name: string
  /** The stats as they are; may throw. */
  read(): unknown
  /** The stats as metrics; may throw. */
  samples(): readonly Sample[]
  /** What it shows beside them: whole families, e.g. histograms, of names that are nobody else's; may throw. */
  families?(): readonly Family[]
}

/** What can be shown: a registry, or the sum of the registries of many isolates. */
export interface MetricsView {
  /** Labels that every line of the text formats carries. */
  readonly defaultLabels: Readonly<Record<string, string>>
  /** Where the times come from. */
  readonly clock: Clock
  /** Milliseconds since the registry was first recorded into by a middleware, or shown. */
  uptimeMs(): number
  /** What was defined, in that order; histograms and counters of the registry itself included. */
  families(): Iterable<Family>
  /** What `collect` was given. */
  sources(): readonly Source[]
  /** Counts a recording or a source that had to be dropped. Throws when the registry is strict. */
  misuse(metric: string, why: string): void
}

/** A registry of metrics. */
export interface Metrics extends MetricsView {
  /**
   * Defines a counter; its name ends in `_total`. The same definition again gives back the first one.
   *
   * @throws OptionError `ERR_PERF_OPTION` for a name, label or help that `promtool check metrics` would refuse, and for
   *   another definition under the same name
   */
  counter<const L extends readonly string[] = readonly []>(name: string, options: InstrumentOptions<L>): Counter<L>
  /** Defines a gauge. @throws OptionError `ERR_PERF_OPTION`, as for {@link Metrics.counter} */
  gauge<const L extends readonly string[] = readonly []>(name: string, options: GaugeOptions<L>): Gauge<L>
  /** Defines a histogram. @throws OptionError `ERR_PERF_OPTION`, as for {@link Metrics.counter}; also for unsorted buckets */
  histogram<const L extends readonly string[] = readonly []>(name: string, options: HistogramOptions<L>): Histogram<L>
  /**
   * Keeps places for the series that carry one of these values of a label, in every metric: as many as `maxSeriesPerMetric`
   * beside those for all others, so that a flood of other values never takes them. At most 1000 values of a label are kept.
   */
  reserve(label: string, values: readonly string[]): void
  /** Adds a source, in place of one of the same kind and name; gives back what removes it. */
  addSource(source: Source): () => void
}

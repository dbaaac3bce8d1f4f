export { createMetrics, type MetricsOptions } from './metrics.ts'
export { collect, type CollectKind } from './collect.ts'
export { widen } from './widen.ts'
export { aggregate, type AggregateOptions } from './aggregate.ts'
export { flush, type FlushOptions } from './flush.ts'
export { memoryMetricsStore, type MemoryMetricsStoreOptions } from './memory-store.ts'
export { otlp, type OtlpOptions } from './otlp.ts'
export type { Temporality } from './otlp-delta.ts'
export { ExportError, type ExportErrorOptions } from './otlp-answer.ts'
export { collectRuntime, type RuntimeOptions } from './runtime.ts'
export type { EnvLookup } from '../core/env.ts'
export { openMetricsText } from '../core/open-metrics-text.ts'
export { prometheusText } from '../core/metrics-text.ts'
export { metricsJson, type MetricsDocument } from '../core/metrics-json.ts'
export type { HistogramNumbers, HistogramSummary, RecentSummary } from '../core/histogram-summary.ts'
export type {
  BoundCounter,
  BoundGauge,
  BoundHistogram,
  Counter,
  Family,
  FamilyOf,
  Gauge,
  GaugeMerge,
  GaugeOptions,
  Histogram,
  HistogramOptions,
  HistogramSnapshot,
  InstrumentOptions,
  LabelArgs,
  Metrics,
  MetricsView,
  Sample,
  Sketch,
  SketchBuckets,
  Source,
} from '../core/metrics-port.ts'
export type {
  Amount,
  GaugeValue,
  MetricsFlush,
  MetricsStore,
  SeriesAmounts,
  StoredDefinition,
  StoredGauge,
  StoredMetrics,
} from '../core/metrics-store.ts'
export type { OnGiveUp, StoreCallOptions } from '../core/deadline.ts'

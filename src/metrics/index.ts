export { createMetrics, type MetricsOptions } from './metrics.ts'
export { collect, type CollectKind } from './collect.ts'
export { prometheusText } from '../core/metrics-text.ts'
export { metricsJson, type HistogramSummary, type MetricsDocument } from '../core/metrics-json.ts'
export type {
  BoundCounter,
  BoundGauge,
  BoundHistogram,
  Counter,
  Family,
  FamilyOf,
  Gauge,
  Histogram,
  HistogramOptions,
  HistogramSnapshot,
  InstrumentOptions,
  LabelArgs,
  Metrics,
  Sample,
  Source,
} from '../core/metrics-port.ts'

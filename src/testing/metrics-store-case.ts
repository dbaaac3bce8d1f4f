import type { MetricsFlush, MetricsStore, SeriesAmounts, StoredMetrics } from '../core/metrics-store.ts'
import type { ContractCase } from './contract.ts'

/** What the contract is run against. */
export interface MetricsStoreSubject {
  /** Holds nothing yet: a fresh store, or one with a prefix or schema of its own, for every case. */
  readonly store: MetricsStore
  /** Lets so many milliseconds of the store's time pass: a manual clock's `tick`, or a real sleep. */
  readonly wait: (ms: number) => Promise<void>
}

export type Case = ContractCase<MetricsStoreSubject>

const FLUSH: Omit<MetricsFlush, 'id'> = {
  instance: '"a"',
  series: [],
  maxSeriesPerMetric: 1_000,
  gaugeTtlMs: 60_000,
  definitions: [],
}

/** A flush with little in it. */
export const flushOf = (id: string, more: Partial<MetricsFlush> = {}): MetricsFlush => ({ ...FLUSH, id, ...more })

/** One series with one part. */
export function counted(amount: number, series = 's', metric = 'm'): SeriesAmounts {
  return { metric, series, sums: [['v', amount]] }
}

/** What is stored of each series, by metric, series and part. */
export function sumsOf({ series }: StoredMetrics): Record<string, number> {
  const sums = series.flatMap((each) =>
    each.sums.map(([part, amount]) => [`${each.metric} ${each.series} ${part}`, amount] as const),
  )
  return Object.fromEntries(sums)
}

/** The gauges, without their ages. */
export function gaugesOf({ gauges }: StoredMetrics): string[] {
  return gauges.map(({ instance, metric, series, value }) => `${instance} ${metric} ${series} ${value}`).sort()
}

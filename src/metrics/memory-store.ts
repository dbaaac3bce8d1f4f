import { hasMethods, knownOptions } from '../core/check.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import {
  FORGOTTEN_MS,
  OVERFLOW,
  REMEMBERED_MS,
  type GaugeValue,
  type MetricsFlush,
  type MetricsStore,
  type SeriesAmounts,
  type StoredMetrics,
} from '../core/metrics-store.ts'

/** By which clock a store in memory forgets. */
export interface MemoryMetricsStoreOptions {
  readonly clock?: Clock
}

interface Sums {
  readonly sums: Map<string, number>
  min: number | undefined
  max: number | undefined
}

interface Instance {
  readonly gauges: readonly GaugeValue[]
  readonly at: number
  readonly until: number
}

interface Told {
  readonly definition: string
  readonly since: number
  readonly at: number
}

/**
 * Creates a store of metrics in the memory of this process, and gone with it: for tests, for worker threads behind one
 * process, and as the model of what the shared stores do.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function memoryMetricsStore(options: MemoryMetricsStoreOptions = {}): MetricsStore {
  knownOptions(options, 'clock')
  const { clock = systemClock } = options
  hasMethods('clock', clock, 'elapsed')
  const series = new Map<string, Map<string, Sums>>()
  const instances = new Map<string, Instance>()
  const definitions = new Map<string, Told>()
  const ids = new Map<string, number>()
  let flushedAt = -Infinity

  function addSeries({ metric, series: name, ...amounts }: SeriesAmounts, atMost: number): void {
    const own = series.get(metric) ?? new Map<string, Sums>()
    series.set(metric, own)
    const place = own.has(name) || own.size < atMost ? name : OVERFLOW
    const there = own.get(place) ?? { sums: new Map<string, number>(), min: undefined, max: undefined }
    own.set(place, there)
    for (const [part, amount] of amounts.sums) there.sums.set(part, (there.sums.get(part) ?? 0) + amount)
    there.min = Math.min(there.min ?? Infinity, amounts.min ?? Infinity)
    there.max = Math.max(there.max ?? -Infinity, amounts.max ?? -Infinity)
  }

  function forget(now: number): void {
    for (const [id, at] of ids) if (now - at >= REMEMBERED_MS) ids.delete(id)
    for (const [instance, { until }] of instances) if (until <= now) instances.delete(instance)
    if (now - flushedAt < FORGOTTEN_MS) return
    series.clear()
    definitions.clear()
  }

  return {
    add: async (flush: MetricsFlush) => {
      const now = clock.elapsed()
      forget(now)
      if (ids.has(flush.id)) return false
      ids.set(flush.id, now)
      flushedAt = now
      for (const each of flush.series) addSeries(each, flush.maxSeriesPerMetric)
      for (const [metric, definition] of flush.definitions)
        definitions.set(metric, { definition, since: definitions.get(metric)?.since ?? now, at: now })
      const { instance, gauges, gaugeTtlMs } = flush
      if (gauges !== undefined) instances.set(instance, { gauges, at: now, until: now + gaugeTtlMs })
      return true
    },
    read: async (): Promise<StoredMetrics> => {
      const now = clock.elapsed()
      forget(now)
      return {
        series: [...series].flatMap(([metric, own]) =>
          Array.from(own, ([name, { sums, min, max }]) => ({
            metric,
            series: name,
            sums: [...sums],
            ...(min !== undefined && Number.isFinite(min) && { min }),
            ...(max !== undefined && Number.isFinite(max) && { max }),
          })),
        ),
        gauges: [...instances].flatMap(([instance, { gauges, at }]) =>
          gauges.map((gauge) => ({ ...gauge, instance, ageMs: gauge.ageMs + now - at })),
        ),
        definitions: Array.from(definitions, ([metric, { definition, since, at }]) => ({
          metric,
          definition,
          ageMs: now - since,
          idleMs: now - at,
        })),
      }
    },
  }
}

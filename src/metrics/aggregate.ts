import { atLeast, hasMethods, knownOptions } from '../core/check.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { MetricsView } from '../core/metrics-port.ts'
import type { MetricsStore } from '../core/metrics-store.ts'
import { detachable } from '../core/single-flight.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { viewOf } from './aggregate-view.ts'
import { readFrom } from './view-origin.ts'

/** How the sum is read; all of it is optional. */
export interface AggregateOptions {
  /** Our own deadline for the store, in milliseconds. @defaultValue 1000 */
  readonly timeoutMs?: number
  /** Stops waiting. */
  readonly signal?: AbortSignal
  readonly host?: Host
}

interface Guarded {
  readonly host: Host
  readonly timeoutMs: number
  readonly guard: StoreGuard
}

const guards = new WeakMap<MetricsStore, Guarded>()

/**
 * Reads what all isolates have flushed, in one round trip, as something that can be shown: by `prometheusText`,
 * `openMetricsText`, `metricsJson`, or `metricsEndpoint`.
 *
 * Counters and histograms are sums, which never go down as long as the store keeps its data; sketches are added up, so
 * that quantiles of the whole are exact to 1.1 %. Gauges are put together by their `merge`, over the isolates heard of
 * within `gaugeTtlMs`. Of what `collect` gave, hit ratios are worked out anew from the sums, other `_ratio` gauges are those
 * that changed last, `_seconds` are the largest, and all others are sums.
 *
 * Default labels become labels of each series, so that several services may share a store. While two versions of a service
 * define a metric with other labels or buckets, the younger definition is shown, with what was recorded under it; the
 * older one is shown again when the younger was not heard of for ten minutes.
 *
 * @throws OptionError `ERR_PERF_OPTION`, at once
 * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the store did not answer in time, or is down and skipped
 * @throws StoreSetupError `ERR_PERF_STORE_SETUP` when a table, a right or a credential is missing
 */
export function aggregate(store: MetricsStore, options: AggregateOptions = {}): Promise<MetricsView> {
  hasMethods('store', store, 'add', 'read')
  knownOptions(options, 'timeoutMs', 'signal', 'host')
  const { timeoutMs = 1_000, signal, host = defaultHost } = options
  atLeast(1, 'timeoutMs', timeoutMs)
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
  const { guard } = guardOf(store, host, timeoutMs)
  const view = guard
    .run(({ onGiveUp }) => store.read({ onGiveUp }))
    .then((stored) => readFrom(store, viewOf(stored, host.clock)))
  return signal === undefined ? view : detachable(view, signal)
}

function guardOf(store: MetricsStore, host: Host, timeoutMs: number): Guarded {
  const known = guards.get(store)
  if (known?.host === host && known.timeoutMs === timeoutMs) return known
  const made = { host, timeoutMs, guard: createStoreGuard({ host, what: 'metrics store', timeoutMs }) }
  guards.set(store, made)
  return made
}

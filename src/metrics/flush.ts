import { atLeast, hasMethods, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, keepAlive, type Host, type WaitUntil } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import type { MetricsStore } from '../core/metrics-store.ts'
import { detachable } from '../core/single-flight.ts'
import { Outbox } from './outbox.ts'

/** How a registry is flushed; all of it is optional. */
export interface FlushOptions {
  /** Keeps the flush alive after the answer was sent. @defaultValue `host.track`, which `drain` waits for */
  readonly waitUntil?: WaitUntil
  /** Does nothing when the last flush began less than so many milliseconds ago. @defaultValue 0 */
  readonly everyMs?: number
  /** Our own deadline for the store, in milliseconds. @defaultValue 250 */
  readonly timeoutMs?: number
  /** How long the gauges of an isolate count that is not heard of any more, in milliseconds. @defaultValue 5 minutes */
  readonly gaugeTtlMs?: number
  /** Series per metric in the store; what is beyond is added to one whose labels are `__overflow__`. @defaultValue 10 000 */
  readonly maxSeriesPerMetric?: number
  /** Names the isolate, whose gauges replace those it said before; at most 200 characters. @defaultValue a random id for each registry */
  readonly instance?: string
  /** Stops waiting; the flush goes on. */
  readonly signal?: AbortSignal
  readonly host?: Host
}

/** Goes with the registries: they hold nothing of it, and it holds none of them. */
const outboxes = new WeakMap<Metrics, WeakMap<MetricsStore, Outbox>>()

/**
 * Sends what was recorded since the last flush of this registry to this store, in one round trip, and nothing when there
 * is nothing new.
 *
 * One flush of a registry is on its way at a time: calls in the meantime share the next one. A flush whose outcome is not
 * known (a deadline, a lost connection) is kept as it is, and sent again with its id by the next call, before what is new:
 * so it is counted once, whether or not it arrived. It is given up after 23 hours, while the store still knows its id,
 * with the fact `metrics.flush_dropped`. An isolate that dies takes with it what it had not flushed, and nothing else.
 *
 * Nobody needs to await it: a failure is told by the fact `metrics.flush_failed`, once until a flush succeeds again, and is
 * never an unhandled rejection, neither of the promise given back nor of the one given to `waitUntil`.
 *
 * @returns `true` when everything recorded before the call is in the store; `false` when `everyMs` was not over, or when a
 *   flush had to be given up
 * @throws OptionError `ERR_PERF_OPTION`, at once
 * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the store did not answer in time, or is down and skipped
 * @throws StoreSetupError `ERR_PERF_STORE_SETUP` when a table, a right or a credential is missing
 */
export function flush(metrics: Metrics, store: MetricsStore, options: FlushOptions = {}): Promise<boolean> {
  checked(metrics, store, options)
  const { waitUntil, everyMs = 0, signal, host = defaultHost } = options
  const { timeoutMs = 250, gaugeTtlMs = 300_000, maxSeriesPerMetric = 10_000, instance } = options
  if (signal?.aborted === true) return quiet(Promise.reject(signal.reason as Error))
  const outbox = outboxOf(metrics, store)
  if (!outbox.due(everyMs)) return Promise.resolve(false)
  const sent = quiet(outbox.send({ host, timeoutMs, gaugeTtlMs, maxSeriesPerMetric, instance }))
  keepAlive(host, waitUntil, sent.catch(ignore))
  return signal === undefined ? sent : quiet(detachable(sent, signal))
}

function checked(metrics: Metrics, store: MetricsStore, options: FlushOptions): void {
  hasMethods('metrics', metrics, 'families', 'sources')
  hasMethods('store', store, 'add', 'read')
  knownOptions(options, 'waitUntil', 'everyMs', 'timeoutMs', 'gaugeTtlMs', 'maxSeriesPerMetric', 'instance', 'signal', 'host') // prettier-ignore
  const { everyMs = 0, timeoutMs = 250, gaugeTtlMs = 300_000, maxSeriesPerMetric = 10_000, instance } = options
  atLeast(0, 'everyMs', everyMs)
  atLeast(1, 'timeoutMs', timeoutMs)
  atLeast(1, 'gaugeTtlMs', gaugeTtlMs)
  wholeAtLeast(1, 'maxSeriesPerMetric', maxSeriesPerMetric)
  if (instance === undefined) return
  isText('instance', instance)
  // An index of the store holds it.
  if (instance.length > 200) throw new OptionError('instance must be a string of at most 200 characters')
}

function outboxOf(metrics: Metrics, store: MetricsStore): Outbox {
  const own = outboxes.get(metrics) ?? new WeakMap<MetricsStore, Outbox>()
  const outbox = own.get(store) ?? new Outbox(metrics, store)
  outboxes.set(metrics, own)
  own.set(store, outbox)
  return outbox
}

const ignore = (): void => undefined

/** The same promise, whose rejection nobody has to hear. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

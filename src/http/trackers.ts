import { hasMethods, isFunction, knownOptions } from '../core/check.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { checkRoutes } from './measure.ts'
import { methodLabel, routeLabel, statusNumber } from './request-labels.ts'
import { RequestMeter } from './request-meter.ts'
import { returned, wasOk, watched, withoutError } from './track-work.ts'
import { WorkRecorder } from './work-recorder.ts'

/** Which labels handlers have besides their name. */
export interface TrackersOptions<L extends readonly string[]> {
  /** Names of more labels for all handlers, e.g. `['domain']`: each handler gets its values once. @defaultValue none */
  readonly handlerLabels?: L
  /** The templates of the routes that `recordRequestMetrics` is given, as `performanceMiddleware` has them. */
  readonly routes?: readonly string[]
}

/** A request that was answered elsewhere than behind `performanceMiddleware`. */
export interface RequestMetrics {
  readonly method: string
  readonly status: number
  /** The template, e.g. `/users/:id`; never the path itself. */
  readonly route: string
  readonly durationMs: number
}

/** An operation on a database that has ended. */
export interface DatabaseMetrics {
  /** E.g. `select`. */
  readonly operation: string
  readonly table: string
  readonly durationMs: number
  readonly ok: boolean
}

/** A call to somebody else's API that has ended. */
export interface ApiMetrics {
  /** E.g. `whatsapp`; never a URL. */
  readonly api: string
  readonly durationMs: number
  readonly ok: boolean
  /** An answer of 400 or more counts as an error, also when `ok` is true. */
  readonly status?: number
}

/** The values of a handler's own labels: none when there are none, else all of them. */
export type HandlerLabels<L extends readonly string[]> = L extends readonly []
  ? []
  : [labels: { readonly [Name in L[number]]: string }]

/**
 * Measures work by hand, where no middleware stands. Names, operations and tables become labels: give words of your own,
 * never what a sender wrote. Too many of them end in the overflow series of the registry.
 */
export interface Trackers<L extends readonly string[] = readonly []> {
  /**
   * Counts one cold start of a service: `cold_starts_total{service}`, once for each registry, and so for each isolate.
   * Where `service` is a default label of the registry, the line carries that one.
   *
   * @returns whether this was it: true at the first call
   */
  trackColdStart(service: string): boolean
  /**
   * Wraps a handler: `handler_calls_total{handler,outcome}`, `handler_duration_seconds{handler}`, and, as what never ends is
   * in neither, `handler_calls_in_flight{handler}`. What it takes, gives and throws passes through unchanged. It fails when it
   * throws or rejects.
   *
   * @param labels - the values of `handlerLabels`, the same for every call of this handler
   */
  trackHandler<This, Args extends readonly unknown[], Result>(
    name: string,
    fn: (this: This, ...args: Args) => Result,
    ...labels: HandlerLabels<L>
  ): (this: This, ...args: Args) => Result
  /**
   * Runs `fn` once: `database_operations_total{operation,table,outcome}` and
   * `database_operation_duration_seconds{operation,table}`, `database_operations_in_flight{operation,table}`. It fails when it throws, or gives an object with an `error`,
   * as supabase-js does. A query builder that is given back runs here, and comes back as a promise.
   */
  trackDatabaseOp<T>(operation: string, table: string, fn: () => T): T
  /**
   * Runs `fn` once: `api_calls_total{api,outcome}`, `api_call_duration_seconds{api}`, `api_calls_in_flight{api}`. It fails when it throws, or gives
   * an object whose `ok` is false, as `fetch` does.
   */
  trackApiCall<T>(api: string, fn: () => T): T
  /** Records a request as `performanceMiddleware` does: in its metrics, and in what the health endpoint judges by. */
  recordRequestMetrics(request: RequestMetrics): void
  /** As {@link Trackers.trackDatabaseOp}, for what has ended. */
  recordDatabaseMetrics(operation: DatabaseMetrics): void
  /** As {@link Trackers.trackApiCall}, for what has ended. */
  recordApiMetrics(call: ApiMetrics): void
}

/** Services whose cold start was counted. By registry, so that two trackers over one registry count it once. */
const started = new WeakMap<Metrics, Set<string>>()
/** As many as a metric has series. */
const MOST_SERVICES = 1_000

/**
 * Gives what measures work by hand, over a registry. All metrics are defined here, so that a recording never fails; the
 * functions need no `this`.
 *
 * @throws OptionError `ERR_PERF_OPTION`, also when the registry has one of the metrics under another definition
 */
export function trackers<const L extends readonly string[] = readonly []>(
  metrics: Metrics,
  options: TrackersOptions<L> = {},
): Trackers<L> {
  hasMethods('metrics', metrics, 'counter', 'gauge', 'histogram', 'addSource', 'reserve')
  checkRoutes(options.routes)
  knownOptions(options, 'handlerLabels', 'routes')
  const { clock } = metrics
  // A registry of one service usually says so on every line: then the label is there already.
  const named = Object.hasOwn(metrics.defaultLabels, 'service')
  const starts = metrics.counter('cold_starts_total', {
    help: 'Isolates that began to serve',
    labels: named ? [] : ['service'],
  })
  const databaseWork = databaseRecorder(metrics)
  const apiWork = apiRecorder(metrics)
  const since = (startedAt: number): number => (clock.elapsed() - startedAt) / 1_000

  return {
    trackHandler: handlerTracker(metrics, options.handlerLabels ?? []) as Trackers<L>['trackHandler'],
    recordRequestMetrics: givenRequests(metrics, options.routes),
    recordDatabaseMetrics: ({ operation, table, durationMs, ok }) =>
      databaseWork.of(operation, table).count(ok ? 'ok' : 'error', secondsOf(durationMs)),
    recordApiMetrics: ({ api, durationMs, ok, status = 0 }) =>
      apiWork.of(api).count(ok && status < 400 ? 'ok' : 'error', secondsOf(durationMs)),

    trackColdStart(service) {
      const known = started.get(metrics) ?? new Set()
      started.set(metrics, known)
      if (known.has(service) || known.size >= MOST_SERVICES) return false
      known.add(service)
      starts.inc(...(named ? [] : [service]))
      return true
    },
    trackDatabaseOp(operation, table, fn) {
      const startedAt = clock.elapsed()
      const work = databaseWork.of(operation, table)
      work.begin()
      return watched(fn, withoutError, (outcome) => work.end(outcome, since(startedAt)))
    },
    trackApiCall(api, fn) {
      const startedAt = clock.elapsed()
      const work = apiWork.of(api)
      work.begin()
      return watched(fn, wasOk, (outcome) => work.end(outcome, since(startedAt)))
    },
  }
}

type AnyHandler = (this: unknown, ...args: readonly unknown[]) => unknown

function handlerTracker(metrics: Metrics, more: readonly string[]): Trackers<readonly string[]>['trackHandler'] {
  const calls = metrics.counter('handler_calls_total', {
    help: 'Calls of a handler',
    labels: ['handler', 'outcome', ...more],
  })
  const durations = metrics.histogram('handler_duration_seconds', {
    help: 'Time that a handler took',
    labels: ['handler', ...more],
  })
  const inFlight = metrics.gauge('handler_calls_in_flight', {
    help: 'Calls of a handler that have not ended',
    labels: ['handler', ...more],
  })
  const { clock } = metrics

  const track = (name: string, fn: AnyHandler, labels: Readonly<Record<string, string>> = {}): AnyHandler => {
    isFunction('fn', fn)
    const own = { ...labels, handler: name }
    // Shown from now on: a rate needs a 0 to rise from.
    const ended = { ok: calls.with({ ...own, outcome: 'ok' }), error: calls.with({ ...own, outcome: 'error' }) }
    const duration = durations.with(own)
    const running = inFlight.with(own)
    return function (...args) {
      const startedAt = clock.elapsed()
      running.inc()
      return watched(
        () => Reflect.apply<unknown, readonly unknown[], unknown>(fn, this, args),
        returned,
        (outcome) => {
          running.dec()
          ended[outcome].inc()
          duration.observe((clock.elapsed() - startedAt) / 1_000)
        },
      )
    }
  }
  return track as Trackers<readonly string[]>['trackHandler']
}

function databaseRecorder(metrics: Metrics): WorkRecorder {
  const operations = metrics.counter('database_operations_total', {
    help: 'Operations on the database',
    labels: ['operation', 'table', 'outcome'],
  })
  const durations = metrics.histogram('database_operation_duration_seconds', {
    help: 'Time that the database took',
    labels: ['operation', 'table'],
  })
  const inFlight = metrics.gauge('database_operations_in_flight', {
    help: 'Operations on the database that have not ended',
    labels: ['operation', 'table'],
  })
  return new WorkRecorder({ calls: operations, inFlight, durations }, 2)
}

function apiRecorder(metrics: Metrics): WorkRecorder {
  const calls = metrics.counter('api_calls_total', { help: 'Calls to an API', labels: ['api', 'outcome'] })
  const durations = metrics.histogram('api_call_duration_seconds', { help: 'Time that an API took', labels: ['api'] })
  const inFlight = metrics.gauge('api_calls_in_flight', {
    help: 'Calls to an API that have not ended',
    labels: ['api'],
  })
  return new WorkRecorder({ calls, inFlight, durations }, 1)
}

function givenRequests(metrics: Metrics, routes: readonly string[] = []): Trackers['recordRequestMetrics'] {
  const meter = RequestMeter.of(metrics)
  if (routes.length > 0) meter.declare(routes.map(routeLabel))
  return ({ method, status, route, durationMs }) =>
    meter.record(
      {
        method: methodLabel(method),
        status: statusNumber(status),
        route: routeLabel(route),
        // What no duration is becomes NaN, which the registry drops and counts as misuse.
        latencyMs: durationMs >= 0 ? durationMs : NaN,
      },
      metrics.clock.elapsed(),
    )
}

/** As above: what no duration is becomes NaN. */
function secondsOf(durationMs: number): number {
  return durationMs >= 0 ? durationMs / 1_000 : NaN
}

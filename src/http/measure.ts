import { atLeast, hasMethods, isFunction, isText } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { isPromiseLike } from '../core/promise.ts'
import { methodLabel, routeLabel, statusNumber } from './request-labels.ts'
import { errorFields, maskFields, traceId, type RequestLine } from './request-log.ts'
import { RequestMeter } from './request-meter.ts'

/** Where requests are counted, and which of them are logged. */
export interface MeasureOptions {
  /** Names the service in log lines. */
  readonly service: string
  readonly metrics: Metrics
  /** A request that takes so many milliseconds is logged. @defaultValue 1000 */
  readonly slowMs?: number
  /**
   * Is given one line for every slow or failed request, e.g. `(line) => console.log(JSON.stringify(line))`; what it throws
   * is dropped. @defaultValue nobody is told
   */
  readonly log?: (line: RequestLine) => void
  /**
   * The templates of the routes that the service has, e.g. `['/webhook', '/users/:id']`. Their series are there from the
   * start, with 0, and have places that no flood of other paths takes. @defaultValue those that are found in the first five minutes
   */
  readonly routes?: readonly string[]
  readonly host?: Host
}

/** The names of these options. */
export const MEASURE_OPTIONS = ['service', 'metrics', 'slowMs', 'log', 'routes', 'host'] as const

/** Reads what is to be known of one kind of request; what one of them throws is dropped. */
export interface RequestReader<R> {
  method(request: R): string
  /** Asked when the request has been answered. */
  route(request: R): unknown
  header(request: R, name: string): string | null | undefined
  fields?(request: R): Readonly<Record<string, unknown>> | undefined
}

/** One request that has ended. */
export interface Ended<R> {
  readonly request: R
  /** What `begin` gave. */
  readonly startedAt: number
  /** `gone`: the caller has left before there was an answer. */
  readonly status: unknown
  readonly error?: unknown
}

/** What measures requests. */
export interface Measure<R> {
  /** Counts a request as in flight. @returns when it began */
  begin(): number
  /** Records the end of it. */
  end(ended: Ended<R>): void
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function measureRequests<R>(options: MeasureOptions, reader: RequestReader<R>): Measure<R> {
  checkOptions(options)
  const { metrics, host = metrics, slowMs = 1_000, log, routes = [] } = options
  const { clock } = host
  const meter = RequestMeter.of(metrics, clock)
  const inFlight = metrics.gauge('http_requests_in_flight', { help: 'Requests that are being answered' }).with()
  if (routes.length > 0) meter.declare(routes.map(routeLabel))

  return {
    begin() {
      const startedAt = clock.elapsed()
      inFlight.inc()
      meter.inFlight.begin(startedAt)
      return startedAt
    },
    end(ended) {
      const { request, startedAt } = ended
      inFlight.dec()
      meter.inFlight.end(startedAt)
      const now = clock.elapsed()
      const latencyMs = now - startedAt
      const answered = {
        method: methodLabel(reader.method(request)),
        status: ended.status === 'gone' ? goneAfter(latencyMs, slowMs) : statusNumber(ended.status),
        route: routeLabel(quietly(() => reader.route(request))),
        latencyMs,
      }
      meter.record(answered, now)
      if (log === undefined || (answered.status < 500 && answered.latencyMs < slowMs)) return
      const { method, status, route } = answered
      const shown = { method, status, route, durationMs: latencyMs }
      quietly(() => log(lineOf(options.service, shown, { reader, ...ended })))
    },
  }
}

/** Who leaves at once has a reason of his own, as nginx says it by 499; who was kept waiting was not answered in time. */
function goneAfter(latencyMs: number, slowMs: number): number {
  return latencyMs >= Math.max(1, slowMs) ? 504 : 499
}

function checkOptions(options: MeasureOptions): void {
  isText('service', options.service)
  hasMethods('metrics', options.metrics, 'counter', 'gauge', 'histogram', 'addSource', 'reserve')
  atLeast(0, 'slowMs', options.slowMs ?? 0)
  isFunction('log', options.log, 'optional')
  checkRoutes(options.routes)
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkRoutes(routes: unknown): void {
  if (routes === undefined) return
  if (!Array.isArray(routes) || routes.length > 1_000) throw new OptionError('routes must be an array of at most 1000 templates') // prettier-ignore
  routes.forEach((route, at) => isText(`routes[${at}]`, route))
}

type Shown = Pick<RequestLine, 'method' | 'route' | 'status'> & { readonly durationMs: number }

function lineOf<R>(
  service: string,
  { durationMs, status, ...at }: Shown,
  { reader, request, error }: Ended<R> & { readonly reader: RequestReader<R> },
): RequestLine {
  return {
    ...quietly(() => maskFields(quietly(() => reader.fields?.(request)) ?? {})),
    level: status >= 500 ? 'error' : 'warn',
    event: status >= 500 ? 'http.request.failed' : 'http.request.slow',
    service,
    ...at,
    status,
    duration_ms: Math.round(durationMs * 1_000) / 1_000,
    ...traceId(quietly(() => reader.header(request, 'traceparent'))),
    ...errorFields(error),
  }
}

/**
 * What the user's own function gives; `undefined` when it throws, because the request must not suffer from it. Nor must
 * the process, when the function is asynchronous and rejects.
 */
function quietly<T>(work: () => T): T | undefined {
  try {
    const result = work()
    if (isPromiseLike(result)) result.then(undefined, () => undefined)
    return result
  } catch {
    return undefined
  }
}

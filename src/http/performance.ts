import { atLeast, hasMethods, isFunction, isText, knownOptions } from '../core/check.ts'
import type { Clock } from '../core/clock.ts'
import { givesResponse, takesHandler, takesOptions, takesRequest, type Handler, type Middleware } from '../core/handler.ts' // prettier-ignore
import type { Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { isPromiseLike } from '../core/promise.ts'
import { methodLabel, routeLabel, statusNumber } from './request-labels.ts'
import { errorFields, maskFields, traceId, type RequestLine } from './request-log.ts'
import { requestRecorder } from './request-recorder.ts'
import { RequestWindow } from './request-window.ts'

/** Where requests are counted, which of them are logged, and under which route. */
export interface PerformanceOptions {
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
   * The template of the route, e.g. `/users/:id`; never the path itself, which has no end of values. A query is cut off,
   * and a part with five digits in a row becomes `:id`, in case it is one after all. @defaultValue `other`
   */
  readonly route?: (request: Request) => string | undefined
  /** More for the log line; the values of telling names (`from`, `wa_id`, `phone`, ...) are masked. */
  readonly fields?: (request: Request) => Readonly<Record<string, unknown>>
  readonly host?: Host
}

/** One request that has ended. */
interface Ended {
  readonly request: Request
  readonly startedAt: number
  readonly status: number
  readonly error?: unknown
}

/**
 * Measures every request of a handler: `http_requests_total{method,status,route}`, `http_request_duration_seconds{route}`,
 * `http_request_errors_total{route}`, `http_requests_in_flight`, and the rates of the last five minutes for the health
 * endpoint.
 *
 * Responses pass through as they are: never cloned, never read; the duration ends when the handler has answered, not when
 * a streamed body has. A handler that throws counts as a 500, and its error goes on to the caller.
 *
 * The request reaches the handler as it came, with its `traceparent`; a log line carries the trace id of a valid one.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function performanceMiddleware(options: PerformanceOptions): Middleware {
  takesOptions('performanceMiddleware', options)
  knownOptions(options, 'service', 'metrics', 'slowMs', 'log', 'route', 'fields', 'host')
  isText('service', options.service)
  hasMethods('metrics', options.metrics, 'counter', 'gauge', 'histogram', 'addSource')
  atLeast(0, 'slowMs', options.slowMs ?? 0)
  for (const name of ['log', 'route', 'fields'] as const) isFunction(name, options[name], 'optional')
  const { metrics, host = metrics } = options
  const { clock } = host
  const inFlight = metrics.gauge('http_requests_in_flight', { help: 'Requests that are being answered' }).with()
  const record = recorder(options, clock)

  return <Args extends readonly unknown[]>(next: Handler<Args>): Handler<Args> => {
    takesHandler('performanceMiddleware', next)
    return (request, ...args) => {
      takesRequest('performanceMiddleware', request)
      const startedAt = clock.elapsed()
      inFlight.inc()
      const answered = (response: Response): Response => {
        inFlight.dec()
        record({ request, startedAt, status: statusNumber((response as Response | undefined)?.status) })
        return givesResponse('performanceMiddleware', response)
      }
      const failed = (error: unknown): never => {
        inFlight.dec()
        record({ request, startedAt, status: 500, error })
        throw error
      }
      let result: Response | Promise<Response>
      try {
        result = next(request, ...args)
      } catch (error) {
        return failed(error)
      }
      return isPromiseLike(result) ? Promise.resolve(result).then(answered, failed) : answered(result)
    }
  }
}

/** Takes the second and last clock reading of a request, and writes everything down. */
function recorder(options: PerformanceOptions, clock: Clock): (ended: Ended) => void {
  const { service, metrics, slowMs = 1_000, log } = options
  const count = requestRecorder(metrics)
  const recent = RequestWindow.of(service, metrics, clock)

  return (ended) => {
    const now = clock.elapsed()
    const durationMs = now - ended.startedAt
    const { request, status } = ended
    const method = methodLabel(request.method)
    const route = routeOf(options, request)
    count({ method, status, route, seconds: durationMs / 1_000 })
    recent.add(now, durationMs, status >= 500)
    if (log === undefined || (status < 500 && durationMs < slowMs)) return
    quietly(() => log(lineOf(options, ended, { method, route, durationMs })))
  }
}

type Measured = Pick<RequestLine, 'method' | 'route'> & { readonly durationMs: number }

function lineOf({ service, fields }: PerformanceOptions, ended: Ended, { durationMs, ...at }: Measured): RequestLine {
  const { request, status, error } = ended
  return {
    ...quietly(() => maskFields(quietly(() => fields?.(request)) ?? {})),
    level: status >= 500 ? 'error' : 'warn',
    event: status >= 500 ? 'http.request.failed' : 'http.request.slow',
    service,
    ...at,
    status,
    duration_ms: Math.round(durationMs * 1_000) / 1_000,
    ...traceId(request),
    ...errorFields(error),
  }
}

function routeOf({ route }: PerformanceOptions, request: Request): string {
  return routeLabel(route === undefined ? undefined : quietly(() => route(request)))
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

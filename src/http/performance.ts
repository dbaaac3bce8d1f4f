import { isFunction, knownOptions } from '../core/check.ts'
import {
  givesResponse,
  takesHandler,
  takesOptions,
  takesRequest,
  type Handler,
  type Middleware,
} from '../core/handler.ts'
import { isPromiseLike } from '../core/promise.ts'
import { MEASURE_OPTIONS, measureRequests, type MeasureOptions } from './measure.ts'

/** Where requests are counted, which of them are logged, and under which route. */
export interface PerformanceOptions extends MeasureOptions {
  /**
   * The template of the route, e.g. `/users/:id`; never the path itself, which has no end of values. It is asked for when
   * the handler has answered. A query is cut off, and a part with five digits in a row becomes `:id`, in case it is one
   * after all. @defaultValue `other`
   */
  readonly route?: (request: Request) => string | undefined
  /** More for the log line; the values of telling names (`from`, `wa_id`, `phone`, ...) are masked. */
  readonly fields?: (request: Request) => Readonly<Record<string, unknown>>
}

const IN_FRAMEWORKS =
  'write toNode(performanceMiddleware({ ... })(handler)) behind node:http, in Express app.use(expressPerformance({ ... })), ' +
  'in Fastify app.register(fastifyPerformance({ ... })), in Hono app.use(honoPerformance({ ... }))'

/**
 * Measures every request of a handler: `http_requests_total{method,status,route}`, `http_request_duration_seconds{route}`,
 * `http_request_errors_total{route}`, `http_request_client_errors_total{route}`, `http_requests_in_flight`, and what the
 * health endpoint judges by: the last five minutes, and what has been in flight for too long.
 *
 * Responses pass through as they are: never cloned, never read; the duration ends when the handler has answered, not when
 * a streamed body has. A handler that throws counts as a 500, and its error goes on to the caller.
 *
 * The request reaches the handler as it came, with its `traceparent`; a log line carries the trace id of a valid one.
 *
 * For the routers of Hono, Express and Fastify, which know the template, there are `honoPerformance`, `expressPerformance`
 * and `fastifyPerformance`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function performanceMiddleware(options: PerformanceOptions): Middleware {
  takesOptions('performanceMiddleware', options)
  knownOptions(options, ...MEASURE_OPTIONS, 'route', 'fields')
  const { route, fields } = options
  for (const name of ['route', 'fields'] as const) isFunction(name, options[name], 'optional')
  const measure = measureRequests<Request>(options, {
    method: (request) => request.method,
    route: (request) => route?.(request),
    header: (request, name) => request.headers.get(name),
    ...(fields && { fields: (request) => fields(request) }),
  })

  return <Args extends readonly unknown[]>(next: Handler<Args>): Handler<Args> => {
    takesHandler('performanceMiddleware', next, IN_FRAMEWORKS)
    return (request, ...args) => {
      takesRequest('performanceMiddleware', request)
      const startedAt = measure.begin()
      const answered = (response: Response): Response => {
        measure.end({ request, startedAt, status: (response as Response | undefined)?.status })
        return givesResponse('performanceMiddleware', response)
      }
      const failed = (error: unknown): never => {
        measure.end({ request, startedAt, status: 500, error })
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

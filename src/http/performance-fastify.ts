import { isFunction, knownOptions } from '../core/check.ts'
import { MEASURE_OPTIONS, measureRequests, type MeasureOptions } from './measure.ts'
import { whenAnswered, type WatchedResponse } from './performance-head.ts'

/** What is used of a request of Fastify 4 and 5. */
export interface FastifyRequestLike {
  readonly method: string
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What is used of a reply. */
export interface FastifyReplyLike {
  /** Node's response. */
  readonly raw: WatchedResponse
}

/** What is used of an instance: the hooks. Loosely, because each has arguments of its own. */
export interface FastifyLike {
  /** Adds what runs at a point in the life of each request. */
  addHook(name: string, hook: (...args: never[]) => void): unknown
}

/** Where requests are counted, and what a log line says more. */
export interface FastifyPerformanceOptions extends MeasureOptions {
  /** More for the log line, as in `performanceMiddleware`. */
  readonly fields?: (request: FastifyRequestLike) => Readonly<Record<string, unknown>>
}

/** A plugin of Fastify, for all routes of the instance that it is registered at. */
export type FastifyPlugin = (instance: FastifyLike, options: unknown, done: () => void) => void

/**
 * `performanceMiddleware` for Fastify: `app.register(fastifyPerformance({ service, metrics }))`, before the routes. The
 * route is the template that Fastify has matched, e.g. `/users/:id`; `other` when there was none.
 *
 * A request ends when the head of its answer is sent. A caller who has gone before counts as 499, and as 504 when he had
 * waited for `slowMs`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function fastifyPerformance(options: FastifyPerformanceOptions): FastifyPlugin {
  knownOptions(options, ...MEASURE_OPTIONS, 'fields')
  const { fields } = options
  isFunction('fields', fields, 'optional')
  const measure = measureRequests<FastifyRequestLike>(options, {
    method: ({ method }) => method,
    route: fastifyRoute,
    header: ({ headers }, name) => String(headers[name] ?? ''),
    ...(fields && { fields }),
  })
  const errors = new WeakMap<FastifyRequestLike, unknown>()

  const plugin: FastifyPlugin = (instance, _, done) => {
    instance.addHook('onRequest', (request: FastifyRequestLike, { raw }: FastifyReplyLike, next: () => void) => {
      const startedAt = measure.begin()
      whenAnswered(raw, (status) => measure.end({ request, startedAt, status, error: errors.get(request) }))
      next()
    })
    instance.addHook('onError', (...[request, , error, next]: [FastifyRequestLike, unknown, unknown, () => void]) => {
      errors.set(request, error)
      next()
    })
    done()
  }
  // Hooks are for what is registered beside the plugin, and not inside of it; as `fastify-plugin` says it.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@easymo/perf',
  })
}

/** The template that Fastify has matched, e.g. for `recordRequestMetrics`; undefined when there was none. */
export function fastifyRoute({ routeOptions }: FastifyRequestLike): string | undefined {
  return routeOptions?.url
}

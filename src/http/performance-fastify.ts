import { isFunction, knownOptions } from '../core/check.ts'
import { MEASURE_OPTIONS, measureRequests, type MeasureOptions } from './measure.ts'
import type { ExpressResponseLike } from './performance-express.ts'

/** What is used of a request of Fastify 4 and 5. */
export interface FastifyRequestLike {
  readonly method: string
  readonly routeOptions?: { readonly url?: string | undefined }
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What is used of a reply. */
export interface FastifyReplyLike {
  readonly statusCode: number
  /** Node's response. */
  readonly raw: Pick<ExpressResponseLike, 'writableFinished' | 'once'>
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

/** Whom a caller leaves before the answer is there, nginx answers so: it is the caller's doing. */
const GONE = 499

/**
 * `performanceMiddleware` for Fastify: `app.register(fastifyPerformance({ service, metrics }))`, before the routes. The
 * route is the template that Fastify has matched, e.g. `/users/:id`; `other` when there was none.
 *
 * A request ends when its answer has been sent, or the caller has gone, which counts as a 499.
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
  const started = new WeakMap<FastifyRequestLike, number>()
  const errors = new WeakMap<FastifyRequestLike, unknown>()

  const end = (request: FastifyRequestLike, { statusCode, raw }: FastifyReplyLike): void => {
    const startedAt = started.get(request)
    if (startedAt === undefined) return
    started.delete(request)
    const status = raw.writableFinished ? statusCode : GONE
    measure.end({ request, startedAt, status, error: errors.get(request) })
  }

  const plugin: FastifyPlugin = (instance, _, done) => {
    instance.addHook('onRequest', (request: FastifyRequestLike, reply: FastifyReplyLike, next: () => void) => {
      started.set(request, measure.begin())
      // Fastify tells nobody of a caller who has gone while the handler works.
      reply.raw.once('close', () => end(request, reply))
      next()
    })
    instance.addHook('onError', (...[request, , error, next]: [FastifyRequestLike, unknown, unknown, () => void]) => {
      errors.set(request, error)
      next()
    })
    instance.addHook('onResponse', (request: FastifyRequestLike, reply: FastifyReplyLike, next: () => void) => {
      end(request, reply)
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

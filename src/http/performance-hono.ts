import { isFunction, knownOptions } from '../core/check.ts'
import { MEASURE_OPTIONS, measureRequests, type MeasureOptions } from './measure.ts'

/** What is used of a context of Hono 4. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request; readonly routePath?: string }
  readonly res: { readonly status: number }
  readonly error?: unknown
}

/** Where requests are counted, and what a log line says more. */
export interface HonoPerformanceOptions extends MeasureOptions {
  /** More for the log line, as in `performanceMiddleware`. */
  readonly fields?: (request: Request) => Readonly<Record<string, unknown>>
}

/** A middleware of Hono. */
export type HonoMiddleware = (context: HonoContextLike, next: () => Promise<void>) => Promise<void>

/**
 * `performanceMiddleware` for Hono: `app.use(honoPerformance({ service, metrics }))`, before everything else. The route is
 * the template that Hono has matched, e.g. `/users/:id`; `other` when that is everything.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function honoPerformance(options: HonoPerformanceOptions): HonoMiddleware {
  knownOptions(options, ...MEASURE_OPTIONS, 'fields')
  const { fields } = options
  isFunction('fields', fields, 'optional')
  const measure = measureRequests<HonoContextLike>(options, {
    method: ({ req }) => req.raw.method,
    route: honoRoute,
    header: ({ req }, name) => req.raw.headers.get(name),
    ...(fields && { fields: ({ req }) => fields(req.raw) }),
  })
  return async (context, next) => {
    const startedAt = measure.begin()
    let error: unknown
    try {
      await next()
      ;({ error } = context)
    } catch (thrown) {
      measure.end({ request: context, startedAt, status: 500, error: thrown })
      throw thrown
    }
    measure.end({ request: context, startedAt, status: context.res.status, error })
  }
}

/**
 * The template that Hono has matched, once the handler has run, e.g. for `recordRequestMetrics`; undefined when that is
 * everything, as it is when no handler was found.
 */
export function honoRoute({ req }: HonoContextLike): string | undefined {
  return req.routePath === '*' || req.routePath === '/*' ? undefined : req.routePath
}

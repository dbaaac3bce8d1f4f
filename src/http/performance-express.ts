import { isFunction, knownOptions } from '../core/check.ts'
import { MEASURE_OPTIONS, measureRequests, type MeasureOptions } from './measure.ts'
import { whenAnswered, type WatchedResponse } from './performance-head.ts'

/** What is used of a request of Express 4 and 5. */
export interface ExpressRequestLike {
  readonly method: string
  /** Where the router is mounted, as it stands in the URL. */
  readonly baseUrl?: string
  readonly route?: { readonly path?: unknown } | undefined
  readonly params?: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** Where requests are counted, and what a log line says more. */
export interface ExpressPerformanceOptions<R extends ExpressRequestLike> extends MeasureOptions {
  /** More for the log line, as in `performanceMiddleware`. */
  readonly fields?: (request: R) => Readonly<Record<string, unknown>>
}

/**
 * `performanceMiddleware` for Express: `app.use(expressPerformance({ service, metrics }))`, before everything else. The
 * route is the template of the handler that answered, with the path its router is mounted at, e.g. `/shop/items/:id`;
 * `other` when no handler was found.
 *
 * A request ends when the head of its answer is sent. A caller who has gone before counts as 499, and as 504 when he had
 * waited for `slowMs`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function expressPerformance<R extends ExpressRequestLike = ExpressRequestLike>(
  options: ExpressPerformanceOptions<R>,
): (request: R, response: WatchedResponse, next: () => void) => void {
  knownOptions(options, ...MEASURE_OPTIONS, 'fields')
  const { fields } = options
  isFunction('fields', fields, 'optional')
  const measure = measureRequests<R>(options, {
    method: ({ method }) => method,
    route: expressRoute,
    header: ({ headers }, name) => String(headers[name] ?? ''),
    ...(fields && { fields }),
  })
  return (request, response, next) => {
    const startedAt = measure.begin()
    whenAnswered(response, (status) => measure.end({ request, startedAt, status }))
    next()
  }
}

/**
 * The template of the handler that answered, e.g. for `recordRequestMetrics`; undefined when there was none.
 *
 * A router that is mounted at a path with parameters does not tell Express their names: parts of it that hold digits alone,
 * or that a parameter has the value of, are shown as parameters.
 */
export function expressRoute({ baseUrl = '', route, params = {} }: ExpressRequestLike): string | undefined {
  const path = route?.path
  if (path === undefined) return undefined
  const names = new Map(Object.entries(params).map(([name, value]) => [String(value), name]))
  const mounted = baseUrl.split('/').map((part) => {
    const name = part === '' ? undefined : names.get(decoded(part))
    if (name !== undefined) return `:${name}`
    return /^\d+$|^[\da-f-]{16,}$/i.test(part) ? ':id' : part
  })
  return mounted.join('/') + templateOf(path) || '/'
}

/** One path, or what a list or an expression looks like. */
function templateOf(path: unknown): string {
  if (Array.isArray(path)) return path.map(templateOf).join(',')
  return path instanceof RegExp ? path.toString() : typeof path === 'string' ? path.replace(/\/$/, '') : ''
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

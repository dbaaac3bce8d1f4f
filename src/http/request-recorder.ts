import { detached } from '../core/detached.ts'
import type { BoundCounter, BoundHistogram, Counter, Histogram, Metrics } from '../core/metrics-port.ts'

/** A request that was answered, in words that are fit to be labels. */
export interface AnsweredRequest {
  readonly method: string
  readonly status: number
  readonly route: string
  /** NaN when nobody knows. */
  readonly latencyMs: number
}

/** The series of one route. */
interface RouteSeries {
  readonly duration: BoundHistogram
  readonly errors: BoundCounter
  readonly clientErrors: BoundCounter
  /** By method, and by status. */
  readonly requests: Map<string, Map<number, BoundCounter>>
}

/** For so long after the first request new routes are taken for those of the service. */
const FIRST_MS = 300_000
/** So many at most: a histogram with quantiles has 256 series. */
const MOST_FIRST = 200
/** Others get their zeros, too, as long as they are so few that they may be routes. */
const MOST_OTHERS = 200
/** Shown from the first request of a method and a route on: what went well, and what nobody expects. */
const EXPECTED: readonly number[] = [200, 500]

/**
 * Counts requests. What the caller did wrong (4xx) is no error of the service.
 *
 * A rate needs a 0 to rise from: so the series of a route begin together, with its first request, and those of a route that
 * was declared begin at once. Declared routes, and those that were found in the first five minutes, have places of their own
 * among the series, which no flood of other paths takes.
 */
export class RequestRecorder {
  readonly #metrics: Metrics
  readonly #requests: Counter<['method', 'status', 'route']>
  readonly #durations: Histogram<['route']>
  readonly #errors: Counter<['route']>
  readonly #clientErrors: Counter<['route']>
  readonly #routes = new Map<string, RouteSeries>()
  readonly #others = new Set<string>()
  #first = 0
  #beganAt: number | undefined

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#requests = metrics.counter('http_requests_total', {
      help: 'Requests answered',
      labels: ['method', 'status', 'route'],
    })
    this.#durations = metrics.histogram('http_request_duration_seconds', {
      help: 'Time to answer',
      labels: ['route'],
      quantiles: true,
    })
    this.#errors = metrics.counter('http_request_errors_total', {
      help: 'Requests that failed here',
      labels: ['route'],
    })
    this.#clientErrors = metrics.counter('http_request_client_errors_total', {
      help: 'Requests that the caller got wrong (4xx)',
      labels: ['route'],
    })
  }

  /** Makes the series of routes that the service is known to have. */
  declare(routes: readonly string[]): void {
    this.#metrics.reserve('route', routes)
    for (const route of routes) if (!this.#routes.has(route)) this.#open(route)
  }

  /** Counts one that ended at `atMs` of the clock's `elapsed()`. */
  record({ method, status, route, latencyMs }: AnsweredRequest, atMs: number): void {
    const series = this.#routes.get(route) ?? this.#meet({ status, route }, atMs)
    if (series === undefined) return this.#recordOther({ method, status, route, latencyMs })
    const requests = series.requests.get(method)?.get(status) ?? this.#begin(series, { method, status, route })
    requests.inc()
    series.duration.observe(latencyMs / 1_000)
    if (status >= 500) series.errors.inc()
    else if (status >= 400) series.clientErrors.inc()
  }

  #recordOther({ method, status, route, latencyMs }: AnsweredRequest): void {
    if (this.#others.size < MOST_OTHERS && !this.#others.has(route)) {
      this.#others.add(detached(route))
      for (const counter of [this.#errors, this.#clientErrors]) counter.with(route)
      for (const expected of EXPECTED) this.#requests.with(method, String(expected), route)
    }
    this.#requests.inc(method, String(status), route)
    this.#durations.observe(latencyMs / 1_000, route)
    if (status >= 500) this.#errors.inc(route)
    else if (status >= 400) this.#clientErrors.inc(route)
  }

  /** A route that was not heard of: one of the service, if it comes early, and was found. */
  #meet({ status, route }: Pick<AnsweredRequest, 'status' | 'route'>, atMs: number): RouteSeries | undefined {
    this.#beganAt ??= atMs
    if (status === 404 || this.#first >= MOST_FIRST || atMs - this.#beganAt >= FIRST_MS) return undefined
    this.#first += 1
    this.#metrics.reserve('route', [route])
    return this.#open(route)
  }

  #open(route: string): RouteSeries {
    const series: RouteSeries = {
      duration: this.#durations.with(route),
      errors: this.#errors.with(route),
      clientErrors: this.#clientErrors.with(route),
      requests: new Map(),
    }
    this.#routes.set(detached(route), series)
    return series
  }

  #begin({ requests }: RouteSeries, { method, status, route }: Omit<AnsweredRequest, 'latencyMs'>): BoundCounter {
    const own = requests.get(method) ?? new Map<number, BoundCounter>()
    const open = (which: number): BoundCounter => this.#requests.with(method, String(which), route)
    if (own.size === 0) for (const expected of EXPECTED) own.set(expected, open(expected))
    requests.set(method, own)
    const begun = own.get(status) ?? open(status)
    own.set(status, begun)
    return begun
  }
}

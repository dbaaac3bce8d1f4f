import type { Metrics } from '../core/metrics-port.ts'

/** A request that was answered, in words that are fit to be labels. */
export interface AnsweredRequest {
  readonly method: string
  readonly status: number
  readonly route: string
  readonly seconds: number
}

/** Defines the metrics of requests, and gives what counts one. What the caller did wrong (4xx) is no error of the service. */
export function requestRecorder(metrics: Metrics): (request: AnsweredRequest) => void {
  const requests = metrics.counter('http_requests_total', {
    help: 'Requests answered',
    labels: ['method', 'status', 'route'],
  })
  const durations = metrics.histogram('http_request_duration_seconds', {
    help: 'Time to answer',
    labels: ['route'],
    quantiles: true,
  })
  const errors = metrics.counter('http_request_errors_total', { help: 'Requests that failed here', labels: ['route'] })
  return ({ method, status, route, seconds }) => {
    requests.inc(method, String(status), route)
    durations.observe(seconds, route)
    if (status >= 500) errors.inc(route)
  }
}

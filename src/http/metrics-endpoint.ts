import { hasMethods, knownOptions } from '../core/check.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { Metrics } from '../core/metrics-port.ts'
import { PROMETHEUS_TEXT, prometheusText } from '../core/metrics-text.ts'
import { performanceDocument } from './performance-document.ts'
import { bringsToken, checkAccess, type Access } from './tokens.ts'

/** Which metrics are shown, and who may read them. */
export interface MetricsEndpointOptions {
  readonly metrics: Metrics
  /** `{ tokens: [...] }` (several while one is replaced by another), or `'public'`. Without it nobody gets an answer. */
  readonly access: Access
  readonly host?: Host
}

/**
 * Answers with the metrics: as one JSON document, or as Prometheus text for `?format=prometheus` and for an `Accept` that
 * asks for it (`text/plain`, or what a Prometheus server sends).
 *
 * It is closed until `access` says who may read: 404, and once the fact `http.closed`. A wrong or missing token is
 * answered with 401.
 *
 * @returns a handler; put it at `/metrics`
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function metricsEndpoint(options: MetricsEndpointOptions): (request: Request) => Response {
  knownOptions(options, 'metrics', 'access', 'host')
  const { metrics, host = defaultHost } = options
  // Required by the type, but JavaScript may leave it out, and metrics must not be public by accident.
  const access: Access | undefined = options.access
  hasMethods('metrics', metrics, 'families', 'sources')
  checkAccess(access)
  let told = false

  return (request) => {
    if (access === undefined) {
      if (!told) host.observe({ name: 'http.closed', of: 'metricsEndpoint', reason: 'no-access-option' })
      told = true
      return answer(404, 'Not Found\n')
    }
    if (access !== 'public' && !bringsToken(request, access.tokens))
      return answer(401, 'Unauthorized\n', { 'www-authenticate': 'Bearer realm="metrics"' })
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'Method Not Allowed\n', { allow: 'GET, HEAD' })
    const format = formatOf(request)
    if (format === 'prometheus') return answer(200, prometheusText(metrics), { 'content-type': PROMETHEUS_TEXT })
    if (format !== 'json') return answer(400, 'format must be json or prometheus\n')
    return answer(200, JSON.stringify(performanceDocument(metrics)), { 'content-type': 'application/json' })
  }
}

function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', vary: 'Accept', 'cache-control': 'no-store', ...headers },
  })
}

/** What the query asks for, else what `Accept` prefers. */
function formatOf(request: Request): string {
  const query = request.url.indexOf('?')
  const asked =
    query === -1 ? null : new URLSearchParams(request.url.slice(query + 1).replace(/#.*$/, '')).get('format')
  if (asked !== null) return asked
  const accept = request.headers.get('accept') ?? ''
  const text = Math.max(quality(accept, 'text/plain'), quality(accept, 'application/openmetrics-text'))
  return text > quality(accept, 'application/json') ? 'prometheus' : 'json'
}

/** The highest `q` that an `Accept` header gives to a type; 0 when it does not name it. */
function quality(accept: string, type: string): number {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
  const qualities = ranges
    .filter(([name]) => name === type)
    .map(([, ...parameters]) => Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1))
  return Math.max(0, ...qualities.filter((q) => q >= 0 && q <= 1))
}

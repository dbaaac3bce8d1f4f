import { atLeast, hasMethods, knownOptions } from '../core/check.ts'
import { codeOf } from '../core/fact.ts'
import { fetchHandler } from '../core/handler.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { MetricsView } from '../core/metrics-port.ts'
import { acceptsGzip } from '../core/negotiate.ts'
import { createTexts, FORMATS, formatOf, headersOf, type Format } from './metrics-format.ts'
import { createRenderings } from './render-once.ts'
import { bringsToken, checkAccess, type Access } from './tokens.ts'

/** Which metrics are shown, and who may read them. */
export interface MetricsEndpointOptions {
  /** A registry, or what gives one when it is asked, e.g. `() => aggregate(store)` for the sum of many isolates. */
  readonly metrics: MetricsView | (() => MetricsView | Promise<MetricsView>)
  /** `{ tokens: [...] }` (several while one is replaced by another), or `'public'`. Without it nobody gets an answer. */
  readonly access: Access
  /** How long a rendering may take, the asking for the metrics included; in milliseconds. @defaultValue 2000 */
  readonly timeoutMs?: number
  readonly host?: Host
}

/**
 * Answers with the metrics, in the format that `?format=` names (`json`, `prometheus`, `openmetrics`, `html`), else in the
 * one that `Accept` prefers, else as one JSON document. A Prometheus server gets OpenMetrics or text, as it asks; a
 * browser gets the page. Compressed with gzip where that is accepted and pays.
 *
 * It is closed until `access` says who may read: 404, and once the fact `http.closed`. A wrong or missing token is
 * answered with 401. The page alone needs none: it holds no data, asks its reader for the token, and fetches the JSON.
 *
 * However many ask, each format is rendered at most once a second, so that an answer is up to a second old. When the
 * metrics cannot be had in time the answer is 503 with `Retry-After`, and the fact is `http.failed`.
 *
 * @returns a handler; put it at `/metrics`
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function metricsEndpoint(options: MetricsEndpointOptions): (request: Request) => Promise<Response> {
  const { metrics, access, timeoutMs, host } = checked(options)
  const rendered = createRenderings({ host, timeoutMs, render: createTexts(metrics) })
  let toldClosed = false
  let toldError: unknown

  function tellClosed(): void {
    if (!toldClosed) host.observe({ name: 'http.closed', of: 'metricsEndpoint', reason: 'no-access-option' })
    toldClosed = true
  }

  /** Once for all who waited for the same rendering. */
  function tellFailed(error: unknown): void {
    if (error !== toldError) host.observe({ name: 'http.failed', of: 'metricsEndpoint', ...codeOf(error) })
    toldError = error
  }

  async function show(request: Request, format: Format): Promise<Response> {
    try {
      const { body, compressed } = await rendered(format, acceptsGzip(request.headers.get('accept-encoding')))
      const headers = { ...headersOf(format), ...(compressed ? { 'content-encoding': 'gzip' } : {}) }
      return answer(200, request.method === 'HEAD' ? null : body, headers)
    } catch (error) {
      tellFailed(error)
      return answer(503, 'Service Unavailable\n', { 'retry-after': '1' })
    }
  }

  return fetchHandler('metricsEndpoint', async (request: Request) => {
    if (access === undefined) {
      tellClosed()
      return answer(404, 'Not Found\n')
    }
    const format = formatOf(request)
    if (format !== 'html' && access !== 'public' && !bringsToken(request, access.tokens))
      return answer(401, 'Unauthorized\n', { 'www-authenticate': 'Bearer realm="metrics"' })
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'Method Not Allowed\n', { allow: 'GET, HEAD' })
    if (format === undefined) return answer(400, `format must be one of ${FORMATS.join(', ')}\n`)
    return show(request, format)
  })
}

function checked(options: MetricsEndpointOptions) {
  knownOptions(options, 'metrics', 'access', 'timeoutMs', 'host')
  const { metrics, timeoutMs = 2_000, host = defaultHost } = options
  // Required by the type, but JavaScript may leave it out, and metrics must not be public by accident.
  const given: Access | undefined = options.access
  if (typeof metrics !== 'function') hasMethods('metrics', metrics, 'families', 'sources')
  checkAccess(given)
  atLeast(1, 'timeoutMs', timeoutMs)
  hasMethods('host', host, 'observe')
  // A copy: a token that is put into the caller's list later was not checked.
  const access = typeof given === 'object' ? { tokens: [...given.tokens] } : given
  return { metrics, access, timeoutMs, host }
}

function answer(
  status: number,
  body: string | Uint8Array<ArrayBuffer> | null,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const init: ResponseInit & { readonly encodeBody: 'manual' } = {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      vary: 'Accept, Accept-Encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    // Workers compress again what says that it is compressed, unless they are told that it is. Others do not look here.
    encodeBody: 'manual',
  }
  return new Response(body, init)
}

import { hasMethods, isFunction, isText, knownOptions, oneOf, wholeAtLeast } from '../core/check.ts'
import { withDeadline, type Call } from '../core/deadline.ts'
import { variables, type EnvLookup } from '../core/env.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, keepAlive, type Host, type WaitUntil } from '../core/host.ts'
import type { MetricsView } from '../core/metrics-port.ts'
import { ExportError, rejectedPoints } from './otlp-answer.ts'
import { byService, contentOf } from './otlp-content.ts'
import { OtlpDeltas, TEMPORALITIES, type Temporality } from './otlp-delta.ts'
import { otlpDocument, type Span } from './otlp-document.ts'
import { resourceOf } from './otlp-resource.ts'
import { targetOf, type Target } from './otlp-target.ts'
import { originOf } from './view-origin.ts'

/** Where a push goes, who it is from, and how long it may take. What is left out is looked up in the environment. */
export interface OtlpOptions {
  /**
   * The base of the endpoint, e.g. `https://otlp.example.com`; `/v1/metrics` is appended unless it is there.
   * @defaultValue `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` as it stands, else `OTEL_EXPORTER_OTLP_ENDPOINT` as a base
   */
  readonly endpoint?: string
  /** E.g. `{ authorization: 'Bearer ...' }`, added to those of `OTEL_EXPORTER_OTLP_HEADERS`; never told to anybody. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * `service.name`.
   * @defaultValue `OTEL_SERVICE_NAME`, else `OTEL_RESOURCE_ATTRIBUTES`, else the default label `service`
   */
  readonly serviceName?: string
  /**
   * `service.instance.id`: must differ between processes and isolates that run at the same time.
   * @defaultValue an id made at the first push of a registry; none for the sum of many isolates
   */
  readonly instance?: string
  /** Where the variables are, e.g. a Worker's `env`. @defaultValue the environment of the process */
  readonly env?: EnvLookup
  /**
   * Whether numbers are since the start (`cumulative`) or since the last push that was taken (`delta`; `lowmemory` without
   * what was collected from other rooms).
   * @defaultValue `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`, else `cumulative`
   */
  readonly temporality?: Temporality
  /** Deadline of the push, in milliseconds. @defaultValue `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10_000 */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** @defaultValue the platform's */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Keeps the push alive after the answer was sent. */
  readonly waitUntil?: WaitUntil
  readonly host?: Host
}

/** What the pushes of one registry have in common. */
interface Stream {
  readonly instance: string | undefined
  /** `undefined` for the sum of many isolates: nobody knows when the first of them began. */
  readonly startedAtMs: number | undefined
  /** The endpoint asked to be left alone until then, by the clock's `elapsed()`. */
  readonly heldUntil: Map<string, number>
  /** What each endpoint was told, where that is told as changes. */
  readonly deltas: Map<string, OtlpDeltas>
}

/** A wait that an endpoint asks for is honoured so far, in milliseconds: a mistake of its own must not end all pushes. */
const LONGEST_WAIT = 300_000

/** By registry, or by the store of a sum. */
const streams = new WeakMap<object, Stream>()

/**
 * Pushes all metrics once, as OTLP over HTTP in JSON: counters as monotonic sums, gauges, histograms with their buckets,
 * and histograms with `quantiles: true` as exponential ones, with what `collect` was given. Does nothing when there is
 * no series.
 *
 * Numbers are cumulative, so that a push that fails loses nothing: the next one says it all. As changes, where the
 * environment prefers them, they are told until a push is taken, each once; one whose answer was lost is told again.
 * Nothing is tried again in here; call it every 10 to 60 seconds where a process lives on, and at the end of some requests where it does not. An
 * endpoint that answered `Retry-After` is left alone for so long (5 minutes at most): pushes fail without being sent.
 *
 * Default labels become attributes of the resource. Of what `aggregate` gives, each service that the label `service` names
 * is a resource, unless an option or the environment names one for all; as changes it must be pushed from one place, and
 * counts from its first push on. `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_COMPRESSION=gzip` are heard. Points that the endpoint refuses while it takes the others are told
 * as the fact `metrics.rejected`, with their count. A rejection is also told to the host, so that the promise need not
 * be awaited.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * @throws OptionError `ERR_PERF_OPTION`: at once for an option of the wrong type; the promise rejects when the endpoint or
 *   a variable is missing or wrong
 * @throws ExportError `ERR_PERF_METRICS_EXPORT` when the push was not taken; `retryable` says whether it may be later
 * @throws TimeoutError `ERR_PERF_TIMEOUT`
 * @throws the reason of `signal`
 */
export function otlp(metrics: MetricsView, options: OtlpOptions = {}): Promise<void> {
  checkOptions(metrics, options)
  const push = pushed(metrics, options)
  // The promise given back is the one that is listened to: a rejection of it is never unhandled.
  keepAlive(options.host ?? defaultHost, options.waitUntil, push)
  return push
}

async function pushed(metrics: MetricsView, options: OtlpOptions): Promise<void> {
  const { host = defaultHost } = options
  const find = variables(options.env)
  const target = targetOf(options, find)
  const { clock } = metrics
  const stream = streamOf(metrics, host)
  const heldMs = (stream.heldUntil.get(target.url) ?? 0) - clock.elapsed()
  if (heldMs > 0)
    throw new ExportError('the OTLP endpoint asked to be left alone', { retryable: true, retryAfterMs: heldMs })

  const send = (deltas?: OtlpDeltas): Promise<void> => sendTo(target, { metrics, options, stream, find, deltas })
  if (target.temporality === 'cumulative') return send()
  const deltas = stream.deltas.get(target.url) ?? new OtlpDeltas()
  stream.deltas.set(target.url, deltas)
  return deltas.inTurn(() => send(deltas))
}

interface Push {
  readonly metrics: MetricsView
  readonly options: OtlpOptions
  readonly stream: Stream
  readonly find: (name: string) => string | undefined
  /** Where numbers are told as changes. */
  readonly deltas: OtlpDeltas | undefined
}

async function sendTo(target: Target, { metrics, options, stream, find, deltas }: Push): Promise<void> {
  const { clock } = metrics
  const { host = defaultHost } = options
  const { serviceName, instance } = options
  const resource = resourceOf(metrics, { serviceName, instance, find }, stream.instance)
  const collected = target.temporality === 'delta'
  const changes = deltas?.changes(contentOf(metrics), { collected, whole: isRegistry(metrics) })
  const content = changes?.content ?? contentOf(metrics)
  // Kept, because a view that is read twice may have changed.
  const parts = isRegistry(metrics) || resource.serviceName !== undefined ? [[undefined, content] as const] : [...byService(content)] // prettier-ignore
  const whole: Span = { temporality: 2, sinceMs: stream.startedAtMs }
  const part: Span = { temporality: 1, sinceMs: changes?.sinceMs ?? stream.startedAtMs }
  const atMs = clock.now()
  const text = otlpDocument(
    parts.map(([service, own]) => ({ resource: resource.attributes(service), content: own })),
    { atMs, families: deltas === undefined ? whole : part, samples: collected ? part : whole },
  )
  if (text === undefined) return changes?.taken(atMs)
  const { signal, fetch = platformFetch } = options
  const deadline = { clock, timeoutMs: target.timeoutMs, what: 'the OTLP endpoint', signal }
  const post = async (call: Call): Promise<number> =>
    sent(await requestOf(target, text, call), (it) => fetch(target.url, it))
  const rejected = await withDeadline(deadline, post).catch((error: unknown) => {
    const waitMs = error instanceof ExportError ? error.retryAfterMs : undefined
    if (waitMs !== undefined) stream.heldUntil.set(target.url, clock.elapsed() + Math.min(waitMs, LONGEST_WAIT))
    throw error
  })
  stream.heldUntil.delete(target.url)
  changes?.taken(atMs)
  if (rejected > 0) host.observe({ name: 'metrics.rejected', of: 'otlp', count: rejected })
}

function checkOptions(metrics: MetricsView, options: OtlpOptions): void {
  const names = ['endpoint', 'headers', 'serviceName', 'instance', 'env', 'temporality', 'timeoutMs', 'signal', 'fetch']
  knownOptions(options, ...names, 'waitUntil', 'host')
  if (options.temporality !== undefined) oneOf(TEMPORALITIES, 'temporality', options.temporality)
  hasMethods('metrics', metrics, 'families', 'sources', 'uptimeMs')
  for (const name of ['endpoint', 'serviceName', 'instance'] as const)
    if (options[name] !== undefined) isText(name, options[name])
  if (options.timeoutMs !== undefined) wholeAtLeast(1, 'timeoutMs', options.timeoutMs)
  isFunction('fetch', options.fetch, 'optional')
  isFunction('waitUntil', options.waitUntil, 'optional')
  const { headers = {}, env = {} } = options
  if (typeof headers !== 'object' || (typeof env !== 'object' && typeof env !== 'function'))
    throw new OptionError('headers must be an object, and env an object or a function')
}

/** The same for every push of a registry: another instance or another start would be other time series. */
function streamOf(metrics: MetricsView, host: Host): Stream {
  const origin = originOf(metrics)
  let stream = streams.get(origin)
  if (stream === undefined) {
    const own = isRegistry(metrics)
    // A millisecond at least: a point that is no longer than an instant is taken as a base line, and not counted.
    const startedAtMs = own ? metrics.clock.now() - Math.max(1, metrics.uptimeMs()) : undefined
    stream = { instance: own ? host.randomId() : undefined, startedAtMs, heldUntil: new Map(), deltas: new Map() }
    streams.set(origin, stream)
  }
  return stream
}

/** Only a registry can be recorded into; what cannot is the sum of many, and was not started here. */
function isRegistry(metrics: MetricsView): boolean {
  return 'counter' in metrics
}

/** The signal is read here, and so made: `fetch` always wants it. */
async function requestOf({ headers, gzip }: Target, text: string, { signal }: Call): Promise<RequestInit> {
  const request = { method: 'POST', redirect: 'manual' as const, headers, signal }
  if (!gzip || typeof CompressionStream === 'undefined') return { ...request, body: text }
  headers.set('content-encoding', 'gzip')
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  // As a whole: a body that streams cannot be sent everywhere.
  return { ...request, body: await new Response(packed).arrayBuffer() }
}

/** @returns how many points were refused although the push was taken */
async function sent(request: RequestInit, fetch: (request: RequestInit) => Promise<Response>): Promise<number> {
  try {
    return await rejectedPoints(await fetch(request))
  } catch (cause) {
    if (cause instanceof ExportError) throw cause
    throw new ExportError('the OTLP endpoint could not be reached', { retryable: true, cause })
  }
}

/** Wrapped, because Workers' own refuses to be called as a method of something else. */
function platformFetch(url: string, init: RequestInit): Promise<Response> {
  return globalThis.fetch(url, init)
}

import type { Labels } from './dynamic-metrics.ts'
import { decrementGauge, incrementCounter, incrementGauge, joined, recordHistogram, startTimer } from './metrics.ts'
import { routeOf } from './route.ts'
import { nameService } from './service.ts'
import { tracked } from './shown.ts'
import { APIS, DATABASE, HANDLERS, type Work } from './work-metrics.ts'

/**
 * Counts one cold start of a service, and how long the isolate has been there at this moment: `cold_starts_total`,
 * `cold_start_duration_ms`. Also says what the service is called, where that was not configured: call it first.
 *
 * @returns whether this was it: true at the first call in this process
 */
export function trackColdStart(service: string): boolean {
  nameService(service)
  const first = tracked().trackColdStart(service)
  // eslint-disable-next-line no-restricted-globals -- since the isolate began, which is before any clock of a host
  if (first) recordHistogram('cold_start_duration_ms', performance.now(), { service })
  return first
}

/**
 * Runs a handler **now**, and gives its result: `handler_calls_total{handler,outcome}`, `handler_duration_ms{handler}`, and,
 * as what never ends is in neither, `handler_calls_in_flight{handler}`. What it throws goes on to the caller.
 *
 * @param labels - more of them, in words of your own
 */
export async function trackHandler<T>(name: string, handler: () => T | PromiseLike<T>, labels?: Labels): Promise<T> {
  const all = joined(labels, { handler: name })
  nameService(all['service'])
  return measured(HANDLERS, all, { run: handler, isOk: () => true })
}

/**
 * Runs an operation on the database now, and gives its result: `database_operations_total{operation,table,outcome}`,
 * `database_operation_duration_ms`. One that throws has failed, and so has one that gives an `error`, as supabase-js does.
 */
export async function trackDatabaseOp<T>(operation: string, table: string, op: () => T | PromiseLike<T>): Promise<T> {
  return measured(DATABASE, { operation, table }, { run: op, isOk: withoutError })
}

/**
 * Runs a call to somebody else's API now, and gives its result: `api_calls_total{api,operation,outcome}`,
 * `api_call_duration_ms`. One that throws has failed, and so has an answer that is not `ok`, as `fetch` says it.
 */
export async function trackApiCall<T>(api: string, operation: string, call: () => T | PromiseLike<T>): Promise<T> {
  return measured(APIS, { api, operation }, { run: call, isOk: wasOk })
}

/**
 * Counts a request that was answered elsewhere than behind `performanceMiddleware`, and judges the service's health by it.
 * A 4xx is the sender's fault, and no error.
 *
 * @param path - what in it is no word becomes `:id`, and the path of a 404 `other`: paths have no end, series have one
 */
// eslint-disable-next-line @typescript-eslint/max-params -- the services' own order
export function recordRequestMetrics(
  service: string,
  path: string,
  method: string,
  statusCode: number,
  durationMs: number,
): void {
  nameService(service)
  tracked().recordRequestMetrics({ method, status: statusCode, route: routeOf(path, statusCode), durationMs })
}

/** Counts an operation on the database that has ended, as {@link trackDatabaseOp} does. */
// eslint-disable-next-line @typescript-eslint/max-params -- the services' own order
export function recordDatabaseMetrics(operation: string, table: string, durationMs: number, success: boolean): void {
  ended(DATABASE, { operation, table }, { ok: success, durationMs })
}

/** Counts a call to an API that has ended, as {@link trackApiCall} does; from 400 on, and 0 for no answer, it has failed. */
// eslint-disable-next-line @typescript-eslint/max-params -- the services' own order
export function recordApiMetrics(api: string, operation: string, statusCode: number, durationMs: number): void {
  ended(APIS, { api, operation }, { ok: statusCode > 0 && statusCode < 400, durationMs })
}

async function measured<T>(
  work: Work,
  labels: Labels,
  { run, isOk }: { readonly run: () => T | PromiseLike<T>; readonly isOk: (result: T) => boolean },
): Promise<T> {
  const elapsed = startTimer()
  let ok = false
  incrementGauge(work.inFlight, labels)
  try {
    const result = await run()
    ok = isOk(result)
    return result
  } finally {
    decrementGauge(work.inFlight, labels)
    ended(work, labels, { ok, durationMs: elapsed() })
  }
}

function ended(
  work: Work,
  labels: Labels,
  { ok, durationMs }: { readonly ok: boolean; readonly durationMs: number },
): void {
  incrementCounter(work.calls, { ...labels, outcome: ok ? 'ok' : 'error' })
  recordHistogram(work.durations, durationMs / 1_000, labels)
}

const withoutError = (result: unknown): boolean => ((result as { error?: unknown } | null)?.error ?? null) === null
const wasOk = (result: unknown): boolean => (result as { ok?: unknown } | null)?.ok !== false

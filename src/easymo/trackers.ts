import { trackers, type ApiMetrics, type DatabaseMetrics, type RequestMetrics, type Trackers } from '../http/index.ts'
import { forRegistry } from './shown.ts'

const tracked: () => Trackers = /* @__PURE__ */ forRegistry((metrics) => trackers(metrics))

/** Counts one cold start of a service; true at the first call in this process, and false then. */
export function trackColdStart(service: string): boolean {
  return tracked().trackColdStart(service)
}

/** Wraps a handler, and measures each of its calls: `handler_calls_total{handler,outcome}`, `handler_duration_seconds`. */
export function trackHandler<This, Args extends readonly unknown[], Result>(
  name: string,
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  const one = forRegistry((metrics) => trackers(metrics).trackHandler(name, fn))
  // Now: a rate needs a 0 to rise from.
  one()
  return function (...args) {
    return Reflect.apply(one(), this, args)
  }
}

/** Runs an operation on the database, and measures it; one that gives an `error`, as supabase-js does, has failed. */
export function trackDatabaseOp<T>(operation: string, table: string, fn: () => T): T {
  return tracked().trackDatabaseOp(operation, table, fn)
}

/** Runs a call to somebody else's API, and measures it; an answer that is not `ok`, as `fetch` says it, has failed. */
export function trackApiCall<T>(api: string, fn: () => T): T {
  return tracked().trackApiCall(api, fn)
}

/** Counts a request that was answered elsewhere than behind `performanceMiddleware`. */
export function recordRequestMetrics(request: RequestMetrics): void {
  tracked().recordRequestMetrics(request)
}

/** Counts an operation on the database that has ended. */
export function recordDatabaseMetrics(operation: DatabaseMetrics): void {
  tracked().recordDatabaseMetrics(operation)
}

/** Counts a call to an API that has ended. */
export function recordApiMetrics(call: ApiMetrics): void {
  tracked().recordApiMetrics(call)
}

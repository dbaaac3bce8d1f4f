import type { DynamicMetrics } from './dynamic-metrics.ts'

/** What is measured of one kind of work: the metrics of `trackers` of `@easymo/perf/http`, which may have more labels here. */
export interface Work {
  readonly calls: string
  readonly durations: string
  readonly inFlight: string
}

export const HANDLERS: Work = {
  calls: 'handler_calls_total',
  durations: 'handler_duration_seconds',
  inFlight: 'handler_calls_in_flight',
}
export const DATABASE: Work = {
  calls: 'database_operations_total',
  durations: 'database_operation_duration_seconds',
  inFlight: 'database_operations_in_flight',
}
export const APIS: Work = {
  calls: 'api_calls_total',
  durations: 'api_call_duration_seconds',
  inFlight: 'api_calls_in_flight',
}

/** Lets these be recorded with any further labels. The seed's word for a handler is its `name`. */
export function adoptWork(dynamic: DynamicMetrics): void {
  for (const { calls, durations, inFlight } of [HANDLERS, DATABASE, APIS]) {
    dynamic.adopt('counter', calls, { name: 'handler' })
    dynamic.adopt('histogram', durations, { name: 'handler' })
    dynamic.adopt('gauge', inFlight, { name: 'handler' })
  }
}

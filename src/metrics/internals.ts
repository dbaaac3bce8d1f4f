import type { Metrics } from '../core/metrics-port.ts'

/** What functions of this room do to a registry beside its own methods, so that bundlers drop what nobody uses. */
export interface Internals {
  /** Adds labels to a metric. @throws OptionError `ERR_PERF_OPTION` */
  widen(name: string, labels: readonly string[]): void
  /** Counts values that were replaced because they can be phone numbers. */
  redacted(metric: string, times: number): void
}

const registries = new WeakMap<Metrics, Internals>()

/** Is called once, by the registry itself. */
export function keepInternals(metrics: Metrics, internals: Internals): void {
  registries.set(metrics, internals)
}

/** Undefined for what only looks like a registry. */
export function internalsOf(metrics: Metrics): Internals | undefined {
  return registries.get(metrics)
}

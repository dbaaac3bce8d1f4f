import { atLeast, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Open } from './in-flight.ts'
import type { RecentRequests } from './request-window.ts'

/** Beyond what a service is degraded. All is judged over the last five minutes of this process. */
export interface HealthThresholds {
  /** The largest share of errors among the requests that could have succeeded (a 4xx could not). @defaultValue 0.05 */
  readonly errorRate: number
  /** So many errors that are most of what could have succeeded degrade, however few requests there were. @defaultValue 5 */
  readonly minErrors: number
  /** No other share and no average is judged on fewer requests, or look-ups, than this. @defaultValue 20 */
  readonly minRequests: number
  /** The largest average time to answer; a request that is still in flight after `slowMs` counts by its age. @defaultValue 1000 */
  readonly avgLatencyMs: number
  /** What has been in flight for so long is slow, whether or not it ends. @defaultValue 1000 */
  readonly slowMs: number
  /**
   * The smallest share of look-ups that an entry answered, over all caches. The first five minutes after a start, or after
   * five minutes without a request, fill them and are not judged. @defaultValue 0.5
   */
  readonly cacheHitRate: number
}

/** Why a service is not healthy. */
export interface HealthReason {
  /** A threshold, `inFlight`, `draining`, or the name of a check behind `checks.`. */
  readonly what: string
  /** What was measured, or how the check ended. */
  readonly value: number | string
  /** What it is judged by. */
  readonly limit?: number
}

/** The rates of the last five minutes in this process; each is 0 when nothing was recorded. */
export interface HealthRates {
  /** Share of the requests that could have succeeded. */
  readonly errorRate: number
  readonly avgLatencyMs: number
  readonly cacheHitRate: number
  /** What the first two are shares of: requests that were answered with anything but a 4xx. */
  readonly requests: number
  /** What the third is a share of. */
  readonly cacheLookups: number
  /** Requests that have been in flight for longer than `slowMs`. */
  readonly slowInFlight: number
}

const DEFAULTS: HealthThresholds = {
  errorRate: 0.05,
  minErrors: 5,
  minRequests: 20,
  avgLatencyMs: 1_000,
  slowMs: 1_000,
  cacheHitRate: 0.5,
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function thresholdsOf(given: Partial<HealthThresholds> = {}): HealthThresholds {
  if (typeof given !== 'object' || (given as unknown) === null) throw new OptionError('thresholds must be an object')
  knownOptions(given, ...Object.keys(DEFAULTS))
  const found = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const all = { ...DEFAULTS, ...found }
  for (const name of ['errorRate', 'cacheHitRate', 'avgLatencyMs', 'slowMs'] as const)
    atLeast(0, `thresholds.${name}`, all[name])
  for (const name of ['errorRate', 'cacheHitRate'] as const)
    if (all[name] > 1) throw new OptionError(`thresholds.${name} must be a share, from 0 to 1`)
  for (const name of ['minErrors', 'minRequests'] as const) wholeAtLeast(1, `thresholds.${name}`, all[name])
  return all
}

/** What was recorded, and why it is not healthy. */
export interface Judgement {
  readonly rates: HealthRates
  readonly reasons: readonly HealthReason[]
}

/** Judges what was recorded. @param slow - what has been in flight for too long */
export function judged(recent: RecentRequests, slow: Open, limits: HealthThresholds): Judgement {
  const { requests, errors, timed, latencyMs, warmCache } = recent
  const rates = {
    errorRate: rounded(share(errors, requests)),
    avgLatencyMs: rounded(share(latencyMs + slow.ageMs, timed + slow.count)),
    cacheHitRate: rounded(share(recent.cacheHits, recent.cacheLookups)),
    requests,
    cacheLookups: recent.cacheLookups,
    slowInFlight: slow.count,
  }
  const reasons: HealthReason[] = []
  const tell = (what: keyof HealthThresholds, value: number): void =>
    void reasons.push({ what, value: rounded(value), limit: limits[what] })

  const mostFailed = errors >= limits.minErrors && errors > requests / 2
  if (mostFailed || (requests >= limits.minRequests && share(errors, requests) > limits.errorRate))
    tell('errorRate', share(errors, requests))
  const average = share(latencyMs + slow.ageMs, timed + slow.count)
  if (timed + slow.count >= limits.minRequests && average > limits.avgLatencyMs) tell('avgLatencyMs', average)
  // Few, but they are most of what there is: nothing gets through.
  if (slow.count >= limits.minErrors && slow.count > timed)
    reasons.push({ what: 'inFlight', value: slow.count, limit: limits.minErrors })
  const { hits, lookups } = warmCache
  if (requests >= limits.minRequests && lookups >= limits.minRequests && share(hits, lookups) < limits.cacheHitRate)
    tell('cacheHitRate', share(hits, lookups))
  return { rates, reasons }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}

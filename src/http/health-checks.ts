import { atLeast, isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { hasCode, OptionError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import { onceASecond } from './once-a-second.ts'

/** Resolves when all is well. Throwing, missing the deadline, or returning `false` says that it is not. */
export type CheckRun = (call: Call) => unknown

/** A check with a deadline and a weight of its own; a bare function is a critical one with the default deadline. */
export interface HealthCheck {
  readonly run: CheckRun
  /** Whether the service is unhealthy without it, and not only degraded. @defaultValue true */
  readonly critical?: boolean
  /** In milliseconds. @defaultValue 2000 */
  readonly timeoutMs?: number
}

/** The checks by the name that the health document shows; all of them run side by side. */
export type HealthChecks = Readonly<Record<string, CheckRun | HealthCheck>>

/**
 * How a check ended. `misconfigured` is a check that threw `ERR_PERF_STORE_SETUP`: a missing table, right or credential,
 * which no waiting mends.
 */
export type CheckWord = 'ok' | 'failed' | 'timeout' | 'misconfigured'

export interface CheckResult {
  readonly name: string
  /** Whether the service is unhealthy when this check is not ok. */
  readonly critical: boolean
  readonly word: CheckWord
}

/**
 * Runs all checks side by side, each under its own deadline; callers who come meanwhile join, and those who come within a
 * second get the same words.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createHealthChecks(checks: HealthChecks, host: Host): () => Promise<readonly CheckResult[]> {
  const checkers = Object.entries(checks).map(([name, check]) => checkerOf(name, check, host))
  return () => Promise.all(checkers.map((run) => run()))
}

function checkerOf(name: string, check: CheckRun | HealthCheck, host: Host): () => Promise<CheckResult> {
  const {
    run,
    critical = true,
    timeoutMs = 2_000,
  } = typeof check === 'function' ? { run: check } : settings(name, check)
  isFunction(`checks.${name}`, run)
  atLeast(1, `checks.${name}.timeoutMs`, timeoutMs)
  if (typeof critical !== 'boolean') throw new OptionError(`checks.${name}.critical must be true or false`)
  // Only what it says is kept, not what it read.
  const work = async (call: Call): Promise<CheckWord> => ((await run(call)) === false ? 'failed' : 'ok')
  const said = onceASecond({ host, timeoutMs, what: `the check ${name}`, work })
  return async () => {
    const word = await said().catch(wordOf)
    return { name, critical: critical || word === 'misconfigured', word }
  }
}

function wordOf(error: unknown): CheckWord {
  if (hasCode(error, 'ERR_PERF_STORE_SETUP')) return 'misconfigured'
  return hasCode(error, 'ERR_PERF_TIMEOUT') ? 'timeout' : 'failed'
}

function settings(name: string, check: unknown): HealthCheck {
  if (typeof check !== 'object' || check === null) throw new OptionError(`checks.${name} must be a function or { run }`)
  knownOptions(check, 'run', 'critical', 'timeoutMs')
  return check as HealthCheck
}

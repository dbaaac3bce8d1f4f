import { atLeast, isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { hasCode, OptionError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import { createSingleFlight, type SingleFlight } from '../core/single-flight.ts'

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

/** How a check ended. */
export type CheckWord = 'ok' | 'failed' | 'timeout'

export interface CheckResult {
  readonly name: string
  readonly critical: boolean
  readonly word: CheckWord
}

interface Checker {
  readonly name: string
  readonly critical: boolean
  readonly run: CheckRun
  readonly flight: SingleFlight<CheckWord>
  last: { readonly word: CheckWord; readonly at: number } | undefined
}

/** An answer is good for so long: a flood of health requests must not become a flood of queries. */
const FRESH_MS = 1_000

/**
 * Runs all checks side by side, each under its own deadline; callers who come meanwhile join, and those who come within a
 * second get the same words.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createHealthChecks(checks: HealthChecks, host: Host): () => Promise<readonly CheckResult[]> {
  const { clock } = host
  const checkers = Object.entries(checks).map(([name, check]) => checkerOf(name, check, host))

  async function check(checker: Checker): Promise<CheckResult> {
    const { name, critical, last, flight, run } = checker
    // Not fresh either when the clock was set back.
    const age = last === undefined ? Infinity : clock.now() - last.at
    if (last !== undefined && age >= 0 && age < FRESH_MS) return { name, critical, word: last.word }
    const word = await flight
      .run(name, async (call) => ((await run(call)) === false ? 'failed' : 'ok'))
      .catch((error: unknown): CheckWord => (hasCode(error, 'ERR_PERF_TIMEOUT') ? 'timeout' : 'failed'))
    checker.last = { word, at: clock.now() }
    return { name, critical, word }
  }

  return () => Promise.all(checkers.map(check))
}

function checkerOf(name: string, check: CheckRun | HealthCheck, host: Host): Checker {
  const {
    run,
    critical = true,
    timeoutMs = 2_000,
  } = typeof check === 'function' ? { run: check } : settings(name, check)
  isFunction(`checks.${name}`, run)
  atLeast(1, `checks.${name}.timeoutMs`, timeoutMs)
  if (typeof critical !== 'boolean') throw new OptionError(`checks.${name}.critical must be true or false`)
  const flight = createSingleFlight<CheckWord>({ host, timeoutMs, what: `the check ${name}` })
  return { name, critical, run, flight, last: undefined }
}

function settings(name: string, check: unknown): HealthCheck {
  if (typeof check !== 'object' || check === null) throw new OptionError(`checks.${name} must be a function or { run }`)
  knownOptions(check, 'run', 'critical', 'timeoutMs')
  return check as HealthCheck
}

/** Every code that an error of this package can carry. Stable: switch on it, not on messages. */
export type PerfErrorCode =
  | 'ERR_PERF_OPTION'
  | 'ERR_PERF_TIMEOUT'
  | 'ERR_PERF_NON_RETRYABLE'
  | 'ERR_PERF_STORE_UNAVAILABLE'
  | 'ERR_PERF_STORE_SETUP'
  | 'ERR_PERF_QUERY'
  | 'ERR_PERF_POOL_CLOSED'
  | 'ERR_PERF_POOL_FULL'
  | 'ERR_PERF_POOL_SCOPE'
  | 'ERR_PERF_LAZY_UNKNOWN'
  | 'ERR_PERF_LAZY_LOAD'
  | 'ERR_PERF_METRICS_MISUSE'
  | 'ERR_PERF_METRICS_EXPORT'
  | 'ERR_PERF_BODY_CONSUMED'
  | 'ERR_PERF_RESPONSE'
  | 'ERR_PERF_WRONG_CALL'

/** The base of all errors of this package. Messages name the operation, never a key, a body, a secret or a phone number. */
export class PerfError extends Error {
  override readonly name: string = 'PerfError'
  readonly code: PerfErrorCode

  constructor(code: PerfErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** An option of the wrong type, out of range or of an unknown name; thrown where the option enters. */
export class OptionError extends PerfError {
  override readonly name: string = 'OptionError'

  constructor(message: string) {
    super('ERR_PERF_OPTION', message)
  }
}

/** A deadline of ours passed before the call answered. */
export class TimeoutError extends PerfError {
  override readonly name: string = 'TimeoutError'

  constructor(what: string, timeoutMs: number) {
    super('ERR_PERF_TIMEOUT', `${what} did not answer within ${timeoutMs} ms`)
  }
}

/** The store is down, frozen or unreachable: the call may succeed later. */
export class StoreUnavailable extends PerfError {
  override readonly name: string = 'StoreUnavailable'

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PERF_STORE_UNAVAILABLE', message, options)
  }
}

/** The store answered that it cannot serve us: a missing table, a missing right, bad credentials. No retry will help. */
export class StoreSetupError extends PerfError {
  override readonly name: string = 'StoreSetupError'

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PERF_STORE_SETUP', message, options)
  }
}

/** Thrown by a handler to say that running the update again cannot succeed: it is parked at once. */
export class NonRetryable extends PerfError {
  override readonly name: string = 'NonRetryable'

  constructor(message: string, options?: ErrorOptions) {
    super('ERR_PERF_NON_RETRYABLE', message, options)
  }
}

/** True for errors of this package, even when two copies of it are loaded and `instanceof` fails. */
export function isPerfError(value: unknown): value is PerfError {
  return value instanceof Error && 'code' in value && String(value.code).startsWith('ERR_PERF_')
}

/** True for an error of this package that carries this very code. */
export function hasCode(value: unknown, code: PerfErrorCode): value is PerfError {
  return isPerfError(value) && value.code === code
}

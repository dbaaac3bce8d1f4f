import { isFunction, knownOptions } from '../core/check.ts'
import type { WaitUntil } from '../core/host.ts'
import type { Attempt, EachOptions, EachResult } from '../core/updates.ts'
import { checkEachOptions, type EachCall } from './each.ts'

/** How one update ended, when it did not throw. */
export type Once<T> =
  | { readonly status: 'done'; readonly value: T; readonly degraded?: true }
  | { readonly status: 'duplicate' }
  | { readonly status: 'in-progress'; readonly retryAfterMs: number }
  | { readonly status: 'dead' }

/** How long `once` waits for another caller of its key, and what becomes of a key that keeps failing. */
export interface OnceOptions {
  /** Aborts the signal of the work, and the wait for another caller's. */
  readonly signal?: AbortSignal
  readonly waitUntil?: WaitUntil
  /** How long to wait while another caller works on the same key, in milliseconds. @defaultValue 5000 */
  readonly waitMs?: number
  /** How long the work may run, in milliseconds; then it has failed with `ERR_PERF_TIMEOUT`. @defaultValue 5 minutes */
  readonly handleTimeoutMs?: number
  /** A failure at this attempt makes the key poison. @defaultValue 10 */
  readonly maxAttempts?: number
  /** Takes over a key that cannot succeed; once it resolves, the key counts as done, and is answered as `dead`. */
  readonly park?: (key: string, error: unknown, attempt: Omit<Attempt, 'signal'>) => void | Promise<void>
}

type Work<T> = (attempt: Attempt) => T | Promise<T>

/** `once`, as a batch of one update: its key. */
export function onceCall<T>(key: string, work: Work<T>, onceOptions?: OnceOptions): EachCall<string, T, Once<T>> {
  const options: EachOptions<string, T> = { ...onceOptions, key: itself, handle: (_, attempt) => work(attempt) }
  return {
    updates: [key],
    options,
    check() {
      isFunction('work', work)
      if (onceOptions === undefined) return
      knownOptions(onceOptions, 'signal', 'waitUntil', 'waitMs', 'handleTimeoutMs', 'maxAttempts', 'park')
      checkEachOptions(options)
    },
    answer: ([result]) => single(result),
  }
}

const itself = (key: string): string => key

function single<T>(result: EachResult<T> | undefined): Once<T> {
  if (result === undefined) return { status: 'in-progress', retryAfterMs: 1 }
  switch (result.status) {
    case 'failed':
      throw result.error
    case 'done':
      return result.degraded === undefined
        ? { status: 'done', value: result.value }
        : { status: 'done', value: result.value, degraded: true }
    case 'in-progress':
      return { status: 'in-progress', retryAfterMs: result.retryAfterMs }
    default:
      return { status: result.status }
  }
}

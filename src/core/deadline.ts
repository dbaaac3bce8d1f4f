import type { Clock } from './clock.ts'
import { TimeoutError } from './errors.ts'

/** What a called function gets to hear that nobody waits for it any more. */
export interface Call {
  /** Aborts at the deadline, or when the work lost its right to run. Made when it is first read. */
  readonly signal: AbortSignal
}

/**
 * Registers what to do when nobody waits for the answer any more: at the deadline, or because the caller gave up. Called
 * at once when that is so already. Costs nothing until then, unlike reading a signal.
 */
export type OnGiveUp = (listener: () => void) => void

/** What every method of a store's port takes beside its own options. */
export interface StoreCallOptions {
  /** By it the store hears that the call was given up, and frees what the call holds: a statement, a connection, a socket. */
  readonly onGiveUp?: OnGiveUp | undefined
}

/**
 * An `AbortController` that costs nothing until somebody reads its signal: touching one costs as much as a hundred
 * awaits on Node 20, and most handlers never look.
 */
export class LazyAbort implements Call {
  #controller: AbortController | undefined
  #listeners: (() => void)[] | undefined
  #reason: unknown
  #aborted = false

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#aborted
  }

  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
    for (const listener of this.#listeners?.splice(0) ?? []) listener()
  }

  /** See {@link OnGiveUp}. */
  onGiveUp(listener: () => void): void {
    if (this.#aborted) listener()
    else (this.#listeners ??= []).push(listener)
  }
}

export interface DeadlineOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Names the operation in the error, e.g. `the load`. */
  readonly what: string
  /** The caller's own signal: when it aborts, the call is given up at once with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `work` and waits for it at most `timeoutMs`. What `work` does after that is nobody's concern: a late value and a
 * late rejection are dropped.
 *
 * @throws TimeoutError `ERR_PERF_TIMEOUT`
 * @throws the reason of `signal`, or whatever `work` throws
 */
export function withDeadline<T>(options: DeadlineOptions, work: (call: LazyAbort) => T | PromiseLike<T>): Promise<T> {
  const { clock, timeoutMs, what, signal } = options
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
  return new Promise<T>((resolve, reject) => {
    const abort = new LazyAbort()
    const give = (reason: unknown): void => {
      end()
      abort.abort(reason)
      reject(reason)
    }
    const cancel = clock.after(timeoutMs, () => give(new TimeoutError(what, timeoutMs)))
    const onAbort = (): void => give(signal?.reason)
    const end = (): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort)
    try {
      Promise.resolve(work(abort)).then(
        (value) => {
          end()
          resolve(value)
        },
        (error: unknown) => {
          end()
          reject(error)
        },
      )
    } catch (error) {
      end()
      reject(error)
    }
  })
}

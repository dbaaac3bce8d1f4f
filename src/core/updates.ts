/** What a room that handles updates one by one asks of the room that knows which ones are new. */
import type { WaitUntil } from './host.ts'
import type { Semaphore } from './semaphore.ts'

/** What a handler is told about the update it works on. */
export interface Attempt {
  /** As the dedup knows it. */
  readonly key: string
  /**
   * Aborts when the right to work on the update was lost to another process, when `handleTimeoutMs` is over, or when the
   * caller gave up.
   */
  readonly signal: AbortSignal
  /** How many runs of the update have begun, this one included: 1 at the first. */
  readonly attempt: number
  /** The proof of owning the claim. */
  readonly token: string
}

/** What becomes of the later updates of a group when one of them has failed. */
export type AfterFailure = 'continue' | 'stop'

/** How a batch of updates is named, ordered and handled, and what becomes of those that keep failing. */
export interface EachOptions<U, T> {
  /** Names the update; the same one for every resend of it. At most 10 KB. */
  readonly key: (update: U) => string
  /** Updates of one group are handled in order; groups run side by side. @defaultValue every update is its own group */
  readonly groupBy?: (update: U) => string
  /**
   * What becomes of the later updates of a group when one has failed, or is still worked on elsewhere. `continue`: they
   * are handled all the same. `stop`: they are given back and are *in progress*, so that the resend handles them in
   * order; from `maxAttempts` on a failure stops nobody. @defaultValue `continue`
   */
  readonly afterFailure?: AfterFailure
  /** Handlers of this batch that run at the same time. @defaultValue 8 */
  readonly concurrency?: number
  /** A bound that several batches share: a permit of it is taken before each handler is begun. */
  readonly permits?: Semaphore
  /** A failure at this attempt makes the update poison. @defaultValue 10 */
  readonly maxAttempts?: number
  /** How long to wait for updates that another caller is working on, in milliseconds. @defaultValue 5000; 0 by `onInProgress` */
  readonly waitMs?: number
  /**
   * How long a handler may run, in milliseconds from its begin, and `park` too; `Infinity` for ever. Then its signal
   * aborts, the update has failed with `ERR_PERF_TIMEOUT`, and its claim is given back. What it does after that may stand
   * beside a second run; a late success is still written down. @defaultValue 5 minutes
   */
  readonly handleTimeoutMs?: number
  /** Does the work of one update. A throw gives back the claim of this one alone; `NonRetryable` hands it to `park`. */
  readonly handle: (update: U, attempt: Attempt) => T | Promise<T>
  /** Takes over an update that cannot succeed; once it resolves, the update counts as done. */
  readonly park?: (update: U, error: unknown, attempt: Omit<Attempt, 'signal'>) => void | Promise<void>
  /**
   * Is told at once of an update that has failed: what its handler or its `park` threw, or that one of them took too long.
   * What it throws is dropped.
   */
  readonly onFailure?: (update: U, error: unknown, attempt: Omit<Attempt, 'signal'>) => void
  /**
   * Aborts the signal of every handler, and the waits. What was claimed goes to its handler all the same; aborted before
   * the call, it has the call reject with its reason, and nothing is claimed.
   */
  readonly signal?: AbortSignal
  readonly waitUntil?: WaitUntil
}

/** How one update ended. `degraded`: the work was done, but the store does not know it yet. */
export type EachResult<T> =
  | { readonly key: string; readonly status: 'done'; readonly value: T; readonly degraded?: true }
  | { readonly key: string; readonly status: 'duplicate' }
  | { readonly key: string; readonly status: 'in-progress'; readonly retryAfterMs: number }
  | { readonly key: string; readonly status: 'failed'; readonly error: unknown }
  | { readonly key: string; readonly status: 'dead'; readonly error?: unknown }

/** How long one piece of work for several keys waits and runs, and when it counts as done. */
export interface ClaimAllOptions<T> {
  /** Aborts the signal of the work, and the wait. */
  readonly signal?: AbortSignal
  readonly waitUntil?: WaitUntil
  /** How long to wait while another caller has one of the keys, in milliseconds. @defaultValue 5000; 0 by `onInProgress` */
  readonly waitMs?: number
  /** As of {@link EachOptions}. @defaultValue 5 minutes */
  readonly handleTimeoutMs?: number
  /** Whether what the work gave means that the keys are done; otherwise they are given back. @defaultValue always */
  readonly isDone?: (value: T) => boolean
}

/** How one piece of work for several keys ended, when it did not throw. */
export type ClaimAllResult<T> =
  | { readonly status: 'done'; readonly value: T; readonly degraded?: true }
  /** `isDone` said no: the keys are given back. */
  | { readonly status: 'undone'; readonly value: T }
  | { readonly status: 'duplicate' }
  | { readonly status: 'in-progress'; readonly retryAfterMs: number }

/** Handles every update of a delivery that was not done before. */
export interface UpdateRunner {
  /** How long a done update is remembered, in milliseconds. */
  readonly retentionMs: number
  /**
   * Claims the whole batch at once, handles what is new, and says of each update how it ended, in the order given.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the updates could not be claimed: nothing ran
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   */
  each<U, T>(updates: readonly U[], options: EachOptions<U, T>): Promise<EachResult<T>[]>
  /**
   * Does one piece of work for several keys, once all of them that are not done are claimed by this caller. While
   * somebody else has one of them nothing is held, and nothing runs. When the work throws, all are given back.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the keys could not be claimed: nothing ran
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   * @throws TimeoutError `ERR_PERF_TIMEOUT` when `handleTimeoutMs` is over
   * @throws whatever `work` throws, unchanged
   */
  claimAll<T>(
    keys: readonly string[],
    work: (attempt: Attempt) => T | Promise<T>,
    options?: ClaimAllOptions<T>,
  ): Promise<ClaimAllResult<T>>
}

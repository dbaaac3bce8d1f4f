/** What a room that handles updates one by one asks of the room that knows which ones are new. */
import type { WaitUntil } from './host.ts'

/** What a handler is told about the update it works on. */
export interface Attempt {
  /** Aborts when the right to work on the update was lost to another process, or the caller gave up. */
  readonly signal: AbortSignal
  /** How often the update was claimed, this time included: 1 at the first try. */
  readonly attempt: number
  /** The proof of owning the claim. */
  readonly token: string
}

/** How a batch of updates is named, ordered and handled, and what becomes of those that keep failing. */
export interface EachOptions<U, T> {
  /** Names the update; the same one for every resend of it. At most 10 KB. */
  readonly key: (update: U) => string
  /** Updates of one group are handled in order; groups run side by side. @defaultValue every update is its own group */
  readonly groupBy?: (update: U) => string
  /** Handlers that run at the same time. @defaultValue 8 */
  readonly concurrency?: number
  /** A failure at this attempt makes the update poison. @defaultValue 10 */
  readonly maxAttempts?: number
  /** How long to wait for updates that another caller is working on, in milliseconds. @defaultValue 5000; 0 by `onInProgress` */
  readonly waitMs?: number
  /** Does the work of one update. A throw gives back the claim of this one alone; `NonRetryable` hands it to `park`. */
  readonly handle: (update: U, attempt: Attempt) => T | Promise<T>
  /** Takes over an update that cannot succeed; once it resolves, the update counts as done. */
  readonly park?: (update: U, error: unknown, attempt: Omit<Attempt, 'signal'>) => void | Promise<void>
  /** Aborts the signal of every handler, and the waits. What was claimed goes to its handler all the same. */
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
}

import type { Call } from '../core/deadline.ts'
import type { WaitUntil } from '../core/host.ts'
import type { Lease } from './lease.ts'

/** Who borrows a client, and what ends the wait for one. */
export interface AcquireOptions {
  /** Gives up waiting when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Names the borrower in `drain` and in timeouts: a name from your code, never from a user. */
  readonly by?: string | undefined
}

/** What {@link Pool.use} takes besides: it knows when the work is over, so it can keep it alive. */
export interface UseOptions extends AcquireOptions {
  /** Keeps the work alive when the request that started it ends, so that its client comes back. */
  readonly waitUntil?: WaitUntil | undefined
}

/** How much time {@link Pool.drain} gives to those who hold a client. */
export interface DrainOptions {
  /** How long to wait for borrowers, in milliseconds. @defaultValue 10_000 */
  readonly timeoutMs?: number
}

/** Who held a client when the drain's time was over. */
export interface Holder {
  /** As named by `by`, else `unnamed`. */
  readonly by: string
  readonly heldForMs: number
}

/** What {@link Pool.drain} found when it was over: the borrowers from whom a client had to be taken away. */
export interface DrainReport {
  /** Empty when every client came back. */
  readonly held: readonly Holder[]
}

/** What a pool holds at this moment. */
export interface PoolStats {
  /** Clients that exist: idle, borrowed or being cleaned. */
  readonly size: number
  /** Those of them that passed their last check; the others are being checked or cleaned right now. */
  readonly healthy: number
  readonly idle: number
  readonly borrowed: number
  /** Borrowers without a client, those included whose client is being made. */
  readonly waiting: number
  /** How often a client was lent since the pool was made. */
  readonly totalUses: number
  /** 0 when there is no client. */
  readonly oldestClientAgeMs: number
  /** Clients in one borrower's hands for longer than `leakAfterMs`. */
  readonly leaked: number
}

/** A bounded set of clients, each lent to one borrower at a time. */
export interface Pool<Client> {
  /**
   * Runs `work` with a client that nobody else has, and takes it back whatever happens.
   *
   * The `signal` that `work` gets aborts with the caller's, and when `drain` takes the client away.
   *
   * @throws whatever `work` throws, and all that `acquire` throws
   */
  use<T>(work: (client: Client, call: Call) => T | PromiseLike<T>, options?: UseOptions): Promise<T>
  /**
   * Lends a client until `release()`; prefer `use`, which cannot forget that.
   *
   * First come, first served; of the idle clients the one used last.
   *
   * @throws TimeoutError `ERR_PERF_TIMEOUT` when none was free within `acquireTimeoutMs`
   * @throws PerfError `ERR_PERF_POOL_FULL` when `maxWaiting` borrowers wait, `ERR_PERF_POOL_CLOSED` after `drain`
   * @throws the reason of `signal`; what `create` threw, when there is no other client to wait for
   */
  acquire(options?: AcquireOptions): Promise<Lease<Client>>
  /** Counts at this moment; asks no client anything. */
  stats(): PoolStats
  /**
   * Refuses new borrowers, serves those who wait, ends every client that comes back, and takes away those that do not
   * come back in time. Later calls get the report of the first.
   */
  drain(options?: DrainOptions): Promise<DrainReport>
}

import type { Call } from '../core/deadline.ts'
import type { WaitUntil } from '../core/host.ts'
import type { Lease } from './lease.ts'

/** Who borrows a client, and what ends the wait for one. */
export interface AcquireOptions {
  /** Gives up waiting when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** Names the borrower in `drain`, in timeouts and in facts: a name from your code, never from a user. */
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
  /** Clients that exist: idle, borrowed or being checked. */
  readonly size: number
  /** Those of them that passed their last check; the others are being checked or cleaned, or are about to be replaced. */
  readonly healthy: number
  /** Clients that nobody has and that may be lent. */
  readonly idle: number
  /** Leases that are out. In mode `shared` one client may have many. */
  readonly borrowed: number
  /** Borrowers without a client, those included whose client is being made. */
  readonly waiting: number
  /** How often a client was lent since the pool was made. */
  readonly totalUses: number
  /** 0 when there is no client. */
  readonly oldestClientAgeMs: number
  /** Leases that are out for longer than `leakAfterMs`. */
  readonly leaked: number
}

/** What every pool has, whoever may borrow from it. */
export interface PoolBase {
  /**
   * Counts at this moment; asks no client anything. Tells the fact `pool.leaked` of each lease that is out for longer than
   * `leakAfterMs`, once.
   */
  stats(): PoolStats
  /**
   * Refuses new borrowers, serves those who wait, ends every client that comes back, and takes away those that do not
   * come back in time. Later calls get the report of the first.
   */
  drain(options?: DrainOptions): Promise<DrainReport>
}

/** A bounded set of clients, each lent to one borrower at a time. */
export interface Pool<Client> extends PoolBase {
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
}

/** Which client is meant; asked for only where `create` takes one. */
export type Targeted<Target> = undefined extends Target ? { readonly target?: Target } : { readonly target: Target }

/** The last argument, which may be left out where no target is asked for. */
export type LastArgument<Options, Target> = undefined extends Target ? [options?: Options] : [options: Options]

/** Clients that are lent to many borrowers at once, one for each target. */
export interface SharedPool<Client, Target = undefined> extends PoolBase {
  /**
   * Runs `work` with the client of `target`. Others use it at the same time.
   *
   * @throws whatever `work` throws, and all that `acquire` throws
   */
  use<T>(
    work: (client: Client, call: Call) => T | PromiseLike<T>,
    ...rest: LastArgument<UseOptions & Targeted<Target>, Target>
  ): Promise<T>
  /**
   * Lends the client of `target` until `release()`. Callers of one target share one client, also while it is being made.
   *
   * @throws as {@link Pool.acquire}
   */
  acquire(...rest: LastArgument<AcquireOptions & Targeted<Target>, Target>): Promise<Lease<Client>>
}

/** What ends with a request. */
export interface ScopeOptions {
  /**
   * Keeps the request alive until its clients are closed: `(promise) => ctx.waitUntil(promise)`. Needed on Workers.
   *
   * @defaultValue the host's `drain` waits for it
   */
  readonly waitUntil?: WaitUntil | undefined
}

/** Pools for one request each: for runtimes where a socket must not cross from one request to another. */
export interface RequestPool<Client> extends PoolBase {
  /**
   * The pool of one request, with up to `maxClients` clients of its own. Call its `drain` in a `finally`: it closes them, by
   * `waitUntil`, so that it need not be awaited.
   *
   * @throws PerfError `ERR_PERF_POOL_CLOSED` after `drain`
   */
  scope(options?: ScopeOptions): Pool<Client>
}

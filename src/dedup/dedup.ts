import { atLeast, hasMethods, isText, knownOptions, oneOf } from '../core/check.ts'
import type { DedupStore } from '../core/dedup-store.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host, type WaitUntil } from '../core/host.ts'
import { createStoreGuard } from '../core/store-guard.ts'
import type {
  Attempt,
  ClaimAllOptions,
  ClaimAllResult,
  EachOptions,
  EachResult,
  UpdateRunner,
} from '../core/updates.ts'
import { claimAll } from './claim-all.ts'
import { checkEachOptions, runEach, type EachCall } from './each.ts'
import { createIdMemory, type IdLimitOptions, type IdOptions } from './id-memory.ts'
import { memoryLedger, type DedupCounts, type Ledger } from './ledger.ts'
import { MemoryClaims } from './memory-claims.ts'
import { COUNTS_MS } from './memory-store.ts'
import { onceCall, type Once, type OnceOptions } from './once.ts'
import { StoreLedger } from './store-ledger.ts'

interface CommonOptions extends IdOptions {
  /** How long the memory of this process remembers an id, in milliseconds: at least so long, at most twice. @defaultValue 30 000 */
  readonly windowMs?: number
  /** How long a crashed owner keeps its claim, in milliseconds; a living one renews it. @defaultValue 30 000 */
  readonly leaseMs?: number
  /**
   * What a caller does whose update somebody else works on: `wait` for the end of it, for `waitMs` at most, or `return`
   * at once as *in progress*. @defaultValue `wait`
   */
  readonly onInProgress?: 'wait' | 'return'
  readonly host?: Host
}

/** Claims in this process only. */
export interface MemoryDedupOptions extends CommonOptions {
  readonly name?: string
  readonly store?: undefined
  /** How long a done update is remembered, in milliseconds. @defaultValue `windowMs` */
  readonly retentionMs?: number
}

/** Claims in a store that all processes share. */
export interface StoreDedupOptions extends CommonOptions {
  /** Stored keys are `name:key`, so that two services that share a store do not silence each other. */
  readonly name: string
  readonly store: DedupStore
  /** How long a done update is remembered, in milliseconds, from the moment it was done. @defaultValue 8 days */
  readonly retentionMs?: number
  /**
   * Our own deadline for every call to the store, in milliseconds. A claim cannot be done without, and a first connection
   * over TLS takes its time. @defaultValue 1000
   */
  readonly storeTimeoutMs?: number
  /**
   * What becomes of an update when the store cannot be reached. `reject`: nothing runs, the caller is told to come again,
   * so nothing is lost and nothing done twice. `process`: it runs, by the memory of this process alone, and the result
   * says `degraded`; for providers that do not resend. @defaultValue `reject`
   */
  readonly onStoreError?: 'reject' | 'process'
}

/**
 * With a `store`, claims are shared by all processes, and `name` is required; without one they end with this process.
 */
export type DedupOptions = (MemoryDedupOptions | StoreDedupOptions) & IdLimitOptions

/** What one dedup has counted since it was created, in this process alone. */
export interface DedupStats extends Readonly<DedupCounts> {
  /** The ids that the memory of this process holds. */
  readonly size: number
  /** Ids that were forgotten before their time, or refused, because of `maxIds`; there with that option only. */
  readonly overflows?: number
}

/** Knows which updates are done, and lets only one caller at a time work on a key. */
export interface Dedup extends UpdateRunner {
  readonly name: string
  /** True when this process marked the id, or knows it to be done. Changes nothing, asks no store. */
  seen(key: string): boolean
  /**
   * True the first time in the window, then false. Memory only, and synchronous; for work that need not survive a
   * failure. A mark never makes `once` or `each` answer *duplicate*.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` with `onOverflow: 'reject'`, when `maxIds` are marked
   * @throws OptionError `ERR_PERF_OPTION` for an empty key, and for what is no string
   */
  mark(key: string): boolean
  /**
   * Runs `work` unless the update was done before.
   *
   * A failing `work` gives the claim back, so that the provider's resend is processed.
   *
   * @param key - names the update, e.g. `m:` + WhatsApp's message id; opaque
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the store did not answer within its deadline: nothing ran
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   * @throws whatever `work` throws, unchanged
   */
  once<T>(key: string, work: (attempt: Attempt) => T | Promise<T>, options?: OnceOptions): Promise<Once<T>>
  /**
   * Handles every update that was not done before, and says of each how it ended, in the order given. A handler that
   * throws neither stops nor repeats its siblings.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the updates could not be claimed: nothing ran
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   */
  each<U, T>(updates: readonly U[], options: EachOptions<U, T>): Promise<EachResult<T>[]>
  claimAll<T>(
    keys: readonly string[],
    work: (attempt: Attempt) => T | Promise<T>,
    options?: ClaimAllOptions<T>,
  ): Promise<ClaimAllResult<T>>
  /**
   * Forgets that updates are parked, and how often they were tried, so that their next delivery is handled anew.
   *
   * @returns for each key whether it was parked
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the store did not answer
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`
   */
  revive(keys: readonly string[]): Promise<readonly boolean[]>
  /** The counts at this moment, as a copy; asks no store. */
  stats(): DedupStats
}

/**
 * Creates a dedup: no update lost, none done twice. Without a store it works in the memory of this process, which
 * remembers a done update for `windowMs` only; providers resend for days, from other processes' point of view too, so
 * a service in production gives it a store.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createDedup(options: DedupOptions = {}): Dedup {
  checkNames(options)
  const {
    name = 'dedup',
    windowMs = 30_000,
    leaseMs = 30_000,
    onInProgress = 'wait',
    store,
    host = defaultHost,
  } = options
  const { retentionMs = store === undefined ? windowMs : 8 * 86_400_000 } = options
  const { storeTimeoutMs = 1_000, onStoreError = 'reject' } = options as Partial<StoreDedupOptions>
  checkOptions(options, { windowMs, leaseMs, retentionMs, storeTimeoutMs })
  oneOf(['reject', 'process'], 'onStoreError', onStoreError)
  oneOf(['wait', 'return'], 'onInProgress', onInProgress)
  hasMethods('host', host, 'observe', 'track', 'randomId')
  const { clock } = host
  const counts = zeroCounts()
  const memory = createIdMemory(options, { host, name, windowMs })
  const { limit } = memory
  const marks = memory.generations(windowMs)
  const shared = { host, name, leaseMs, retentionMs, counts, waits: onInProgress === 'wait' }

  const ledger =
    store === undefined ? memoryLedger(new MemoryClaims(clock, COUNTS_MS, memory), shared) : sharedLedger(store)

  function sharedLedger(of: DedupStore): Ledger {
    const guard = createStoreGuard({ host, what: `dedup store of ${name}`, timeoutMs: storeTimeoutMs })
    return new StoreLedger({ ...shared, store: of, guard, memory, windowMs, onStoreError })
  }

  function run<U, T, R>(call: EachCall<U, T, R>): Promise<R> {
    const answer = runEach(ledger, call)
    // Of the wrong type, it is refused by the promise.
    return typeof call.options?.waitUntil === 'function' ? keptAlive(answer, call.options) : answer
  }

  let lastChecked: object | undefined
  function checkNew<U, T>(eachOptions: EachOptions<U, T>): void {
    // A door asks with the same options for every delivery.
    if (eachOptions === undefined || eachOptions !== lastChecked) checkEachOptions(eachOptions)
    lastChecked = eachOptions
  }

  return {
    name,
    retentionMs,
    each: (updates, eachOptions) => run({ updates, options: eachOptions, check: checkNew, answer: asTheyAre }),
    seen(key) {
      isText('key', key)
      return marks.has(key, clock.elapsed()) || ledger.endOf(key) === 'done'
    },
    mark(key) {
      // Two updates without a key would silence each other.
      isText('key', key)
      counts.checked += 1
      const now = clock.elapsed()
      if (limit.inAll < Infinity && !marks.has(key, now)) limit.admit(1, marks.size, now)
      const fresh = marks.add(key, now)
      if (!fresh) counts.duplicates += 1
      return fresh
    },
    once: (key, work, onceOptions) => run(onceCall(key, work, onceOptions)),
    claimAll(keys, work, allOptions) {
      const answer = claimAll(ledger, { keys, work, options: allOptions })
      return typeof allOptions?.waitUntil === 'function' ? keptAlive(answer, allOptions) : answer
    },
    async revive(keys) {
      if (!Array.isArray(keys)) throw new OptionError('keys must be an array')
      for (const key of keys) isText('a key', key)
      return ledger.revive(keys)
    },
    stats() {
      const { overflows, maxIds } = limit
      const size = marks.sizeAt(clock) + ledger.size
      return { ...counts, size, ...(maxIds < Infinity && { overflows }) }
    },
  }
}

const DEDUP_OPTIONS = [
  ...['name', 'windowMs', 'leaseMs', 'retentionMs', 'onInProgress', 'store', 'host'],
  ...['ids', 'flatten', 'maxIds', 'onOverflow'],
]

function checkNames(options: DedupOptions): void {
  const ofStore = options?.store === undefined ? [] : ['storeTimeoutMs', 'onStoreError']
  knownOptions(options, ...DEDUP_OPTIONS, ...ofStore)
}

function checkOptions(options: DedupOptions, times: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(times)) atLeast(1, option, value)
  if (options.name !== undefined || options.store !== undefined) isText('name', options.name)
  // Stored keys are `name:key`: `a` with `b:c` must not meet `a:b` with `c`.
  if (options.store !== undefined && options.name?.includes(':') === true)
    throw new OptionError('name must not hold a colon')
  if (options.store !== undefined) isStore(options.store)
}

const STORE_METHODS = ['claimMany', 'beginMany', 'renewMany', 'completeMany', 'releaseMany', 'reviveMany']

/** @throws OptionError `ERR_PERF_OPTION`, which says what to write instead of a client */
function isStore(store: unknown): void {
  const has = (name: string): boolean => typeof (store as Record<string, unknown> | null)?.[name] === 'function'
  if (STORE_METHODS.every(has)) return
  if (has('from') && has('rpc'))
    throw new OptionError('store is a Supabase client: write supabaseDedupStore(client), from @easymo/perf/supabase')
  if (['sendCommand', 'evalsha', 'defineCommand'].some(has))
    throw new OptionError('store is a Redis client: write redisDedupStore(client), from @easymo/perf/redis')
  if (typeof store === 'function' || has('query') || has('acquire'))
    throw new OptionError('store is a Postgres client: write pgDedupStore(client), from @easymo/perf/pg')
  hasMethods('store', store, ...STORE_METHODS)
}

function zeroCounts(): DedupCounts {
  return {
    checked: 0,
    duplicates: 0,
    inProgress: 0,
    claimed: 0,
    completed: 0,
    released: 0,
    leasesLost: 0,
    dead: 0,
    timeouts: 0,
    zombies: 0,
    storeErrors: 0,
    degraded: 0,
    endsDropped: 0,
  }
}

const asTheyAre = <T>(results: EachResult<T>[]): EachResult<T>[] => results

/** A `waitUntil` that throws, as one does that was taken off its object, rejects. */
async function keptAlive<R>(answer: Promise<R>, options: { readonly waitUntil?: WaitUntil }): Promise<R> {
  options.waitUntil?.(answer.catch(() => undefined))
  return answer
}

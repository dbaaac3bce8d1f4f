import { withDeadline, type Call, type LazyAbort } from './deadline.ts'
import { hasCode } from './errors.ts'
import { keepAlive, type Host, type WaitUntil } from './host.ts'
import { promisesDieWithRequests } from './platform.ts'

/** One load under way. */
export interface Flight<T> extends Call {
  /** Epoch milliseconds of the start. */
  readonly startedAt: number
  /** False once the key was forgotten or has been loaded anew, or the deadline has passed: the result must not be stored. */
  readonly current: boolean
  readonly promise: Promise<T>
}

export interface FlightOptions {
  readonly host: Host
  /** The deadline of a load; nobody who joins it waits longer than that either. */
  readonly timeoutMs: number
  /** Names the operation in a timeout's message. */
  readonly what: string
  /**
   * Is told once of each load that failed, its deadline included, before anybody who waits for it.
   *
   * @param forgotten - true when the key was forgotten or loaded anew in the meantime
   */
  readonly failed?: (key: string, forgotten: boolean) => void
}

export interface JoinOptions {
  /** Detaches this caller only; the load goes on for the others. */
  readonly signal?: AbortSignal | undefined
  readonly waitUntil?: WaitUntil | undefined
}

export interface SingleFlight<T> {
  /** Joins the load of `key` that is under way, or starts one. */
  run(key: string, load: (flight: Flight<T>) => T | PromiseLike<T>, options?: JoinOptions): Promise<T>
  /** Whether a load of `key` is under way, as far as one can see: the request that ran it may have ended. */
  has(key: string): boolean
  /** Lets the load of `key` (of all keys when none is named) go on for its waiters, while later callers start anew. */
  forget(key?: string): void
  /** As `forget`, but the load stays current until a later one has ended. */
  outdate(key: string): void
}

interface Entry<T> extends Flight<T> {
  /** Set before anybody who waits is told; plain data, so that it can be read where the promise cannot be awaited. */
  outcome: PromiseSettledResult<T> | undefined
  /** When the request that runs the load last showed that it is alive, by `clock.elapsed`. Kept on Workers only. */
  aliveAt: number
  /** Nobody joins it any more. */
  outdated: boolean
  /** Its number among all loads. */
  readonly place: number
  readonly line: Line
  /** The load that was started in its place, so that all who waited here find it, also when it is over by then. */
  successor: Entry<T> | undefined
}

/** The loads of one key that stand in for each other: every one but the youngest is outdated. */
interface Line {
  /** The place of the youngest that has ended; `Infinity` once the key was forgotten. */
  ended: number
}

interface Request<T> {
  readonly key: string
  readonly load: (flight: Flight<T>) => T | PromiseLike<T>
  readonly waitUntil: WaitUntil | undefined
}

/**
 * On Workers a promise of a request that has ended never settles: a wait for it rejects at once under newer compatibility
 * dates and hangs for ever under older ones. So a load shows signs of life by a timer, which dies with its request too.
 */
const ALIVE_EVERY_MS = 100

/** So long without a sign of life, and the request of a load is taken for ended. A mistake costs a second load. */
const SILENCE_MS = 400

/**
 * One load per key at a time, shared by all callers, that nothing can poison: neither a load that hangs (its deadline
 * ends it), nor one whose request has ended on Workers (who joins it notices, and loads anew).
 */
export function createSingleFlight<T>(options: FlightOptions): SingleFlight<T> {
  const { host, timeoutMs, what, failed } = options
  const { clock } = host
  const flights = new Map<string, Entry<T>>()
  let places = 0

  function start({ key, load, waitUntil }: Request<T>): Promise<T> {
    let call: LazyAbort | undefined
    let stop = ignore
    let resolve: (value: T) => void = ignore
    let reject: (reason: unknown) => void = ignore
    const before = flights.get(key)
    const entry: Entry<T> = {
      startedAt: clock.now(),
      aliveAt: 0,
      outcome: undefined,
      outdated: false,
      place: (places += 1),
      line: before?.outdated === true && !overdue(before) ? before.line : { ended: 0 },
      successor: undefined,
      get signal() {
        return (call as Call).signal
      },
      get current() {
        return entry.place > entry.line.ended && call?.aborted !== true
      },
      // There before the load begins: one that asks for its own key waits for itself, until the deadline.
      promise: new Promise<T>((...settle) => ([resolve, reject] = settle)),
    }
    const showLife = (): void => {
      entry.aliveAt = clock.elapsed()
      stop = clock.after(ALIVE_EVERY_MS, showLife)
    }
    const end = (outcome: PromiseSettledResult<T>): void => {
      stop()
      // Before anybody is told, so that whoever is told finds it marked.
      entry.outcome = outcome
      entry.line.ended = Math.max(entry.line.ended, entry.place)
      const forgotten = flights.get(key) !== entry
      if (!forgotten) flights.delete(key)
      if (outcome.status === 'fulfilled') return resolve(outcome.value)
      failed?.(key, forgotten)
      reject(outcome.reason)
    }
    if (before !== undefined) {
      before.successor = entry
      if (before.line !== entry.line) before.line.ended = Infinity
    }
    flights.set(key, entry)
    withDeadline<T>({ clock, timeoutMs, what }, (own) => {
      call = own
      if (promisesDieWithRequests()) showLife()
      return load(entry)
    }).then(
      (value) => end({ status: 'fulfilled', value }),
      (reason: unknown) => end({ status: 'rejected', reason }),
    )
    // A load that fails after its callers have left must not end the process.
    entry.promise.catch(ignore)
    if (waitUntil !== undefined) keepAlive(host, waitUntil, entry.promise.catch(ignore))
    return entry.promise
  }

  /** Waits for a load that another request of a Worker runs, as long as that request lives; then loads anew. */
  async function joinForeign(entry: Entry<T>, request: Request<T>): Promise<T> {
    let silentMs = 0
    while (entry.outcome === undefined && silentMs < SILENCE_MS) {
      // Never less than one sign of life apart: a thread that was busy for long must not look like a dead request.
      const patienceMs = Math.max(ALIVE_EVERY_MS, SILENCE_MS - (clock.elapsed() - entry.aliveAt))
      try {
        return await withDeadline({ clock, timeoutMs: patienceMs, what }, () => entry.promise)
      } catch (error) {
        // Either our patience is over, or the load failed, or (the rest) the platform says that its request has ended.
        silentMs = hasCode(error, 'ERR_PERF_TIMEOUT') ? clock.elapsed() - entry.aliveAt : Infinity
      }
    }
    if (entry.outcome?.status === 'rejected') throw entry.outcome.reason as Error
    if (entry.outcome !== undefined) return entry.outcome.value
    const successor = entry.successor ?? flights.get(request.key)
    return successor === undefined || successor === entry ? start(request) : joinForeign(successor, request)
  }

  /** Its deadline has passed and it did not notice: the timer died with its request, or the process was frozen. */
  const overdue = (entry: Entry<T>): boolean => clock.now() > entry.startedAt + timeoutMs
  const joinable = (entry: Entry<T> | undefined): entry is Entry<T> =>
    entry !== undefined && !entry.outdated && !overdue(entry)

  function join(entry: Entry<T>, request: Request<T>): Promise<T> {
    if (!promisesDieWithRequests()) return entry.promise
    return withDeadline({ clock, timeoutMs, what }, () => joinForeign(entry, request))
  }

  return {
    run(key, load, { signal, waitUntil } = {}) {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
      const request = { key, load, waitUntil }
      const entry = flights.get(key)
      const result = joinable(entry) ? join(entry, request) : start(request)
      return signal === undefined ? result : detachable(result, signal)
    },
    has(key) {
      const entry = flights.get(key)
      if (!joinable(entry)) return false
      return !promisesDieWithRequests() || clock.elapsed() - entry.aliveAt < SILENCE_MS
    },
    forget(key) {
      for (const name of key === undefined ? flights.keys() : [key]) {
        const entry = flights.get(name)
        if (entry !== undefined) entry.line.ended = Infinity
        flights.delete(name)
      }
    },
    outdate(key) {
      const entry = flights.get(key)
      if (entry !== undefined) entry.outdated = true
    },
  }
}

const ignore = (): void => undefined

/** Gives up waiting when `signal` aborts, without touching what is waited for. */
export function detachable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    // The load has run up to its first await by now, and may have aborted it.
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

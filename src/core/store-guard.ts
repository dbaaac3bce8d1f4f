import { hasCode, isPerfError, StoreUnavailable } from './errors.ts'
import { withDeadline, type Call, type LazyAbort, type OnGiveUp } from './deadline.ts'
import type { Host } from './host.ts'

export interface StoreGuardOptions {
  readonly host: Host
  /** Names the store in facts and errors, e.g. `dedup store`. */
  readonly what: string
  /** Our own deadline for every call: a driver's own timeouts do not fire for a frozen server. */
  readonly timeoutMs: number
  /** So many missed calls in a row, and the store is skipped. @defaultValue 3 */
  readonly tolerated?: number
  /** While it is skipped, one call in so many milliseconds is let through to see whether it is back. @defaultValue 1000 */
  readonly probeEveryMs?: number
}

/** `ok`; `down` while calls are skipped; `misconfigured` when the last call met a missing table, right or credential. */
export type StoreState = 'ok' | 'down' | 'misconfigured'

/** What a guarded call of a store gets. */
export interface StoreCall extends Call {
  /** To be passed on to the store. */
  readonly onGiveUp: OnGiveUp
}

export interface StoreGuard {
  /**
   * Calls the store under our deadline, or not at all while it is down. At the deadline the store is told so.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when it missed its deadline, could not be reached, or is skipped
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP` and everything else that the store throws, unchanged
   */
  run<T>(call: (call: StoreCall) => Promise<T> | T): Promise<T>
  readonly state: StoreState
}

/**
 * Stands before every store: a frozen server costs the first few calls one deadline each, then nothing, until a probe
 * succeeds. Only deadlines and connection errors count as an outage.
 */
export function createStoreGuard(options: StoreGuardOptions): StoreGuard {
  const { host, what, timeoutMs, tolerated = 3, probeEveryMs = 1_000 } = options
  const { clock } = host
  let missed = 0
  /** Why it was last taken for an outage. */
  let outage: unknown
  let probeAt = 0
  let misconfigured = false

  function succeeded(): void {
    if (missed >= tolerated || misconfigured) host.observe({ name: 'store.recovered', of: what })
    missed = 0
    misconfigured = false
  }

  function failed(error: unknown): void {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) {
      if (!misconfigured) host.observe({ name: 'store.setup', of: what })
      misconfigured = true
      // It answered, so it is not down: nobody may be told that it is, and take the wrong setup for an outage.
      missed = 0
    }
    if (!isOutage(error)) return
    misconfigured = false
    outage = error
    missed += 1
    probeAt = clock.elapsed() + probeEveryMs
    if (missed === tolerated) host.observe({ name: 'store.down', of: what })
  }

  return {
    get state() {
      if (misconfigured) return 'misconfigured'
      return missed >= tolerated ? 'down' : 'ok'
    },
    async run(call) {
      if (missed >= tolerated) {
        if (clock.elapsed() < probeAt)
          throw new StoreUnavailable(`${what} is down and skipped: ${messageOf(outage)}`, { cause: outage })
        // Taken before the probe answers, so that only one caller in `probeEveryMs` pays for it.
        probeAt = clock.elapsed() + probeEveryMs
      }
      try {
        const result = await withDeadline({ clock, timeoutMs, what }, (abort) => call(storeCall(abort)))
        succeeded()
        return result
      } catch (error) {
        failed(error)
        throw hasCode(error, 'ERR_PERF_TIMEOUT') ? missedDeadline(error) : error
      }
    },
  }
}

function storeCall(abort: LazyAbort): StoreCall {
  return {
    get signal() {
      return abort.signal
    },
    onGiveUp: (listener) => abort.onGiveUp(listener),
  }
}

function missedDeadline(error: Error): StoreUnavailable {
  return new StoreUnavailable(`${error.message} (storeTimeoutMs)`, { cause: error })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it did not answer')

function isOutage(error: unknown): boolean {
  return isPerfError(error) && (error.code === 'ERR_PERF_TIMEOUT' || error.code === 'ERR_PERF_STORE_UNAVAILABLE')
}

import { atLeast, hasMethods, isFunction, knownOptions } from './check.ts'
import { systemClock, type Clock } from './clock.ts'
import { codeOf, type Fact } from './fact.ts'

/** Keeps background work alive after the answer was sent: `ctx.waitUntil` on Workers, `EdgeRuntime.waitUntil` on Supabase. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** What a process gives to all rooms: time, facts, ids, and the list of work that runs in the background. */
export interface Host {
  readonly clock: Clock
  /** Is told every fact. Never throws. */
  observe(fact: Fact): void
  /** An id that nobody else has. */
  randomId(): string
  /** Remembers background work until it settles, so that `drain` can wait for it. A rejection becomes a fact. */
  track(promise: Promise<unknown>): void
  /** True from the moment that `drain` is called for the first time: the process is going, and should get no new work. */
  readonly draining: boolean
  /**
   * Waits until all tracked work has settled, also work that is tracked while it waits.
   *
   * @returns how many were still running when `timeoutMs` (default 10 000) was over; 0 when all had settled
   * @throws OptionError `ERR_PERF_OPTION`
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<number>
}

/** What a host uses in place of the platform's clock and ids, and who is told its facts; all of it is optional. */
export interface HostOptions {
  readonly clock?: Clock
  /** Is told every fact; what it throws is dropped. @defaultValue nobody is told */
  readonly observe?: (fact: Fact) => void
  /** @defaultValue `crypto.randomUUID` */
  readonly randomId?: () => string
}

/**
 * Creates a host. One per process is enough; every room uses a silent default one when it is given none.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createHost(options: HostOptions = {}): Host {
  knownOptions(options, 'clock', 'observe', 'randomId')
  const { clock = systemClock, observe, randomId = () => crypto.randomUUID() } = options
  hasMethods('clock', clock, 'now', 'elapsed', 'after', 'whileAlive')
  isFunction('observe', observe, 'optional')
  isFunction('randomId', randomId)
  const running = new Set<Promise<unknown>>()
  let draining = false

  const host: Host = {
    clock,
    randomId,
    observe(fact) {
      try {
        observe?.(fact)
      } catch {
        // An observer that fails must not take an update down with it.
      }
    },
    track(promise) {
      const settled: Promise<unknown> = promise.then(
        () => running.delete(settled),
        (error: unknown) => {
          running.delete(settled)
          host.observe({ name: 'host.background_failed', ...codeOf(error) })
        },
      )
      running.add(settled)
      edgeRuntime()?.waitUntil?.(settled)
    },
    get draining() {
      return draining
    },
    async drain(drainOptions = {}) {
      knownOptions(drainOptions, 'timeoutMs')
      const { timeoutMs = 10_000 } = drainOptions
      atLeast(0, 'timeoutMs', timeoutMs)
      draining = true
      let over = false
      let cancel = (): void => undefined
      const deadline = new Promise<void>((resolve) => {
        cancel = clock.after(timeoutMs, () => {
          over = true
          resolve()
        })
      })
      while (running.size > 0 && !over) await Promise.race([Promise.allSettled(running), deadline])
      cancel()
      return running.size
    },
  }
  return host
}

/** The host of rooms that were given none: system clock, nobody is told. */
export const defaultHost: Host = /* @__PURE__ */ createHost()

/** Keeps `promise` alive by the caller's `waitUntil`, else by the host. A rejection is the business of `promise`'s owner. */
export function keepAlive(host: Host, waitUntil: WaitUntil | undefined, promise: Promise<unknown>): void {
  if (waitUntil === undefined) host.track(promise)
  else waitUntil(promise.catch((error: unknown) => host.observe({ name: 'host.background_failed', ...codeOf(error) })))
}

/** Finds the `waitUntil` among a fetch handler's further arguments, wherever the platform put it. */
export function waitUntilOf(args: readonly unknown[]): WaitUntil | undefined {
  for (const arg of args) {
    if (typeof arg !== 'object' || arg === null || !('waitUntil' in arg)) continue
    const carrier = arg
    // Called on its own object: Workers' `ctx.waitUntil` throws "Illegal invocation" otherwise.
    if (typeof carrier.waitUntil === 'function') return (promise) => (carrier.waitUntil as WaitUntil)(promise)
  }
  return undefined
}

/**
 * Supabase's global, looked up when it is needed (https://supabase.com/docs/guides/functions/background-tasks). Vercel's
 * edge runtime has a string under the same name, which has no `waitUntil`.
 */
function edgeRuntime(): { waitUntil?: WaitUntil } | undefined {
  return (globalThis as { EdgeRuntime?: { waitUntil?: WaitUntil } }).EdgeRuntime
}

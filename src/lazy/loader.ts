import { PerfError } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { createSingleFlight, type Flight } from '../core/single-flight.ts'
import { asHandler, type AnyFunction } from './handler-of.ts'
import type { Slot } from './slot.ts'

export interface LoaderOptions {
  readonly host: Host
  readonly timeoutMs: number
  readonly pick: (loaded: unknown, name: string) => AnyFunction
}

/** Loads the handler of a slot, unless it is there; `signal` ends the caller's wait, not the load. */
export type Loader = (slot: Slot, signal?: AbortSignal) => Promise<AnyFunction>

/** One load per handler at a time, under our deadline; one that failed leaves nothing behind but its count. */
export function createLoader({ host, timeoutMs, pick }: LoaderOptions): Loader {
  const flights = createSingleFlight<AnyFunction>({ host, timeoutMs, what: 'the load of a handler' })

  async function fetchInto(slot: Slot, flight: Flight<AnyFunction>): Promise<AnyFunction> {
    const startedAt = host.clock.elapsed()
    const failed = (error: unknown): void => {
      slot.errors += 1
      const durationMs = host.clock.elapsed() - startedAt
      host.observe({ name: 'lazy.load_failed', of: slot.name, durationMs, ...codeOf(error) })
    }
    slot.loads += 1
    flight.signal.addEventListener('abort', () => failed(flight.signal.reason))
    try {
      const handler = asHandler(pick(await slot.thunk(), slot.name))
      // Kept also when it comes after its deadline: late is better than once more.
      slot.handler ??= handler as NonNullable<Slot['handler']>
      slot.loadTimeMs = host.clock.elapsed() - startedAt
      return handler
    } catch (error) {
      // Past its deadline it was counted already.
      if (!flight.signal.aborted) failed(error)
      throw error
    }
  }

  return async (slot, signal) => {
    if (slot.handler !== undefined) return slot.handler
    try {
      return await flights.run(slot.name, (flight) => fetchInto(slot, flight), { signal })
    } catch (error) {
      if (signal?.aborted === true) throw error
      throw new PerfError('ERR_PERF_LAZY_LOAD', `handler "${slot.name}" could not be loaded`, { cause: error })
    }
  }
}

import { vi } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { createSingleFlight } from '../../src/core/single-flight.ts'
import { manualClock } from '../../src/testing/clock.ts'

export const TIMEOUT_MS = 100

/** A promise that a test settles by hand. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** A single flight on a clock that a test moves by hand. */
export function flying() {
  const clock = manualClock()
  const failed = vi.fn<(key: string, forgotten: boolean) => void>()
  const flights = createSingleFlight<number>({
    host: createHost({ clock }),
    timeoutMs: TIMEOUT_MS,
    what: 'the load',
    failed,
  })
  return { clock, failed, flights }
}

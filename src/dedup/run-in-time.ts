import { TimeoutError } from '../core/errors.ts'
import { isPromiseLike } from '../core/promise.ts'
import type { Item } from './item.ts'
import type { Ledger } from './ledger.ts'

/** How long a run may take, and whose it is. */
export interface TimedRun<T> {
  readonly item: Item<unknown>
  readonly timeoutMs: number
  /** Called for a success that comes after the time. */
  readonly late: (value: T) => void
}

/**
 * Waits for what a handler began, until its time is over: then its signal aborts, and what it does later is beside the
 * point, except for a success.
 *
 * @throws TimeoutError `ERR_PERF_TIMEOUT`, or what the handler throws
 */
export function runInTime<T>(ledger: Ledger, running: T | PromiseLike<T>, run: TimedRun<T>): T | Promise<T> {
  if (!isPromiseLike(running)) return running
  const { item, timeoutMs, late } = run
  const { counts } = ledger
  return new Promise<T>((resolve, reject) => {
    let isZombie = false
    const stop = ledger.deadlines.watch(timeoutMs, () => {
      isZombie = true
      counts.timeouts += 1
      counts.zombies += 1
      const error = new TimeoutError('the handler', timeoutMs)
      item.abort(error)
      reject(error)
    })
    const settled = (): boolean => {
      if (isZombie) counts.zombies -= 1
      else stop()
      return isZombie
    }
    running.then(
      (value) => (settled() ? late(value) : resolve(value)),
      (error: unknown) => {
        if (!settled()) reject(error)
      },
    )
  })
}

/** The same for a `park`: whatever it does later is beside the point. */
export function parkInTime(ledger: Ledger, parking: void | PromiseLike<void>, timeoutMs: number): void | Promise<void> {
  if (!isPromiseLike(parking)) return
  return new Promise((resolve, reject) => {
    const stop = ledger.deadlines.watch(timeoutMs, () => reject(new TimeoutError('park', timeoutMs)))
    parking.then(
      () => {
        stop()
        resolve()
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}

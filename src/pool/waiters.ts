import type { Clock } from '../core/clock.ts'
import type { AcquireOptions } from './types.ts'

/** Somebody who waits for a client. */
export interface Waiter<T> {
  readonly by: string | undefined
  /** When the waiting is over, by `clock.elapsed`. */
  readonly until: number
  resolve: (value: T) => void
  reject: (error: unknown) => void
  previous: Waiter<T> | undefined
  next: Waiter<T> | undefined
}

export interface WaitersOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Makes the error for who has waited for too long. */
  readonly late: () => Error
  /** Is told that somebody left without being served. */
  readonly onLeave: () => void
}

/**
 * A queue from which anybody may step out, in constant time wherever they stand: a linked list, because a `Set` walks
 * over the places of all who have left to find the first, and an array moves all who stand behind.
 *
 * All wait equally long, so the first is the first whose time is over: one timer does for all (bench/pool-contended.ts).
 */
export class Waiters<T> {
  size = 0
  readonly #options: WaitersOptions
  #first: Waiter<T> | undefined
  #last: Waiter<T> | undefined
  #cancel: (() => void) | undefined

  constructor(options: WaitersOptions) {
    this.#options = options
  }

  /** Waits at the end of the queue until `shift` finds the waiter, its time is over, or its signal aborts. */
  enter({ by, signal }: AcquireOptions): Promise<T> {
    const { clock, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      const until = clock.elapsed() + timeoutMs
      const waiter: Waiter<T> = { by, until, resolve, reject, previous: this.#last, next: undefined }
      if (signal !== undefined) this.#heed(waiter, signal)
      if (this.#last === undefined) this.#first = waiter
      else this.#last.next = waiter
      this.#last = waiter
      this.size += 1
      this.#cancel ??= clock.after(timeoutMs, this.#expire)
    })
  }

  /** Takes out who has waited longest. */
  shift(): Waiter<T> | undefined {
    const first = this.#first
    if (first !== undefined) this.#remove(first)
    return first
  }

  #heed(waiter: Waiter<T>, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#remove(waiter)
      waiter.reject(signal.reason)
      this.#options.onLeave()
    }
    const { resolve, reject } = waiter
    const deaf = (): void => signal.removeEventListener('abort', onAbort)
    waiter.resolve = (value) => (deaf(), resolve(value))
    waiter.reject = (error) => (deaf(), reject(error))
    signal.addEventListener('abort', onAbort)
  }

  readonly #expire = (): void => {
    const { clock, late, onLeave } = this.#options
    this.#cancel = undefined
    const now = clock.elapsed()
    let first = this.#first
    for (; first !== undefined && first.until <= now; first = this.#first) {
      const error = late()
      this.#remove(first)
      first.reject(error)
    }
    if (first !== undefined) this.#cancel ??= clock.after(first.until - now, this.#expire)
    onLeave()
  }

  #remove(waiter: Waiter<T>): void {
    const { previous, next } = waiter
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    waiter.previous = undefined
    waiter.next = undefined
    this.size -= 1
    if (this.size > 0) return
    // A timer that belongs to nobody would keep the process alive.
    this.#cancel?.()
    this.#cancel = undefined
  }
}

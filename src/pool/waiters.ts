import type { Clock } from '../core/clock.ts'

/** Somebody who waits for a client. */
export interface Waiter<T> {
  readonly by: string | undefined
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  previous: Waiter<T> | undefined
  next: Waiter<T> | undefined
}

export interface EnterOptions {
  /** Names who waits. */
  readonly by: string | undefined
  readonly signal: AbortSignal | undefined
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
 */
export class Waiters<T> {
  #first: Waiter<T> | undefined
  #last: Waiter<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Waits at the end of the queue until `shift` finds the waiter, its time is over, or its signal aborts. */
  enter({ by, signal, clock, timeoutMs, late, onLeave }: EnterOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter<T> = {
        by,
        previous: undefined,
        next: undefined,
        resolve: (value) => (stop(), resolve(value)),
        reject: (error) => (stop(), reject(error)),
      }
      const leave = (reason: unknown): void => {
        this.#remove(waiter)
        waiter.reject(reason)
        onLeave()
      }
      const onAbort = (): void => leave(signal?.reason)
      const cancel = clock.after(timeoutMs, () => leave(late()))
      signal?.addEventListener('abort', onAbort)
      this.#push(waiter)
    })
  }

  /** Takes out who has waited longest. */
  shift(): Waiter<T> | undefined {
    const first = this.#first
    if (first !== undefined) this.#remove(first)
    return first
  }

  #push(waiter: Waiter<T>): void {
    waiter.previous = this.#last
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    this.#size += 1
  }

  #remove(waiter: Waiter<T>): void {
    const { previous, next } = waiter
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    waiter.previous = undefined
    waiter.next = undefined
    this.#size -= 1
  }
}

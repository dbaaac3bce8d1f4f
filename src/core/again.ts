import type { Clock } from './clock.ts'

/**
 * Does something again, once in a while, until it is done. Keeps no process alive, and nothing hangs on its timer alone: on
 * Workers that ends with its request, and whoever plans the next try plans it anew.
 */
export class Again {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #attempt: () => Promise<boolean>
  #planned = -Infinity
  #stop: () => void = () => undefined

  /** @param attempt - says whether all is done; sets its own deadlines, and never rejects */
  constructor(clock: Clock, everyMs: number, attempt: () => Promise<boolean>) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#attempt = attempt
  }

  /** Plans the next try, unless one is planned. */
  soon(): void {
    const now = this.#clock.elapsed()
    // Twice as long: by then it has fired, unless it never will.
    if (now < this.#planned + 2 * this.#everyMs) return
    this.#planned = now
    this.#stop = this.#clock.whileAlive(this.#everyMs, () => void this.#try())
  }

  /** No more tries, until `soon` is called again. */
  stop(): void {
    this.#stop()
    this.#planned = -Infinity
  }

  async #try(): Promise<void> {
    const planned = this.#planned
    const done = await this.#attempt()
    if (this.#planned !== planned) return
    this.#planned = -Infinity
    if (!done) this.soon()
  }
}

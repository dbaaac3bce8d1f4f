import type { LazyAbort } from '../core/deadline.ts'

/** In what state a borrower gives a client back; sound unless said otherwise. */
export interface ReleaseOptions {
  /** The client must not be lent again: it is destroyed. */
  readonly broken?: boolean
}

/** A client in somebody's hands. */
export interface Lease<Client> {
  readonly client: Client
  /**
   * Gives the client back; a second call does nothing. It starts the reset and does not wait for it: the client is not
   * lent again before that has ended.
   */
  release(options?: ReleaseOptions): void
  /** For `await using`: gives the client back. */
  [Symbol.asyncDispose](): Promise<void>
}

/** One client of the pool and what is known of it. Times are epoch milliseconds. */
export interface Slot<Client> {
  readonly client: Client
  readonly createdAt: number
  readonly expiresAt: number
  uses: number
  /** Since when it is idle, or in its borrower's hands. */
  since: number
  held: boolean
  by: string | undefined
  /** Tells the work of `use` that its client was taken away. */
  abort: LazyAbort | undefined
}

/** A class and not an object of closures: it is made on every borrow. */
export class SlotLease<Client> implements Lease<Client> {
  readonly client: Client
  readonly slot: Slot<Client>
  #giveBack: ((slot: Slot<Client>, broken: boolean) => void) | undefined

  constructor(slot: Slot<Client>, giveBack: (slot: Slot<Client>, broken: boolean) => void) {
    this.client = slot.client
    this.slot = slot
    this.#giveBack = giveBack
  }

  release(options?: ReleaseOptions): void {
    const giveBack = this.#giveBack
    if (giveBack === undefined) return
    this.#giveBack = undefined
    giveBack(this.slot, options?.broken === true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

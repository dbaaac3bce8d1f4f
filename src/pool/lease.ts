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

/** Who has a client, and since when, in epoch milliseconds. */
export interface Loan<Client> {
  readonly client: Client
  since: number
  held: boolean
  by: string | undefined
  /** A fact has been told of its being held for too long. */
  told: boolean
  /** Tells the work of `use` that its client was taken away. */
  abort: LazyAbort | undefined
}

/** How a lease tells its pool that it is over. Of a method's type, so that a lease of slots is a lease of loans. */
export type GiveBack<L> = { giveBack(loan: L, broken: boolean): void }['giveBack']

/** A class and not an object of closures: it is made on every borrow. */
export class LoanLease<Client, L extends Loan<Client> = Loan<Client>> implements Lease<Client> {
  readonly client: Client
  readonly loan: L
  #giveBack: GiveBack<L> | undefined

  constructor(loan: L, giveBack: GiveBack<L>) {
    this.client = loan.client
    this.loan = loan
    this.#giveBack = giveBack
  }

  release(options?: ReleaseOptions): void {
    const giveBack = this.#giveBack
    if (giveBack === undefined) return
    this.#giveBack = undefined
    giveBack(this.loan, options?.broken === true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

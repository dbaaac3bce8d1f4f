import type { Claim } from '../core/dedup-store.ts'
import { LazyAbort } from '../core/deadline.ts'
import type { Attempt } from '../core/updates.ts'

/** A store that answers fewer claims than it was asked for leaves the rest for the resend. */
const UNCLAIMED: Claim = { status: 'leased', leftMs: 0 }

/** One update of a batch: what its claim met, and, while it is worked on, what its handler is told. */
export class Item<U> implements Attempt {
  readonly update: U
  readonly key: string
  /** Its place in the batch. */
  readonly at: number
  readonly token: string
  claim: Claim = UNCLAIMED
  /** Won and not ended yet: its lease is renewed. */
  held = false
  /** Its work is over and its end is being written: a lease that is gone now is no news. */
  ending = false
  /** Resolves when the wait for another caller's work on it is over. */
  waiting: Promise<void> | undefined
  /** Resolves when its end was written down, or could not be. */
  writing: Promise<unknown> | undefined
  #abort: LazyAbort | undefined

  constructor(update: U, key: string, { at, token }: { at: number; token: string }) {
    this.update = update
    this.key = key
    this.at = at
    this.token = token
  }

  get attempt(): number {
    return this.claim.status === 'won' ? this.claim.attempt : 0
  }

  get signal(): AbortSignal {
    this.#abort ??= new LazyAbort()
    return this.#abort.signal
  }

  abort(reason: unknown): void {
    this.#abort ??= new LazyAbort()
    this.#abort.abort(reason)
  }
}

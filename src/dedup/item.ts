import type { Claimed } from '../core/dedup-store.ts'
import { LazyAbort } from '../core/deadline.ts'
import type { Attempt } from '../core/updates.ts'

/** A store that answers fewer claims than it was asked for leaves the rest for the resend. */
const UNCLAIMED: Claimed = { status: 'leased', leftMs: 0 }

/** One moment by both clocks: the monotonic one stands still with a paused machine, the other one may be set. */
export interface Moment {
  readonly elapsed: number
  readonly now: number
}

/**
 * How far an update of a batch has come.
 *
 * | state | entered by | left by |
 * |---|---|---|
 * | `unclaimed` | the start; a claim that met somebody else's | a claim that is won |
 * | `claimed` | a claim that is won | its begin, a lease that was lost, being given back |
 * | `running` | its begin | the end of its handler, or its deadline |
 * | `ending` | the end of its work, while that is written down | what was written |
 * | `over` | an end that was written, or could not be; being given back; a lease that was lost | |
 *
 * Leases are renewed in `claimed` and `running`.
 */
export type ItemState = 'unclaimed' | 'claimed' | 'running' | 'ending' | 'over'

/** One update of a batch: what its claim met, and, while it is worked on, what its handler is told. */
export class Item<U> implements Attempt {
  readonly update: U
  readonly key: string
  /** Its place in the batch. */
  readonly at: number
  token = ''
  claim: Claimed = UNCLAIMED
  state: ItemState = 'unclaimed'
  /** When its claim, or the last renewal of it, was sent. */
  sent: Moment | undefined
  /** The store was told of its begin. */
  written = false
  /** Somebody else has its lease: there is nothing to renew any more. */
  lost = false
  /** Resolves when the wait for another caller's work on it is over. */
  waiting: Promise<void> | undefined
  /** Resolves when its end was written down, or could not be. */
  writing: Promise<unknown> | undefined
  /** Hears of an abort, where several items are worked on as one. */
  onAbort: ((reason: unknown) => void) | undefined
  #abort: LazyAbort | undefined

  constructor(update: U, key: string, at: number) {
    this.update = update
    this.key = key
    this.at = at
  }

  /** Takes what a claim met. */
  met(claim: Claimed, token: string, sent: Moment | undefined): void {
    this.claim = claim
    if (claim.status !== 'won') return
    this.token = token
    this.sent = sent
    this.state = 'claimed'
  }

  /** How many of its runs had begun when it was claimed. */
  get runs(): number {
    return this.claim.status === 'won' ? this.claim.runs : 0
  }

  get attempt(): number {
    return this.runs + 1
  }

  /** Whether its lease is to be renewed. */
  get held(): boolean {
    return (this.state === 'claimed' || this.state === 'running') && !this.lost
  }

  get signal(): AbortSignal {
    this.#abort ??= new LazyAbort()
    return this.#abort.signal
  }

  abort(reason: unknown): void {
    this.#abort ??= new LazyAbort()
    this.#abort.abort(reason)
    this.onAbort?.(reason)
  }
}

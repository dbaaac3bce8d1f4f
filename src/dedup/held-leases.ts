import { StoreUnavailable } from '../core/errors.ts'
import type { Item } from './item.ts'
import type { Ledger } from './ledger.ts'
import type { Holder } from './renewals.ts'

/** Whose an update is: `unsure` when the lease may have run out and the store does not say. */
export type Whose = 'ours' | 'lost' | 'unsure'

/** The leases of one batch, from their claim to their end: renewed in time, looked at before each begin. */
export class HeldLeases implements Holder {
  previous: Holder | undefined
  next: Holder | undefined
  readonly #ledger: Ledger
  readonly #items: readonly Item<unknown>[]
  #renewing: Promise<void> | undefined

  constructor(ledger: Ledger, items: readonly Item<unknown>[]) {
    this.#ledger = ledger
    this.#items = items
  }

  start(): void {
    this.#ledger.renewals.add(this)
  }

  stop(): void {
    this.#ledger.renewals.delete(this)
  }

  /** Prolongs all that are held, in one round trip. Never rejects. */
  renew(): void {
    void this.#renew()
  }

  /** Said at once when its lease goes on. */
  look(item: Item<unknown>): Whose | Promise<Whose> {
    if (item.state !== 'claimed') return 'lost'
    return this.#ledger.isOver(item) ? this.#lookAgain(item) : 'ours'
  }

  async #lookAgain(item: Item<unknown>): Promise<Whose> {
    // One that was under way may have been sent before the pause in which the lease ran out.
    for (let tries = this.#renewing === undefined ? 1 : 2; tries > 0; tries -= 1) {
      await this.#renew()
      if (item.state !== 'claimed') return 'lost'
      if (!this.#ledger.isOver(item)) return 'ours'
    }
    return 'unsure'
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #renewAll(): Promise<void> {
    let held = this.#items.filter((item) => item.held)
    while (held.length > 0) {
      const waiting = new Set(held.filter(({ state }) => state === 'claimed'))
      const kept = await this.#ledger.renew(held)
      const refused = held.filter((item, at) => kept[at] === false && item.held)
      // Begun while it was asked for: now it may take back what belongs to nobody.
      held = refused.filter((item) => item.state === 'running' && waiting.has(item))
      for (const item of refused) if (!held.includes(item)) this.lost(item)
    }
  }

  /** Somebody else has it: a run that has not begun does not, one that goes on is told. */
  lost(item: Item<unknown>): void {
    const { counts, host, name } = this.#ledger
    counts.leasesLost += 1
    host.observe({ name: 'dedup.lease_lost', of: name })
    const waiting = item.state === 'claimed'
    item.lost = true
    if (!waiting) return item.abort(new StoreUnavailable('the lease was lost to another owner'))
    item.state = 'over'
    this.#ledger.letGo(item)
  }
}

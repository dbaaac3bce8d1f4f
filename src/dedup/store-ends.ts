import type { DedupStore, End, Ending, Release } from '../core/dedup-store.ts'
import { codeOf } from '../core/fact.ts'
import type { StoreWork } from './guarded-store.ts'
import type { Written } from './ledger.ts'
import type { StoreLedgerOptions } from './store-ledger-options.ts'
import { UnconfirmedEnds, type Unconfirmed } from './unconfirmed.ts'

/** What the ledger does for its ends. */
export interface EndsOf {
  readonly newToken: () => string
  /** Calls the store, and counts a failure. */
  readonly call: <T>(work: StoreWork<T>) => Promise<T>
  /** Calls the store; what fails is tried again, and counted by nobody. */
  readonly quietly: <T>(work: StoreWork<T>) => Promise<T>
  /** Is told of a key that the store knows to be done. */
  readonly confirmed: (key: string) => void
  /** Remembers claims to be given back when the store answers again. */
  readonly giveUp: (claims: readonly Release[]) => void
}

/** So often the store is told again of ends that it could not be told of. */
const TELL_EVERY_MS = 1_000

/** Writes ends into a store, and remembers those that it could not be told of. */
export class StoreEnds {
  readonly #options: StoreLedgerOptions
  readonly #of: EndsOf
  readonly #unconfirmed = new UnconfirmedEnds()
  #tellingLater = false
  #dropped = 0

  constructor(options: StoreLedgerOptions, of: EndsOf) {
    this.#options = options
    this.#of = of
  }

  get size(): number {
    return this.#unconfirmed.size
  }

  endOf(key: string): Ending | undefined {
    return this.#unconfirmed.endOf(key)
  }

  /** Forgets that a key is dead, and gives the end that the store was not told of. */
  revive(key: string): (Unconfirmed & { readonly key: string }) | undefined {
    const end = this.#unconfirmed.revive(key)
    return end && { key, ...end }
  }

  /** Ends claims that the store granted; `done` also where nobody owns them any more. Never rejects. */
  async complete(ends: readonly End[]): Promise<readonly Written[]> {
    const { host, name, retentionMs } = this.#options
    const asked = ends.map((end): End => (end.as === 'done' ? { ...end, ifNobody: true } : end))
    try {
      const kept = await this.#of.call((store, { onGiveUp }) => store.completeMany(asked, { retentionMs, onGiveUp }))
      return ends.map(({ key, as }, at) => {
        if (kept[at] !== true) return 'lost'
        if (as === 'done') this.#of.confirmed(key)
        return 'kept'
      })
    } catch (error) {
      host.observe({ name: 'dedup.complete_failed', of: name, count: ends.length, ...codeOf(error) })
      for (const { key, as, token } of ends) this.remember(key, as, token)
      return ends.map(() => 'failed')
    }
  }

  /** Gives claims back, now or when the store answers again. Never rejects. */
  async release(claims: readonly Release[]): Promise<void> {
    try {
      await this.#of.call((store, { onGiveUp }) => store.releaseMany(claims, { onGiveUp }))
    } catch (error) {
      const { host, name } = this.#options
      host.observe({ name: 'dedup.release_failed', of: name, count: claims.length, ...codeOf(error) })
      this.#of.giveUp(claims)
    }
  }

  /**
   * The work is over, so the key is remembered here until the store could be told.
   *
   * @param token - under which the store granted the claim, if it did
   */
  remember(key: string, as: Ending, token: string | undefined): void {
    const dropped = this.#unconfirmed.add(key, { as, token })
    this.#dropped += dropped
    this.#options.counts.endsDropped += dropped
    this.#tellLater()
  }

  /** Tells the store of all that it does not know yet. Never rejects: what fails is kept, and tried again. */
  async tell(): Promise<void> {
    const { leaseMs, retentionMs, host, name } = this.#options
    if (this.#dropped > 0) host.observe({ name: 'dedup.ends_dropped', of: name, count: this.#dropped })
    this.#dropped = 0
    if (this.#unconfirmed.size === 0) return
    const { quietly, newToken, confirmed } = this.#of
    const store: Pick<DedupStore, 'claimMany' | 'completeMany'> = {
      claimMany: (claims, options) => quietly((of, { onGiveUp }) => of.claimMany(claims, { ...options, onGiveUp })),
      completeMany: (ends, options) => quietly((of, { onGiveUp }) => of.completeMany(ends, { ...options, onGiveUp })),
    }
    const told = (key: string, as: Ending): void => {
      if (as === 'done') confirmed(key)
    }
    await this.#unconfirmed.tell({ store, leaseMs, retentionMs, newToken, told }).catch(() => undefined)
    this.#tellLater()
  }

  #tellLater(): void {
    if (this.#tellingLater || this.#unconfirmed.size === 0) return
    this.#tellingLater = true
    // By itself, because nobody may ask the store for a while; on Workers the next call does it.
    this.#options.host.clock.whileAlive(TELL_EVERY_MS, () => {
      this.#tellingLater = false
      this.#options.host.track(this.tell())
    })
  }
}

import type { DedupStore, Ending } from '../core/dedup-store.ts'

interface End {
  readonly as: Ending
  /** Under which the claim was won, or would have been. */
  readonly token: string
}

/** What a store is told of ends. */
export interface EndTelling {
  readonly store: Pick<DedupStore, 'claimMany' | 'completeMany'>
  readonly leaseMs: number
  readonly retentionMs: number
  /** Is told of each end that the store knows from then on. */
  readonly told: (key: string, as: Ending) => void
}

/**
 * Updates that ended here while the store could not be told. They are remembered until it is: whatever asks for one of them
 * is answered from here.
 */
export class Unconfirmed {
  readonly #ends = new Map<string, End>()
  #telling = false

  get size(): number {
    return this.#ends.size
  }

  /** How the update ended, if it did. */
  endOf(key: string): Ending | undefined {
    return this.#ends.size === 0 ? undefined : this.#ends.get(key)?.as
  }

  add(key: string, end: End): void {
    this.#ends.set(key, end)
  }

  /**
   * Tells the store of all of them, unless somebody does so already.
   *
   * @throws whatever the store throws; what it was not told is kept
   */
  async tell(to: EndTelling): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    try {
      for (const { end, keys } of this.#calls()) {
        await complete(to, keys, end)
        for (const key of keys) {
          this.#ends.delete(key)
          to.told(key, end.as)
        }
      }
    } finally {
      this.#telling = false
    }
  }

  /** One call can end claims of one token, in one way. */
  #calls(): { readonly end: End; readonly keys: readonly string[] }[] {
    const byKind = new Map<string, { readonly end: End; readonly keys: string[] }>()
    for (const [key, end] of this.#ends) {
      const kind = `${end.as} ${end.token}`
      const known = byKind.get(kind)
      if (known === undefined) byKind.set(kind, { end, keys: [key] })
      else known.keys.push(key)
    }
    return [...byKind.values()]
  }
}

/** Ends claims; those that were never won, because the store could not be asked, are claimed for it. */
async function complete({ store, leaseMs, retentionMs }: EndTelling, keys: readonly string[], end: End): Promise<void> {
  const { as, token } = end
  const kept = await store.completeMany(keys, token, { as, retentionMs })
  const unclaimed = keys.filter((_, at) => kept[at] !== true)
  if (unclaimed.length === 0) return
  const claims = await store.claimMany(unclaimed, token, leaseMs)
  // What is done by now needs nothing; what somebody else works on is being done again, and nobody can help that.
  const won = unclaimed.filter((_, at) => claims[at]?.status === 'won')
  if (won.length > 0) await store.completeMany(won, token, { as, retentionMs })
}

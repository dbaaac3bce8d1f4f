import type { Claim, DedupStore, End, Ending } from '../core/dedup-store.ts'

/** An end that the store could not be told of. */
export interface Unconfirmed {
  readonly as: Ending
  /** Under which the store granted the claim; nothing for one that was made here. */
  readonly token: string | undefined
}

/** What a store is told of ends. */
export interface EndTelling {
  readonly store: Pick<DedupStore, 'claimMany' | 'completeMany'>
  readonly leaseMs: number
  readonly retentionMs: number
  readonly newToken: () => string
  /** Is told of each end that the store knows from then on. */
  readonly told: (key: string, as: Ending) => void
}

/** So many in one call to the store. */
const SLICE = 500
/** What an end costs beside its key, in bytes, and what all of them may cost. */
const END_BYTES = 160
const MAX_BYTES = 32 * 1024 * 1024

const bytesOf = (key: string): number => END_BYTES + 2 * key.length

/**
 * Updates that ended here while the store could not be told. They are remembered until it is: whatever asks for one of them
 * is answered from here. There is room for 32 MiB of them, about 120,000; then the eldest is forgotten.
 */
export class UnconfirmedEnds {
  readonly #ends = new Map<string, Unconfirmed>()
  /** Kept from call to call: one that begins anew each time would step over all that was deleted in front of it. */
  #eldestKeys = this.#ends.keys()
  #bytes = 0
  #telling = false

  get size(): number {
    return this.#ends.size
  }

  /** How the update ended, if it did. */
  endOf(key: string): Ending | undefined {
    return this.#ends.size === 0 ? undefined : this.#ends.get(key)?.as
  }

  /** @returns how many were forgotten to make room */
  add(key: string, end: Unconfirmed): number {
    this.#delete(key)
    this.#ends.set(key, end)
    this.#bytes += bytesOf(key)
    let dropped = 0
    while (this.#bytes > MAX_BYTES && this.#ends.size > 1) {
      this.#delete(this.#eldestKey())
      dropped += 1
    }
    return dropped
  }

  #eldestKey(): string {
    for (;;) {
      const { value, done } = this.#eldestKeys.next()
      if (done !== true) return value
      this.#eldestKeys = this.#ends.keys()
    }
  }

  /** Forgets that a key is dead, and gives the end that the store was not told of. */
  revive(key: string): Unconfirmed | undefined {
    const end = this.#ends.get(key)
    if (end?.as !== 'dead') return undefined
    this.#delete(key)
    return end
  }

  /**
   * Tells the store of all of them, in slices, unless somebody does so already.
   *
   * @throws whatever the store throws; what it was not told is kept
   */
  async tell(to: EndTelling): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    try {
      while (this.#ends.size > 0) await this.#tellSlice(to)
    } finally {
      this.#telling = false
    }
  }

  async #tellSlice(to: EndTelling): Promise<void> {
    const slice = this.#eldest()
    const fresh = to.newToken()
    // A parked update needs its claim; one that was parked here is claimed for that, and left to whoever has it by now.
    const claimed = await claim(to, slice, fresh)
    const ends = slice.flatMap(([key, { as, token }]): End[] => {
      if (as === 'done') return [{ key, as, token: token ?? fresh, ifNobody: true }]
      return token !== undefined || claimed.has(key) ? [{ key, as, token: token ?? fresh }] : []
    })
    const kept = ends.length > 0 ? await to.store.completeMany(ends, { retentionMs: to.retentionMs }) : []
    // What somebody else has by now is being done again, and nobody can help that.
    for (const [at, { key, as }] of ends.entries()) if (kept[at] === true) to.told(key, as)
    // Only if nobody has put another end in its place meanwhile.
    for (const [key, end] of slice) if (this.#ends.get(key) === end) this.#delete(key)
  }

  #eldest(): [key: string, end: Unconfirmed][] {
    const slice: [string, Unconfirmed][] = []
    for (const entry of this.#ends) {
      slice.push(entry)
      if (slice.length === SLICE) break
    }
    return slice
  }

  #delete(key: string): boolean {
    if (!this.#ends.delete(key)) return false
    this.#bytes -= bytesOf(key)
    return true
  }
}

async function claim(
  { store, leaseMs }: EndTelling,
  slice: readonly [key: string, end: Unconfirmed][],
  token: string,
): Promise<ReadonlySet<string>> {
  const claims: Claim[] = slice.flatMap(([key, end]) =>
    end.as === 'dead' && end.token === undefined ? [{ key, token }] : [],
  )
  if (claims.length === 0) return new Set()
  const met = await store.claimMany(claims, { leaseMs })
  return new Set(claims.flatMap(({ key }, at) => (met[at]?.status === 'won' ? [key] : [])))
}

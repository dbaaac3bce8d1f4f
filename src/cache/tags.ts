/** What ties an entry to its tags. */
export interface Label {
  readonly tags: readonly string[]
  /** How many invalidations this process had seen when the load of the entry began. */
  readonly mark: number
  /** When that was by the clock of the store, in microseconds: 0 when nobody knows, `Infinity` while it is being asked. */
  beganAt: number
}

interface Stamps {
  /** The number of the last invalidation of each kind; 0 for none. */
  readonly gone: number
  readonly stale: number
  /** When the last one of the second kind was, in epoch milliseconds. */
  readonly staleAt: number
}

const NEVER: Stamps = { gone: 0, stale: 0, staleAt: Infinity }

/** Tags whose invalidations are remembered one by one. */
const MOST_TAGS = 10_000

/**
 * The invalidations that this process made. A tag holds the number of its last one, and an entry how many there had been
 * when its load began: no list of members is kept, so none can be incomplete.
 */
export class TagBook {
  readonly #stamps = new Map<string, Stamps>()
  /** Older invalidations of tags that are no longer remembered: whoever began before may be meant by one of them. */
  #floor = 0
  #mark = 0

  /** How many invalidations there were so far. */
  get mark(): number {
    return this.#mark
  }

  /** Entries of the tag whose load began by now are gone. */
  gone(tag: string): void {
    this.#stamp(tag, { ...(this.#stamps.get(tag) ?? NEVER), gone: ++this.#mark })
  }

  /** Entries of the tag whose load began by now expire at `now`. */
  stale(tag: string, now: number): void {
    this.#stamp(tag, { ...(this.#stamps.get(tag) ?? NEVER), stale: ++this.#mark, staleAt: now })
  }

  /** When the tags ended the freshness of an entry, not after `now`: `Infinity` for never, `-Infinity` for one that is gone. */
  endOf({ tags, mark }: Label, now: number): number {
    if (mark === this.#mark) return Infinity
    if (mark < this.#floor) return -Infinity
    let end = Infinity
    for (const tag of tags) {
      const { gone, stale, staleAt } = this.#stamps.get(tag) ?? NEVER
      if (gone > mark) return -Infinity
      // Not after now: a clock that was set back makes nothing fresh again.
      if (stale > mark) end = Math.min(end, staleAt, now)
    }
    return end
  }

  #stamp(tag: string, stamps: Stamps): void {
    // Taken out first, so that it becomes the youngest.
    this.#stamps.delete(tag)
    this.#stamps.set(tag, stamps)
    if (this.#stamps.size <= MOST_TAGS) return
    for (const [eldest, { gone, stale }] of this.#stamps) {
      this.#floor = Math.max(this.#floor, gone, stale)
      this.#stamps.delete(eldest)
      return
    }
  }
}

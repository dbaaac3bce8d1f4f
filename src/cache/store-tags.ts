import type { TagStamps } from '../core/cache-store.ts'
import type { Changes } from './changes.ts'
import type { Label } from './tags.ts'

/** What is known of one tag. */
interface Known {
  /** The store's stamps; undefined when it had none: then nothing that has the tag can be trusted. */
  readonly stamps: TagStamps | undefined
  /** `taken`: the store did not say so; it will do for what this process has, and not for what the store has. */
  readonly by: 'store' | 'taken'
  /** It holds for entries whose load began then or later, by the clock of the store, in microseconds. */
  readonly from: number
  /** When the tag's entries expired last, in epoch milliseconds of this process. */
  readonly staleSince: number
  /** When the store was asked, in epoch milliseconds of this process. */
  readonly checkedAt: number
  /** How many changes of tags there had been by then. */
  readonly mark: number
}

/** What the store said of a tag: its clock, the clock of this process and how many changes there had been, all when asked. */
export interface Said {
  readonly stamps: TagStamps | undefined
  readonly storeNow: number
  readonly now: number
  readonly mark: number
}

const UNCHANGED: TagStamps = { goneAt: 0, staleAt: 0 }

/** Tags that are known at a time; the one that was learnt first is forgotten first, and asked for again. */
const MOST = 10_000

/** The store's stamps of tags, as this process last heard of them. A change of a tag ends what was known of it. */
export class StoreTags {
  readonly #checkMs: number
  readonly #changes: Changes
  readonly #known = new Map<string, Known>()

  constructor(checkMs: number, changes: Changes) {
    this.#checkMs = checkMs
    this.#changes = changes
  }

  /** The tags that the store must be asked about before an entry that it has can be used. */
  unheard(tags: readonly string[], now: number): string[] {
    return tags.filter((tag) => this.#sure(tag, Infinity, now)?.by !== 'store')
  }

  /** The tags that the store must be asked about before an entry of this process can be used. */
  unsure({ tags, beganAt }: Label, now: number): string[] {
    return tags.filter((tag) => this.#sure(tag, beganAt, now) === undefined)
  }

  /** Whether half of the time is over that one may rely on what is known: time to ask in the background. */
  ages(tags: readonly string[], now: number): boolean {
    return tags.some((tag) => now - (this.#known.get(tag)?.checkedAt ?? now) > this.#checkMs / 2)
  }

  /** Takes over what the store said of a tag. */
  learn(tag: string, { stamps, storeNow, now, mark }: Said): void {
    const staleSince = stamps === undefined ? now : now - (storeNow - stamps.staleAt) / 1_000
    this.#remember(tag, { stamps, by: 'store', from: 0, staleSince, checkedAt: now, mark })
  }

  /**
   * An entry of these tags was loaded or written just now, which gives tags without stamps some. What nobody has asked
   * about yet is taken for unchanged since then, until it is asked about in its time.
   */
  noted({ tags, beganAt }: Label, now: number): void {
    // While that is being asked, nobody needs to know.
    if (beganAt === Infinity) return
    for (const tag of tags)
      if (this.#current(tag)?.stamps === undefined)
        this.#take(tag, { stamps: UNCHANGED, from: beganAt, staleSince: now, now })
  }

  /** The store cannot be asked now: what is known has to do for a while. */
  excuse(tags: readonly string[], now: number): void {
    for (const tag of tags) {
      const { stamps, staleSince } = this.#known.get(tag) ?? { stamps: UNCHANGED, staleSince: now }
      this.#take(tag, { stamps, from: 0, staleSince, now })
    }
  }

  /** Nothing that is known can be relied on any more. */
  clear(): void {
    this.#known.clear()
  }

  /** As the label's tags say: see {@link Behind.endOf}. */
  endOf({ tags, beganAt }: Label, now: number): number {
    if (beganAt === Infinity) return Infinity
    let end = Infinity
    for (const tag of tags) {
      const known = this.#sure(tag, beganAt, now)
      if (known === undefined) return NaN
      const { stamps, staleSince } = known
      if (stamps === undefined || stamps.goneAt >= Math.max(beganAt, 1)) return -Infinity
      if (stamps.staleAt >= Math.max(beganAt, 1)) end = Math.min(end, staleSince)
    }
    return end
  }

  /** What can be relied on for an entry whose load began then. */
  #sure(tag: string, beganAt: number, now: number): Known | undefined {
    const known = this.#current(tag)
    // A clock that was set back makes nothing sure for longer.
    const isSure = known !== undefined && beganAt >= known.from && Math.abs(now - known.checkedAt) < this.#checkMs
    return isSure ? known : undefined
  }

  /** What is known, unless the tag was changed since. */
  #current(tag: string): Known | undefined {
    const known = this.#known.get(tag)
    return known === undefined || this.#changes.hasTag(tag, known.mark) ? undefined : known
  }

  #take(tag: string, { now, ...rest }: Pick<Known, 'stamps' | 'from' | 'staleSince'> & { readonly now: number }): void {
    this.#remember(tag, { ...rest, by: 'taken', checkedAt: now, mark: this.#changes.mark.tags })
  }

  #remember(tag: string, known: Known): void {
    this.#known.delete(tag)
    this.#known.set(tag, known)
    if (this.#known.size <= MOST) return
    for (const eldest of this.#known.keys()) return void this.#known.delete(eldest)
  }
}

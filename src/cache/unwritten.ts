import type { Clock } from '../core/clock.ts'
import type { Change, Changes } from './changes.ts'

/** Who is told in the end. */
export interface Informed {
  deleteMany(keys: readonly string[]): Promise<void>
  stampTags(tags: readonly string[], as: 'gone' | 'stale'): Promise<void>
}

/** Changes that are remembered one by one; beyond it the whole cache is taken for changed. */
const MOST = 10_000

/** So many are told at a time: all of them at once might never be done in the time of a call. */
const AT_A_TIME = 250

const keyName = (key: string): string => `k${key}`
const tagName = (tag: string): string => `t${tag}`
const nameOf = ({ kind, of }: Change): string => (kind === 'entry' ? keyName(of) : tagName(of))

/** A write under way. */
interface Writing {
  readonly name: string
  readonly change: Change
  /** When it is over at the latest, by `clock.elapsed`. */
  readonly until: number
}

export interface UnwrittenOptions {
  readonly root: string
  readonly clock: Clock
  /** No write takes longer, by its own deadlines. */
  readonly longestMs: number
  readonly changes: Changes
}

/**
 * What the store does not know yet. What it has under these keys and tags is no longer true, for this process and for all
 * others: it is not used, and what could not be written is dropped as soon as the store answers again.
 */
export class Unwritten {
  /** In the order in which they are over at the latest. */
  readonly #writing = new Set<Writing>()
  /** How many writes are under way. */
  readonly #pending = new Map<string, number>()
  readonly #failed = new Map<string, Change>()
  /** Under this tag stands every entry of the cache. */
  readonly #root: string
  /** Learns what the store was told. */
  readonly #changes: Changes
  readonly #clock: Clock
  readonly #longestMs: number
  /** Somebody tells the store until then; on Workers it may never say that it is over. */
  #tellingUntil = -Infinity

  constructor({ root, clock, longestMs, changes }: UnwrittenOptions) {
    this.#root = root
    this.#clock = clock
    this.#longestMs = longestMs
    this.#changes = changes
  }

  /** Whether the store knows all, but for what is under way. */
  get isEmpty(): boolean {
    return this.#failed.size === 0
  }

  /** Whether what the store has under the key may be outdated. */
  has(key: string, tags: readonly string[]): boolean {
    return this.#isMarked(keyName(key)) || this.hasTag(tags)
  }

  /** Whether what the store has with one of the tags may be outdated. */
  hasTag(tags: readonly string[]): boolean {
    if (this.#pending.size + this.#failed.size === 0) return false
    return [this.#root, ...tags].some((tag) => this.#isMarked(tagName(tag)))
  }

  /** The store is about to be told; gives what says whether it was. */
  begin(change: Change): (written: boolean) => void {
    const name = nameOf(change)
    const writing = { name, change, until: this.#clock.elapsed() + this.#longestMs }
    this.#writing.add(writing)
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + 1)
    return (written) => this.#end(writing, written)
  }

  /**
   * Takes for failed what should be over by now and has not said so: on Workers, its request has ended.
   *
   * @returns how many
   */
  abandon(): number {
    const now = this.#clock.elapsed()
    let abandoned = 0
    for (const writing of this.#writing) {
      if (now <= writing.until) break
      this.#end(writing, false)
      abandoned += 1
    }
    return abandoned
  }

  /** Tells the store what it has missed, unless somebody does so already. What fails again is kept. */
  tell(to: Informed): Promise<void> | undefined {
    if (this.#failed.size === 0 || this.#clock.elapsed() < this.#tellingUntil) return undefined
    return this.#tell(to).finally(() => (this.#tellingUntil = -Infinity))
  }

  async #tell(to: Informed): Promise<void> {
    const failed = [...this.#failed.values()]
    const tell = async (kind: Change['kind'], told: (names: string[]) => Promise<void>): Promise<void> => {
      const these = failed.filter((change) => change.kind === kind)
      for (let at = 0; at < these.length; at += AT_A_TIME) {
        const some = these.slice(at, at + AT_A_TIME)
        this.#tellingUntil = this.#clock.elapsed() + this.#longestMs
        await told(some.map(({ of }) => of))
        for (const change of some) this.#told(change)
      }
    }
    await tell('entry', (keys) => to.deleteMany(keys))
    await tell('stale', (tags) => to.stampTags(tags, 'stale'))
    await tell('gone', (tags) => to.stampTags(tags, 'gone'))
  }

  #end(writing: Writing, written: boolean): void {
    // Taken for failed already; what the store has by now is dropped all the same.
    if (!this.#writing.delete(writing)) return
    const { name, change } = writing
    const others = (this.#pending.get(name) ?? 1) - 1
    if (others === 0) this.#pending.delete(name)
    else this.#pending.set(name, others)
    this.#changes.add(change)
    if (!written) this.#fail(change)
    // What failed before was overtaken; a tag that failed to go is not told by one that only expired.
    else if (this.#failed.get(name)?.kind === change.kind) this.#failed.delete(name)
  }

  #told(change: Change): void {
    this.#changes.add(change)
    const name = nameOf(change)
    if (this.#failed.get(name) === change) this.#failed.delete(name)
  }

  #isMarked(name: string): boolean {
    return this.#pending.has(name) || this.#failed.has(name)
  }

  #fail(change: Change): void {
    const name = nameOf(change)
    const room = this.#failed.has(name) || this.#failed.size < MOST
    const kept: Change = room ? change : { kind: 'gone', of: this.#root }
    // Gone is more than expired.
    if (this.#failed.get(nameOf(kept))?.kind !== 'gone') this.#failed.set(nameOf(kept), kept)
  }
}

import { TagBook } from './tags.ts'

/** What the store is being told, or could not be told. */
export interface Change {
  /** `entry`: what stands under a key; the others are done to all entries of a tag. */
  readonly kind: 'entry' | 'gone' | 'stale'
  readonly of: string
}

/** How many changes there had been. */
export interface ChangesMark {
  readonly keys: number
  readonly tags: number
}

/**
 * What was changed in the store. Calls go by several connections, so that one may be answered after a change that it has
 * not seen: what was asked before a change of it is not believed.
 */
export class Changes {
  readonly #keys = new TagBook()
  readonly #tags = new TagBook()

  get mark(): ChangesMark {
    return { keys: this.#keys.mark, tags: this.#tags.mark }
  }

  /** It is done, by this process or, as one hears, by another one. */
  add({ kind, of }: Change): void {
    const book = kind === 'entry' ? this.#keys : this.#tags
    book.gone(of)
  }

  /** Whether the entry was changed since, by its key or by one of its tags. */
  has(key: string, tags: readonly string[], since: ChangesMark): boolean {
    return isGone(this.#keys, [key], since.keys) || isGone(this.#tags, tags, since.tags)
  }

  /** Whether the tag was changed since. */
  hasTag(tag: string, since: number): boolean {
    return since !== this.#tags.mark && isGone(this.#tags, [tag], since)
  }
}

const isGone = (book: TagBook, tags: readonly string[], mark: number): boolean =>
  book.endOf({ tags, mark, beganAt: 0 }, 0) === -Infinity

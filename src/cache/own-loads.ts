import type { LoadStart } from '../core/load-start.ts'
import { OptionError } from '../core/errors.ts'
import type { Beginning } from './shelf.ts'
import { TagBook } from './tags.ts'

/** Where a load stands among what was changed. */
interface Place {
  readonly key: string
  /** How many keys had been changed when it began. */
  readonly keys: number
  /** The same of tags. */
  readonly mark: number
  /** By `clock.elapsed`. */
  readonly startedAt: number
}

/** Stands for every key. */
const ALL = '*'
const nameOf = (key: string): string => `k${key}`

/**
 * The loads that callers run themselves, and which of them were overtaken by a change of their key. Numbers, and no list of
 * what is under way: nobody has to say that he gave up.
 */
export class OwnLoads<V> {
  readonly #tags: TagBook
  /** Made for the first load of this kind: most caches never see one. */
  #keys: TagBook | undefined

  constructor(tags: TagBook) {
    this.#tags = tags
  }

  /** A load of the key begins, before anybody is asked for anything. */
  begin(key: string, startedAt: number): OwnLoad<V> {
    this.#keys ??= new TagBook()
    return new OwnLoad({ tags: this.#tags, keys: this.#keys }, { key, keys: this.#keys.mark, mark: this.#tags.mark, startedAt }) // prettier-ignore
  }

  /** The key was changed (every one, when none is named), by somebody who is no load. */
  changed(key?: string): void {
    this.#keys?.gone(key === undefined ? ALL : nameOf(key))
  }

  /** @throws OptionError `ERR_PERF_OPTION` for what another cache began */
  owned(since: LoadStart): OwnLoad<V> {
    if (since instanceof OwnLoad && since.isOf(this.#tags)) return since as OwnLoad<V>
    throw new OptionError('since must be what begin() of the same cache gave')
  }
}

/** One of them. */
export class OwnLoad<V> implements LoadStart<V>, Beginning {
  readonly #books: { readonly tags: TagBook; readonly keys: TagBook }
  readonly #place: Place
  value: V | undefined
  /** By the clock of the store, in microseconds: 0 while nobody knows. */
  beganAt = 0

  constructor(books: { readonly tags: TagBook; readonly keys: TagBook }, place: Place) {
    this.#books = books
    this.#place = place
  }

  get mark(): number {
    return this.#place.mark
  }

  get startedAt(): number {
    return this.#place.startedAt
  }

  isOf(tags: TagBook): boolean {
    return this.#books.tags === tags
  }

  /** Whether its key was changed since. */
  isOvertaken(): boolean {
    const { key, keys } = this.#place
    return isChanged(this.#books.keys, [ALL, nameOf(key)], keys)
  }

  isOutdated(tags: readonly string[] = []): boolean {
    return this.isOvertaken() || isChanged(this.#books.tags, tags, this.mark)
  }
}

const isChanged = (book: TagBook, tags: readonly string[], mark: number): boolean =>
  book.endOf({ tags, mark, beganAt: 0 }, 0) < Infinity

import { OptionError } from '../core/errors.ts'
import type { Behind } from './behind.ts'
import { Entries } from './entries.ts'
import type { CheckedOptions } from './options.ts'
import { NONE } from './order.ts'
import type { TagsOf } from './tagged-loads.ts'
import { TagBook, type Label } from './tags.ts'

/** When a load began, as tags count it. */
export type Beginning = Pick<Label, 'mark' | 'beganAt'>

/** How an entry is kept, in milliseconds. */
export interface Keeping {
  readonly leftMs: number
  readonly ageMs: number
  readonly label: Label | undefined
}

/** The entries of this process, and what their tags say of them. */
export class Shelf<V> {
  readonly #options: CheckedOptions<V>
  readonly #behind: Behind<V> | undefined
  readonly #entries: Entries<V>
  readonly #book = new TagBook()

  constructor(options: CheckedOptions<V>, behind: Behind<V> | undefined) {
    this.#options = options
    this.#behind = behind
    const endOfLabel = this.#endOfLabel.bind(this)
    this.#entries = new Entries({ ...options, clock: options.host.clock, endOfLabel })
  }

  get entries(): Entries<V> {
    return this.#entries
  }

  get book(): TagBook {
    return this.#book
  }

  /** Keeps what was loaded `ageMs` ago and is fresh for `leftMs`; a load whose tags were invalidated since is not kept. */
  keep(key: string, value: V, { leftMs, ageMs, label }: Keeping): void {
    const now = this.#entries.now()
    if (label !== undefined && this.#book.endOf(label, now) === -Infinity) return
    if (label !== undefined) this.#behind?.noted(label, now)
    const slot = this.#entries.keep(key, value, leftMs)
    if (slot !== NONE) this.#entries.describe(slot, label, ageMs)
  }

  /** Ties a value to its tags; a function is not asked about *not found*. */
  labelOf(value: V, tags: TagsOf<V> | undefined, { mark, beganAt }: Beginning): Label | undefined {
    if (tags === undefined) return undefined
    if (typeof tags !== 'function') return tags.length === 0 ? undefined : { tags: [...tags], mark, beganAt }
    if (this.#options.isNegative(value)) return undefined
    const list = tags(value)
    checkTags(list)
    return list.length === 0 ? undefined : { tags: [...list], mark, beganAt }
  }

  #endOfLabel(label: Label, now: number, bornAt: number): number {
    const behind = this.#behind === undefined ? Infinity : this.#behind.endOf(label, now)
    // A tag that was expired while the clock said 0 ended the entry when its time began.
    return Math.min(this.#book.endOf(label, now) || bornAt, behind)
  }
}

/** A list of strings that are not empty. */
export function checkTags(tags: unknown): void {
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string' && tag !== ''))
    throw new OptionError('tags must be a list of strings that are not empty')
}

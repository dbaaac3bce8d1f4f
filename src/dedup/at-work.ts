import { promisesDieWithRequests } from '../core/platform.ts'
import type { Item } from './item.ts'

/**
 * What was claimed here and has not ended. Its run goes on in this process, however its lease stands in the store; so
 * whoever asks for its key is answered *leased*, even where the store would grant it.
 */
export class AtWork {
  readonly #items = new Map<string, Item<unknown>>()
  readonly #isOver: (item: Item<unknown>) => boolean

  /** @param isOver - whether a lease may have run out */
  constructor(isOver: (item: Item<unknown>) => boolean) {
    this.#isOver = isOver
  }

  add(item: Item<unknown>): void {
    this.#items.set(item.key, item)
  }

  has(key: string): boolean {
    const item = this.#items.get(key)
    if (item === undefined) return false
    // On Workers its request may have ended in the middle of its work.
    if (promisesDieWithRequests() && this.#isOver(item)) return !this.#items.delete(key)
    return true
  }

  delete(item: Item<unknown>): void {
    if (this.#items.get(item.key) === item) this.#items.delete(item.key)
  }
}

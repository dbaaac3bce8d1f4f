import type { Item } from './item.ts'
import { createSlots, type Slots } from './slots.ts'

/**
 * The updates of a batch that were claimed more often than they may fail: their process died of the handler of one, and
 * took the attempts of its siblings with it.
 *
 * They are run one by one, each end written before the next one begins. So the first that is left when the process has
 * died again is the one that was being worked on.
 */
export class Suspects {
  readonly #items: readonly Item<unknown>[]
  readonly #maxAttempts: number
  #turns: Slots | undefined
  #asked = false

  constructor(items: readonly Item<unknown>[], maxAttempts: number) {
    this.#items = items
    this.#maxAttempts = maxAttempts
  }

  has(item: Item<unknown>): boolean {
    return item.attempt > this.#maxAttempts
  }

  /** Resolves, with what ends it, when no other group with suspects is being worked on. */
  async turn(): Promise<() => void> {
    const turns = (this.#turns ??= createSlots(1))
    if (!turns.take()) await turns.free()
    return () => turns.give()
  }

  /** Asked of each update in its turn: true of the only suspect, or of the first one if they were run one by one before. */
  isToBlame(item: Item<unknown>): boolean {
    if (this.#asked || !this.has(item)) return false
    this.#asked = true
    return item.attempt > this.#maxAttempts + 1 || !this.#items.some((other) => other !== item && this.has(other))
  }
}

import { LRUCache } from 'lru-cache'
import { NONE, type Order } from './order.ts'

/**
 * Least recently used goes first, by `lru-cache`, which holds slots.
 *
 * Nothing else of it is used. Its time to live rests on a timer, and on Workers a timer dies with its request, after which
 * nothing expires any more; and it takes a start at time 0 (module scope on Workers) for *no expiry*.
 */
export class LruOrder implements Order {
  readonly #lru: LRUCache<string, number>

  constructor(maxEntries: number) {
    this.#lru = new LRUCache({ max: maxEntries })
  }

  get size(): number {
    return this.#lru.size
  }

  use(key: string): number {
    return this.#lru.get(key) ?? NONE
  }

  look(key: string): number {
    return this.#lru.peek(key) ?? NONE
  }

  add(key: string, slot: number): void {
    this.#lru.set(key, slot)
  }

  remove(key: string): number {
    const slot = this.look(key)
    if (slot !== NONE) this.#lru.delete(key)
    return slot
  }

  evict(): number {
    return this.#lru.pop() ?? NONE
  }

  clear(): void {
    this.#lru.clear()
  }
}

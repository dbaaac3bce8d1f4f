import { grown, NONE, type Order } from './order.ts'

/**
 * SIEVE: new entries stand at the head of a queue; a use only marks its entry. A hand goes from the tail to the head,
 * takes the marks away, and evicts the first entry that has none; it goes on from there the next time. What is looked
 * up once never pushes out what is used again and again.
 *
 * Source: Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024.
 *
 * The queue is a linked list in typed arrays that grow with the number of entries: a chain of objects costs twice the
 * memory, and a `Map` as the queue degrades in V8, which walks over what was deleted at its front.
 */
export class SieveOrder implements Order {
  readonly #most: number
  readonly #slots = new Map<string, number>()
  #keys: string[] = []
  #towardsHead = new Int32Array(0)
  #towardsTail = new Int32Array(0)
  #marks = new Uint8Array(0)
  #head = NONE
  #tail = NONE
  #hand = NONE

  constructor(maxEntries: number) {
    this.#most = maxEntries
  }

  get size(): number {
    return this.#slots.size
  }

  use(key: string): number {
    const slot = this.#slots.get(key)
    if (slot === undefined) return NONE
    this.#marks[slot] = 1
    return slot
  }

  look(key: string): number {
    return this.#slots.get(key) ?? NONE
  }

  add(key: string, slot: number): void {
    if (slot >= this.#marks.length) this.#grow(slot)
    this.#slots.set(key, slot)
    this.#keys[slot] = key
    this.#marks[slot] = 0
    this.#towardsHead[slot] = NONE
    this.#towardsTail[slot] = this.#head
    if (this.#head === NONE) this.#tail = slot
    else this.#towardsHead[this.#head] = slot
    this.#head = slot
  }

  remove(key: string): number {
    const slot = this.look(key)
    if (slot !== NONE) this.#unlink(slot)
    return slot
  }

  evict(): number {
    if (this.#tail === NONE) return NONE
    let slot = this.#hand === NONE ? this.#tail : this.#hand
    while (this.#marks[slot] === 1) {
      this.#marks[slot] = 0
      slot = this.#before(slot)
      if (slot === NONE) slot = this.#tail
    }
    this.#hand = slot
    this.#unlink(slot)
    return slot
  }

  clear(): void {
    this.#slots.clear()
    this.#keys = []
    this.#towardsHead = this.#towardsTail = new Int32Array(0)
    this.#marks = new Uint8Array(0)
    this.#head = this.#tail = this.#hand = NONE
  }

  #before(slot: number): number {
    return this.#towardsHead[slot] ?? NONE
  }

  #after(slot: number): number {
    return this.#towardsTail[slot] ?? NONE
  }

  #unlink(slot: number): void {
    const [before, after] = [this.#before(slot), this.#after(slot)]
    if (this.#hand === slot) this.#hand = before
    if (before === NONE) this.#head = after
    else this.#towardsTail[before] = after
    if (after === NONE) this.#tail = before
    else this.#towardsHead[after] = before
    this.#slots.delete(this.#keys[slot] ?? '')
    this.#keys[slot] = ''
  }

  #grow(slot: number): void {
    const length = grown(slot, this.#most)
    const [towardsHead, towardsTail, marks] = [this.#towardsHead, this.#towardsTail, this.#marks]
    this.#keys.length = length
    this.#towardsHead = new Int32Array(length)
    this.#towardsTail = new Int32Array(length)
    this.#marks = new Uint8Array(length)
    this.#towardsHead.set(towardsHead)
    this.#towardsTail.set(towardsTail)
    this.#marks.set(marks)
  }
}

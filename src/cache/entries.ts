import { atLeast } from '../core/check.ts'
import type { Clock } from '../core/clock.ts'
import { LruOrder } from './lru-order.ts'
import { grown, NONE, type Order } from './order.ts'
import { SieveOrder } from './sieve-order.ts'
import type { Label } from './tags.ts'

export interface EntriesOptions<V> {
  readonly maxEntries: number
  readonly eviction: 'lru' | 'sieve'
  readonly maxBytes: number
  readonly sizeOf: (value: V, key: string) => number
  readonly clock: Clock
  /** When the tags of an entry ended its freshness; see `Entries.endOf`. */
  readonly endOfLabel: (label: Label, now: number, bornAt: number) => number
}

/**
 * The entries of a cache in this process, in columns by slot: an object for each entry would cost 40 bytes more.
 *
 * Expiry is ours, computed when an entry is looked at; no timer is needed for it.
 */
export class Entries<V> {
  readonly #options: EntriesOptions<V>
  readonly #order: Order
  #values: (V | undefined)[] = []
  #expiresAt = new Float64Array(0)
  #bornAt = new Float64Array(0)
  /** Both made when the first entry needs them. */
  #labels: (Label | undefined)[] | undefined
  #sizes: number[] | undefined
  #free: number[] = []
  /** Slots that were ever in use. */
  #used = 0
  #bytes = 0
  /** Slots of entries that were kept while the clock said 0: their times start when it first says more. */
  #unstamped: Set<number> | undefined
  evictions = 0

  constructor(options: EntriesOptions<V>) {
    this.#options = options
    const { eviction, maxEntries } = options
    this.#order = eviction === 'sieve' ? new SieveOrder(maxEntries) : new LruOrder(maxEntries)
  }

  /** The time. On Workers it is 0 at module scope, and goes on with the first request. */
  now(): number {
    const now = this.#options.clock.now()
    if (this.#unstamped !== undefined && now > 0) this.#stamp(now)
    return now
  }

  get size(): number {
    return this.#order.size
  }

  /** Where the entry lies if it is fresh, else `NONE`; notes the use. */
  useFresh(key: string): number {
    const slot = this.#order.use(key)
    return slot === NONE ? NONE : this.#ifFresh(slot)
  }

  /** As `useFresh`, without a trace. */
  lookFresh(key: string): number {
    const slot = this.#order.look(key)
    return slot === NONE ? NONE : this.#ifFresh(slot)
  }

  /** The slot of `key`, expired or not, or `NONE`; notes the use. */
  use(key: string): number {
    return this.#order.use(key)
  }

  /** The slot of `key`, expired or not, or `NONE`, without a trace of the look-up. */
  look(key: string): number {
    return this.#order.look(key)
  }

  value(slot: number): V {
    return this.#values[slot] as V
  }

  /** When the entry's freshness ends, by its time and its tags; `NaN` when the tier behind must be asked first. */
  endOf(slot: number, now: number): number {
    const expiresAt = this.#expiresAt[slot] as number
    const label = this.label(slot)
    return label === undefined
      ? expiresAt
      : Math.min(expiresAt, this.#options.endOfLabel(label, now, this.bornAt(slot)))
  }

  bornAt(slot: number): number {
    return this.#bornAt[slot] as number
  }

  label(slot: number): Label | undefined {
    return this.#labels === undefined ? undefined : this.#labels[slot]
  }

  /**
   * Keeps an entry for `leftMs` (`Infinity` for ever, 0 or less when it has expired already); gives its slot, or `NONE` for
   * one that is larger than all of the cache may be: that is dropped, with what was there before.
   */
  keep(key: string, value: V, leftMs: number): number {
    const now = this.now()
    const bytes = this.#options.maxBytes === Infinity ? 0 : this.#weighed(value, key)
    if (bytes > this.#options.maxBytes) return NONE
    const slot = this.#slotFor(key)
    this.#values[slot] = value
    this.#bornAt[slot] = now
    this.#expiresAt[slot] = now + leftMs
    if (this.#labels !== undefined) this.#labels[slot] = undefined
    if (now === 0) (this.#unstamped ??= new Set()).add(slot)
    if (bytes > 0) this.#weigh(slot, bytes)
    return slot
  }

  /** Says of an entry that was just kept what it is tied to, and how long ago it was loaded. */
  describe(slot: number, label: Label | undefined, ageMs: number): void {
    this.#bornAt[slot] = this.bornAt(slot) - ageMs
    if (label !== undefined) (this.#labels ??= [])[slot] = label
  }

  delete(key: string): boolean {
    const slot = this.#order.remove(key)
    if (slot === NONE) return false
    this.#release(slot)
    return true
  }

  clear(): void {
    this.#order.clear()
    this.#values = []
    this.#expiresAt = this.#bornAt = new Float64Array(0)
    this.#labels = this.#sizes = this.#unstamped = undefined
    this.#free = []
    this.#used = this.#bytes = 0
  }

  #slotFor(key: string): number {
    const there = this.#order.use(key)
    if (there !== NONE) return there
    if (this.#order.size >= this.#options.maxEntries) this.#evict()
    const slot = this.#free.pop() ?? this.#used++
    if (slot >= this.#expiresAt.length) this.#grow(slot)
    this.#order.add(key, slot)
    return slot
  }

  #ifFresh(slot: number): number {
    const now = this.now()
    // Asked here first: a cache without tags is left at the price of one comparison.
    const end = this.#labels === undefined ? (this.#expiresAt[slot] as number) : this.endOf(slot, now)
    return now < end ? slot : NONE
  }

  #evict(): void {
    this.evictions += 1
    this.#release(this.#order.evict())
  }

  #release(slot: number): void {
    this.#free.push(slot)
    // Let go of, so that it can be collected.
    this.#values[slot] = undefined
    if (this.#labels !== undefined) this.#labels[slot] = undefined
    if (this.#sizes === undefined) return
    this.#bytes -= this.#sizes[slot] ?? 0
    this.#sizes[slot] = 0
  }

  /** The weight of an entry to come; what was there under its key goes, and others until there is room. */
  #weighed(value: V, key: string): number {
    const { maxBytes, sizeOf } = this.#options
    const size = sizeOf(value, key)
    atLeast(0, 'what sizeOf gives', size)
    // Whole, because a sum of fractions drifts, and would not be 0 again when nothing is left.
    const bytes = Math.ceil(size)
    this.delete(key)
    if (bytes <= maxBytes) while (this.#bytes + bytes > maxBytes) this.#evict()
    return bytes
  }

  #weigh(slot: number, bytes: number): void {
    this.#sizes ??= []
    this.#sizes[slot] = bytes
    this.#bytes += bytes
  }

  #grow(slot: number): void {
    const length = grown(slot, this.#options.maxEntries)
    const [expiresAt, bornAt] = [this.#expiresAt, this.#bornAt]
    this.#values.length = length
    this.#expiresAt = new Float64Array(length)
    this.#bornAt = new Float64Array(length)
    this.#expiresAt.set(expiresAt)
    this.#bornAt.set(bornAt)
  }

  #stamp(now: number): void {
    for (const slot of this.#unstamped ?? []) {
      this.#expiresAt[slot] = (this.#expiresAt[slot] as number) + now
      this.#bornAt[slot] = now
    }
    this.#unstamped = undefined
  }
}

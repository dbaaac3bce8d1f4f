/** Which slot an entry lies in, and whose turn it is to go when room is needed. */
export interface Order {
  readonly size: number
  /** The slot of `key`, or {@link NONE}; notes that it was used. */
  use(key: string): number
  /** The slot of `key`, or {@link NONE}, without a trace. */
  look(key: string): number
  /** Notes that `key`, which is not there yet, lies in `slot`, which nobody has. */
  add(key: string, slot: number): void
  /** Forgets the key; gives the slot that is free now, or {@link NONE}. */
  remove(key: string): number
  /** Forgets the key whose turn it is; gives its slot, or {@link NONE} when there is nobody. */
  evict(): number
  clear(): void
}

/** No slot. */
export const NONE = -1

/** How large arrays are made that must hold `slot`: doubled each time, and never larger than needed at most. */
export function grown(slot: number, most: number): number {
  return Math.min(most, Math.max(16, 2 ** Math.ceil(Math.log2(slot + 1))))
}

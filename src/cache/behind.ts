import type { Label } from './tags.ts'

/** A value that the tier behind still has. */
export interface Found<V> {
  readonly value: V
  readonly tags: readonly string[]
  /** When its load began, by the clock of the store, in microseconds. */
  readonly beganAt: number
  readonly ageMs: number
  /** Until it expires, in milliseconds; 0 or less when it has expired, and is kept for the stale windows. */
  readonly leftMs: number
}

/** What the tier behind said. */
export interface Search<V> {
  /** The clock of the store, in microseconds; 0 when it could not be asked. */
  readonly now: number
  readonly found: Found<V> | undefined
}

/** How a value is stored behind. */
export interface Storing {
  /** Not above 0 when nothing is to be remembered: then what is there is dropped. */
  readonly ttlMs: number
  readonly label: Label | undefined
  /** When its load began, by the clock of the store, in microseconds: 0 when nobody knows, undefined for now. */
  readonly beganAt: number | undefined
}

/** The tier behind the front, as far as the front uses it. An outage is no error to it: it has nothing, and counts. */
export interface Behind<V> {
  /** Looks for an entry, never for longer than its deadline. */
  find(key: string): Promise<Search<V>>
  keep(entry: readonly [key: string, value: V], storing: Storing): Promise<void>
  /**
   * When the tags ended the freshness of an entry, in epoch milliseconds: `Infinity` for never, `-Infinity` for one that
   * is gone, `NaN` when it is too long ago that somebody asked.
   */
  endOf(label: Label, now: number): number
  /** Asks for what `endOf` needs, so that it can answer. */
  ask(label: Label): Promise<void>
  /** An entry with this label is kept from now on. */
  noted(label: Label, now: number): void
}

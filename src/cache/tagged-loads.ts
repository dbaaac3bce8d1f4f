/** The tags of an entry, or how they follow from its value. */
export type TagsOf<V> = readonly string[] | ((value: V) => readonly string[])

/** The loads under way whose values will have tags. */
export class TaggedLoads<V> {
  readonly #loads = new Map<string, { readonly tags: TagsOf<V> }>()

  /** Notes a load until its flight is over; the load itself may hang for ever. */
  add(key: string, tags: TagsOf<V> | undefined, flight: Promise<unknown>): void {
    // Nobody joins the one that was noted before.
    this.#loads.delete(key)
    if (tags === undefined) return
    // An object of its own: the next load of the key may have the very same tags.
    const load = { tags }
    this.#loads.set(key, load)
    const forget = (): void => {
      if (this.#loads.get(key) === load) this.#loads.delete(key)
    }
    flight.then(forget, forget)
  }

  /** The keys of loads whose value may have the tag: declared ones, and those that are known only at the end. */
  *with(tag: string): Iterable<string> {
    for (const [key, { tags }] of this.#loads) if (typeof tags === 'function' || tags.includes(tag)) yield key
  }
}

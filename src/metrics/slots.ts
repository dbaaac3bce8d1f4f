/** A place of some numbers inside of a shared array. */
export interface Slots {
  readonly slots: Float64Array
  readonly at: number
}

/**
 * Gives places of `width` numbers out of arrays that hold `together` of them: a typed array of its own for every series
 * would cost more in overhead than in numbers, and one array for all would have to be copied to grow.
 */
export function createPlaces(width: number, together: number): () => Slots {
  let slots = new Float64Array(0)
  let at = 0
  return () => {
    if (at === slots.length) {
      slots = new Float64Array(width * together)
      at = 0
    }
    at += width
    return { slots, at: at - width }
  }
}

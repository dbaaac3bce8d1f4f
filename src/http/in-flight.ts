/** Requests that began together. */
const SLOT_MS = 250
/** 16 seconds; those that began earlier are kept together. */
const SLOTS = 64
/** The slot's number, how many of its requests are open, and the sum of the times at which those began. */
const WIDTH = 3

/** Requests that have not been answered yet. */
export interface Open {
  readonly count: number
  /** How old they are, all together, in milliseconds. */
  readonly ageMs: number
}

/**
 * Knows how old the requests are that are being answered, in a few numbers: a request that never ends is in no counter, and
 * a list of all would cost each of them an object.
 */
export class InFlight {
  readonly #slots = new Float64Array(SLOTS * WIDTH)
  #oldCount = 0
  #oldSum = 0

  /** A request begins, at `atMs` of the clock's `elapsed()`. */
  begin(atMs: number): void {
    const slots = this.#slots
    const number = Math.floor(atMs / SLOT_MS)
    const at = placeOf(number)
    if (slots[at] !== number) this.#rotate(at, number)
    slots[at + 1] = (slots[at + 1] as number) + 1
    slots[at + 2] = (slots[at + 2] as number) + atMs
  }

  /** The request that began at `atMs` has ended. */
  end(atMs: number): void {
    const slots = this.#slots
    const number = Math.floor(atMs / SLOT_MS)
    const at = placeOf(number)
    if (slots[at] !== number) {
      this.#oldCount -= 1
      this.#oldSum -= atMs
      return
    }
    const open = (slots[at + 1] as number) - 1
    slots[at + 1] = open
    // What is lost in rounding does not stay.
    slots[at + 2] = open === 0 ? 0 : (slots[at + 2] as number) - atMs
  }

  /** Those that have been open for `olderThanMs` or longer. */
  open(nowMs: number, olderThanMs = 0): Open {
    const slots = this.#slots
    let count = this.#oldCount
    let sum = this.#oldSum
    for (let at = 0; at < slots.length; at += WIDTH) {
      const open = slots[at + 1] as number
      const began = slots[at + 2] as number
      if (open === 0 || began / open > nowMs - olderThanMs) continue
      count += open
      sum += began
    }
    return { count, ageMs: count * nowMs - sum }
  }

  #rotate(at: number, number: number): void {
    const slots = this.#slots
    this.#oldCount += slots[at + 1] as number
    this.#oldSum += slots[at + 2] as number
    slots[at] = number
    slots[at + 1] = 0
    slots[at + 2] = 0
  }
}

function placeOf(number: number): number {
  return (number % SLOTS) * WIDTH
}

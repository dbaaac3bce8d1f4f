/**
 * A set of strings that forgets: a member stays for at least one window and at most two, counted from when it was added.
 *
 * Two plain sets, of which the older one is dropped whole once a window. That is cheaper per member than a time stamp in
 * a map, needs no timer and no sweep, and gives all memory back after two idle windows.
 */
export class Generations {
  readonly #windowMs: number
  #current = new Set<string>()
  #previous = new Set<string>()
  #turnsAt = -Infinity

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** @param now - any clock that does not go backwards, in milliseconds */
  has(member: string, now: number): boolean {
    if (now >= this.#turnsAt) this.#turn(now)
    // Current first: almost all repeats come at once.
    return this.#current.has(member) || this.#previous.has(member)
  }

  /** Adds a member, or prolongs it. True when it was not there. */
  add(member: string, now: number): boolean {
    if (now >= this.#turnsAt) this.#turn(now)
    const before = this.#current.size
    this.#current.add(member)
    return this.#current.size > before && !this.#previous.has(member)
  }

  delete(member: string): void {
    this.#current.delete(member)
    this.#previous.delete(member)
  }

  /** Members that are held, among them those whose window is over but that nobody asked for since. */
  get size(): number {
    return this.#current.size + this.#previous.size
  }

  #turn(now: number): void {
    const late = now - this.#turnsAt
    // A whole window late: also what is in the current generation is older than a window.
    this.#previous = late < this.#windowMs ? this.#current : new Set()
    this.#current = new Set()
    this.#turnsAt = late < this.#windowMs ? this.#turnsAt + this.#windowMs : now + this.#windowMs
  }
}

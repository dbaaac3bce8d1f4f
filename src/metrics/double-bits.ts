/** Reads the bits of a double: its sign, exponent and first 20 digits are the high word. */
export class DoubleBits {
  readonly #double = new Float64Array(1)
  readonly #words: Int32Array
  readonly #high: 0 | 1

  constructor() {
    this.#words = new Int32Array(this.#double.buffer)
    this.#double[0] = 1
    // By the byte order of the machine.
    this.#high = this.#words[0] === 0 ? 1 : 0
  }

  /** The high word of `value`; negative as the value is. */
  highOf(value: number): number {
    this.#double[0] = value
    return this.#words[this.#high] as number
  }

  /** The low word of the value that was looked at last. */
  low(): number {
    return (this.#words[1 - this.#high] as number) >>> 0
  }
}

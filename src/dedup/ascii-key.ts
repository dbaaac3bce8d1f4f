/** Ids are shorter than this; the rest is read unit by unit. */
const LONGEST = 512

/**
 * The bytes of an ASCII key as the words of a SipHash. Taken by the platform in one go: V8 reads a string unit by unit at
 * a fifth of that speed once a client of Redis has brought a subclass of `String` (`npm run bench -- dedup`).
 */
export class AsciiKey {
  readonly #words = new Int32Array(LONGEST / 4 + 1)
  readonly #bytes = new Uint8Array(this.#words.buffer)
  readonly #encoder = new TextEncoder()

  /**
   * Four bytes each, in the last word how many there were, and those that are left over; `undefined` for a key that is
   * not ASCII, or too long. Good until the next call; what stands behind the last word is of earlier keys.
   */
  wordsOf(key: string): Int32Array | undefined {
    const { length } = key
    if (length > LONGEST) return undefined
    const { read, written } = this.#encoder.encodeInto(key, this.#bytes)
    // Everything but ASCII takes more bytes than units, a lone surrogate too.
    if (read !== length || written !== length) return undefined
    const end = length | 3
    for (let at = length; at < end; at += 1) this.#bytes[at] = 0
    this.#bytes[end] = length
    return this.#words
  }
}

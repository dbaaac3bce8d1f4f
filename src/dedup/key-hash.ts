import { AsciiKey } from './ascii-key.ts'

/**
 * HalfSipHash-1-3 of a key under a secret seed: of its bytes when it is ASCII, else of its UTF-16 code units, lone
 * surrogates and all. Nobody who does not know the seed can prepare two keys of one hash. It never leaves the process.
 *
 * The variant of SipHash in words of 32 bits, which a JavaScript engine calculates with, and in the rounds that hash tables
 * use (https://github.com/veorq/SipHash, https://docs.kernel.org/security/siphash.html).
 */
export class KeyHash {
  readonly #makeSeed: () => Int32Array
  #seed: Int32Array | undefined
  #ascii: AsciiKey | undefined
  /** The 64 bits of the last hash. */
  low = 0
  high = 0

  /** @param makeSeed - makes eight words, at the first hash: Workers give no random values before there is a request */
  constructor(makeSeed: () => Int32Array = randomSeed) {
    this.#makeSeed = makeSeed
  }

  /** 128 bits, of two seeds that know nothing of each other, as a string of eight units. */
  digest(key: string): string {
    return this.#units(key, 0) + this.#units(key, 2)
  }

  #units(key: string, from: 0 | 2): string {
    this.hash(key, from)
    return String.fromCharCode(this.low & 0xffff, this.low >>> 16, this.high & 0xffff, this.high >>> 16)
  }

  /** @param from - which two words of each half of the seed */
  hash(key: string, from: 0 | 2 = 0): void {
    const ascii = (this.#ascii ??= new AsciiKey()).wordsOf(key)
    const seed = (this.#seed ??= this.#makeSeed())
    // Bytes and units have seeds that know nothing of each other: `ab` and the one unit 0x6261 are the same words.
    const first = ascii === undefined ? from + 4 : from
    let a = seed[first] ?? 0
    let b = seed[first + 1] ?? 0
    let c = a ^ 0x6c796765
    let d = b ^ 0x74656462
    b ^= 0xee
    const last = key.length >> (ascii === undefined ? 1 : 2)
    // One round for each word, and twice three at the end.
    for (let round = 0; round < last + 7; round += 1) {
      const word = round > last ? 0 : ascii === undefined ? wordOf(key, round) : (ascii[round] ?? 0)
      d ^= word
      if (round === last + 1) c ^= 0xee
      if (round === last + 4) {
        this.low = b ^ d
        b ^= 0xdd
      }
      a = (a + b) | 0
      b = ((b << 5) | (b >>> 27)) ^ a
      a = (a << 16) | (a >>> 16)
      c = (c + d) | 0
      d = ((d << 8) | (d >>> 24)) ^ c
      a = (a + d) | 0
      d = ((d << 7) | (d >>> 25)) ^ a
      c = (c + b) | 0
      b = ((b << 13) | (b >>> 19)) ^ c
      c = (c << 16) | (c >>> 16)
      a ^= word
    }
    this.high = b ^ d
  }
}

/** Two units; in the last word how many bytes there were, and the unit that is left over. */
function wordOf(key: string, at: number): number {
  const unit = 2 * at
  if (unit + 1 < key.length) return key.charCodeAt(unit) | (key.charCodeAt(unit + 1) << 16)
  return (key.length << 25) | (unit < key.length ? key.charCodeAt(unit) : 0)
}

/** The first digits of pi behind the point. */
const PI = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89]

/** Known to all where no random values are given (a Worker outside of a request): a hash as good, but no secret. */
function randomSeed(): Int32Array {
  const seed = Int32Array.of(...PI)
  try {
    return crypto.getRandomValues(seed)
  } catch {
    return seed
  }
}

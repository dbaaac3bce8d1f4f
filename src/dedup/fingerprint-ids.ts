import type { IdKind, IdSet } from './id-set.ts'
import type { KeyHash } from './key-hash.ts'

/** 64 bits; the next key that is looked at writes over them. */
interface Fingerprint {
  readonly low: number
  readonly high: number
}

/** Ids as fingerprints of 64 bits: two keys are taken for one with a likelihood of (ids held) / 2^64 at each look. */
export function fingerprintIds(hash: KeyHash): IdKind<Fingerprint> {
  return {
    idOf(key) {
      hash.hash(key)
      // 0 is what an empty slot holds.
      hash.low ||= 1
      return hash
    },
    shardOf: ({ high }) => high >>> 24,
    newSet: (before) => new FingerprintTable(before?.size ?? 0),
  }
}

const FIRST_SLOTS = 16

/** A table with open addressing: the two words of a fingerprint side by side, in the next free slot from its place on. */
class FingerprintTable implements IdSet<Fingerprint> {
  #words: Int32Array
  #size = 0

  /** @param members - how many there will be, as far as one can tell: growing would cost as much as adding them */
  constructor(members: number) {
    this.#words = new Int32Array(2 * Math.max(FIRST_SLOTS, 2 ** Math.ceil(Math.log2((members * 4) / 3 + 1))))
  }

  get size(): number {
    return this.#size
  }

  has({ low, high }: Fingerprint): boolean {
    return this.#words[this.#placeOf(low, high)] !== 0
  }

  add({ low, high }: Fingerprint): boolean {
    const place = this.#placeOf(low, high)
    if (this.#words[place] !== 0) return false
    this.#put(place, low, high)
    this.#size += 1
    // Three quarters full: of 8 bytes a slot, a member takes 11 to 22.
    if (this.#size * 8 > this.#words.length * 3) this.#grow()
    return true
  }

  /** Where it is, or the free place where it would be. */
  #placeOf(low: number, high: number): number {
    const words = this.#words
    const last = words.length - 1
    let place = (low << 1) & last
    while (words[place] !== 0 && (words[place] !== low || words[place + 1] !== high)) place = (place + 2) & last
    return place
  }

  #put(place: number, low: number, high: number): void {
    this.#words[place] = low
    this.#words[place + 1] = high
  }

  #grow(): void {
    const old = this.#words
    this.#words = new Int32Array(2 * old.length)
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0
      const high = old[at + 1] ?? 0
      if (low !== 0) this.#put(this.#placeOf(low, high), low, high)
    }
  }
}

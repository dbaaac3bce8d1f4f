import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { KeyHash } from './key-hash.ts'

/** The bytes 0, 1, 2 ... as UTF-16 units, low byte first. */
const counted = (bytes: number): string =>
  String.fromCharCode(...Array.from({ length: bytes / 2 }, (_, at) => 2 * at + ((2 * at + 1) << 8)))

const fingerprint = (hash: KeyHash, key: string): string => {
  hash.hash(key)
  return Buffer.from(Int32Array.of(hash.low, hash.high).buffer).toString('hex')
}

describe('the hash of keys', () => {
  // Of the reference implementation, compiled with cROUNDS 1 and dROUNDS 3, for the key 00 01 02 03 04 05 06 07.
  it.each([
    [0, '76a5d0212320f72a'],
    [2, '78ee1fe15d3cd732'],
    [4, 'eb24dba0718cae05'],
    [6, 'af65e0c64df5d602'],
    [8, '3dcda8311dec7a5f'],
    [10, '3134fba809e041f2'],
    [20, '525e23294d7408e4'],
    [62, '7cdf3ae3b2de5716'],
  ])('is HalfSipHash-1-3: of %i bytes', (bytes, expected) => {
    const hash = new KeyHash(() => Int32Array.of(0x03020100, 0x07060504, 0, 0))
    expect(fingerprint(hash, counted(bytes))).toBe(expected)
  })

  it('makes a digest of two seeds that know nothing of each other', () => {
    const one = new KeyHash(() => Int32Array.of(1, 2, 3, 4))
    const other = new KeyHash(() => Int32Array.of(1, 2, 3, 5))
    expect(one.digest('a')).toHaveLength(8)
    expect(one.digest('a').slice(0, 4)).toBe(other.digest('a').slice(0, 4))
    expect(one.digest('a').slice(4)).not.toBe(other.digest('a').slice(4))
  })

  it('depends on every unit, in its place, and on the length', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1, maxLength: 700 })
    fc.assert(
      fc.property(units, fc.nat(), fc.integer({ min: 1, max: 0xffff }), (units, place, change) => {
        const hash = new KeyHash()
        const text = String.fromCharCode(...units)
        const at = place % units.length
        const changed = units.map((unit, index) => (index === at ? unit ^ change : unit))
        for (const other of [String.fromCharCode(...changed), `${text}\0`, `\0${text}`, text.slice(1)]) {
          if (other === text) continue
          expect(hash.digest(other)).not.toBe(hash.digest(text))
          expect(fingerprint(hash, other)).not.toBe(fingerprint(hash, text))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives a million ids as many fingerprints, spread evenly', () => {
    const hash = new KeyHash()
    const seen = new Set<bigint>()
    const byTopBits = new Uint32Array(256)
    for (let id = 0; id < 1_000_000; id += 1) {
      hash.hash(`m:${id}`)
      seen.add((BigInt(hash.high) << 32n) | BigInt(hash.low >>> 0))
      const top = hash.high >>> 24
      byTopBits[top] = (byTopBits[top] ?? 0) + 1
    }
    expect(seen.size).toBe(1_000_000)
    // 3906 each; six standard deviations are 375.
    expect(Math.min(...byTopBits)).toBeGreaterThan(3_500)
    expect(Math.max(...byTopBits)).toBeLessThan(4_300)
  })
})

describe('the seed', () => {
  afterEach(() => vi.restoreAllMocks())

  it('is made at the first hash, once, and is another one elsewhere', () => {
    const random = vi.spyOn(crypto, 'getRandomValues')
    const [one, other] = [new KeyHash(), new KeyHash()]
    expect(random).not.toHaveBeenCalled()
    expect(one.digest('a')).toBe(one.digest('a'))
    expect(random).toHaveBeenCalledTimes(1)
    expect(other.digest('a')).not.toBe(one.digest('a'))
  })

  it('stays what it was when there are random values later, but not yet', () => {
    const refused = vi.spyOn(crypto, 'getRandomValues').mockImplementation(() => {
      throw new Error('Disallowed operation called within global scope')
    })
    const hash = new KeyHash()
    const before = hash.digest('a')
    refused.mockRestore()
    expect(hash.digest('a')).toBe(before)
    expect(hash.digest('b')).not.toBe(before)
  })
})

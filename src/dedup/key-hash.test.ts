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

const digest = (hash: KeyHash, key: string): string => Buffer.from(hash.digest(key), 'utf16le').toString('hex')

const [K0, K1] = [0x03020100, 0x07060504]

/** HalfSipHash-1-3 as its paper writes it down, with 64 bits of output. */
function reference(bytes: Buffer, k0: number, k1: number): string {
  const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by))
  const v = { 0: k0, 1: k1 ^ 0xee, 2: k0 ^ 0x6c796765, 3: k1 ^ 0x74656462 }
  const step = (to: 0 | 2, from: 1 | 3, by: number): void => {
    v[to] = (v[to] + v[from]) | 0
    v[from] = rotate(v[from], by) ^ v[to]
  }
  const round = (): void => {
    step(0, 1, 5)
    v[0] = rotate(v[0], 16)
    step(2, 3, 8)
    step(0, 3, 7)
    step(2, 1, 13)
    v[2] = rotate(v[2], 16)
  }
  const padded = Buffer.alloc((bytes.length | 3) + 1)
  bytes.copy(padded)
  padded[bytes.length | 3] = bytes.length
  for (let at = 0; at < padded.length; at += 4) {
    v[3] ^= padded.readUInt32LE(at)
    round()
    v[0] ^= padded.readUInt32LE(at)
  }
  const out = Buffer.alloc(8)
  v[2] ^= 0xee
  for (let nth = 0; nth < 3; nth += 1) round()
  out.writeUInt32LE((v[1] ^ v[3]) >>> 0, 0)
  v[1] ^= 0xdd
  for (let nth = 0; nth < 3; nth += 1) round()
  out.writeUInt32LE((v[1] ^ v[3]) >>> 0, 4)
  return out.toString('hex')
}

const ascii = fc.string({ unit: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)) })
const units = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })
/** NUL, the ends of ASCII and of a byte, lone surrogates, and what stands for them in UTF-8. */
const oddUnits = fc.constantFrom('', 'a', '\0', '\x7f', '\x80', '\xff', '\ud800', '\udc00', '\ufffd', '\uffff')
const long = fc.tuple(ascii, fc.integer({ min: 500, max: 520 })).map(([start, length]) => start.padEnd(length, 'x'))
const keys = fc.oneof(
  ascii,
  units,
  fc.string({ unit: oddUnits }),
  fc.tuple(ascii, oddUnits).map(([a, b]) => a + b),
  long,
)

/** The key of half as many units whose bytes are those of an ASCII key. */
const twinOf = (key: string): string => Buffer.from(key, 'latin1').toString('utf16le')

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
    const hash = new KeyHash(() => Int32Array.of(K0, K1, 0, 0, K0, K1, 0, 0))
    expect(fingerprint(hash, counted(bytes))).toBe(expected)
    expect(reference(Buffer.from(counted(bytes), 'utf16le'), K0, K1)).toBe(expected)
  })

  it('is that of the bytes of an ASCII key of every length, whatever longer key came before', () => {
    const hash = new KeyHash(() => Int32Array.of(K0, K1, 0, 0, 1, 2, 3, 4))
    for (const longer of ['z'.repeat(512), '\u00ff'.repeat(400), '\ud800'.repeat(200)])
      for (const length of [512, 511, 510, 509, ...Array.from({ length: 65 }, (_, at) => 64 - at)]) {
        const key = 'wamid.HBgMMjUwNzg4'.repeat(30).slice(0, length)
        hash.hash(longer)
        expect(fingerprint(hash, key)).toBe(reference(Buffer.from(key, 'latin1'), K0, K1))
      }
  })

  it('is that of the UTF-16 units of every other key, under the other half of the seed', () => {
    const hash = new KeyHash(() => Int32Array.of(1, 2, 3, 4, K0, K1, 0, 0))
    const others = ['\ud800', 'a\ud800', '\0\x80', 'é', `${'a'.repeat(511)}é`, '😀'.repeat(300), 'a'.repeat(513)]
    for (const key of others) expect(fingerprint(hash, key)).toBe(reference(Buffer.from(key, 'utf16le'), K0, K1))
  })

  it('keeps an ASCII key apart from the key whose units have the same bytes', () => {
    const oneSeed = new KeyHash(() => Int32Array.of(1, 2, 3, 4, 1, 2, 3, 4))
    expect(fingerprint(oneSeed, twinOf('wamid.HB'))).toBe(fingerprint(oneSeed, 'wamid.HB'))
    const hash = new KeyHash()
    const pairs = ascii.map((key) => key.slice(key.length % 2)).filter((key) => key !== '')
    fc.assert(
      fc.property(pairs, (key) => {
        expect(fingerprint(hash, twinOf(key))).not.toBe(fingerprint(hash, key))
        expect(digest(hash, twinOf(key))).not.toBe(digest(hash, key))
      }),
    )
  })

  it('is the same for equal keys alone, whatever was hashed in between', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 40 }), (keys) => {
        const seed = crypto.getRandomValues(new Int32Array(8))
        const hash = new KeyHash(() => seed)
        const hashed = keys.map((key) => [fingerprint(hash, key), digest(hash, key)])
        const distinct = new Set(keys).size
        for (const at of [0, 1]) expect(new Set(hashed.map((both) => both[at])).size).toBe(distinct)
        const alone = keys.map((key) => [
          fingerprint(new KeyHash(() => seed), key),
          digest(new KeyHash(() => seed), key),
        ])
        expect(alone).toEqual(hashed)
      }),
      { numRuns: 300 },
    )
  })

  it('makes a digest of two seeds that know nothing of each other', () => {
    const one = new KeyHash(() => Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    const other = new KeyHash(() => Int32Array.of(1, 2, 3, 9, 5, 6, 7, 0))
    for (const key of ['a', 'é']) {
      expect(one.digest(key)).toHaveLength(8)
      expect(one.digest(key).slice(0, 4)).toBe(other.digest(key).slice(0, 4))
      expect(one.digest(key).slice(4)).not.toBe(other.digest(key).slice(4))
    }
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
    const twin = new KeyHash().digest('a')
    refused.mockRestore()
    expect(twin).toBe(before)
    expect(hash.digest('a')).toBe(before)
    expect(hash.digest('b')).not.toBe(before)
    expect(hash.digest(twinOf('ab'))).not.toBe(hash.digest('ab'))
  })
})

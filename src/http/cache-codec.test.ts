import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cachedResponseCodec, cachedResponseSize, type CachedResponse, type StoredResponse } from './index.ts'

const stored: StoredResponse = {
  status: 200,
  statusText: 'OK',
  headers: [['content-type', 'text/plain; charset=utf-8']],
  body: new Uint8Array([0, 1, 254, 255]),
  vary: [['accept-language', null]],
  tags: ['shop:7'],
  storedAt: 1_700_000_000_000,
  ageMs: 0,
  freshMs: 60_000,
  staleWhileRevalidateMs: 1_000,
  staleIfErrorMs: 2_000,
}

const again = (value: CachedResponse): CachedResponse => cachedResponseCodec.decode(cachedResponseCodec.encode(value))

describe('cachedResponseCodec', () => {
  it('gives back what it was given, byte for byte', () => {
    const bodies = fc.uint8Array({ maxLength: 20_000 })
    const pairs = fc.array(fc.tuple(fc.string(), fc.string()))
    fc.assert(
      fc.property(bodies, pairs, (body, headers) => {
        const value = { variants: [stored, { ...stored, body, headers }] }
        expect(again(value)).toEqual(value)
      }),
      { numRuns: 30 },
    )
  })

  it('carries a body of a megabyte', () => {
    const body = Uint8Array.from({ length: 1_048_576 }, (_, index) => (index * 31) % 251)
    const { variants } = again({ variants: [{ ...stored, body }] })
    expect(Buffer.from(variants[0]?.body ?? []).equals(body)).toBe(true)
  })

  it.each([
    'null',
    '{}',
    '5',
    '{"variants":5}',
    '{"variants":[null]}',
    '{"variants":[{}]}',
    cachedResponseCodec.encode({ variants: [stored] }).replace('"freshMs":60000', '"freshMs":"60000"'),
    cachedResponseCodec.encode({ variants: [stored] }).replace('[["content-type"', '[["content-type",1'),
    cachedResponseCodec.encode({ variants: [stored] }).replace('[["accept-language",null]]', '["accept-language"]'),
  ])('refuses %s', (text) => {
    expect(() => cachedResponseCodec.decode(text)).toThrow(TypeError)
  })

  it('weighs an entry by its bytes', () => {
    const small = cachedResponseSize({ variants: [stored] })
    const large = cachedResponseSize({ variants: [stored, { ...stored, body: new Uint8Array(100_000) }] })
    expect(small).toBeGreaterThan(0)
    expect(large).toBeGreaterThan(100_000 + small)
  })
})

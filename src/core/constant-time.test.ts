import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameSecret } from './constant-time.ts'

describe('sameSecret', () => {
  it('says what === says', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(sameSecret(a, b)).toBe(a === b)
        expect(sameSecret(a, a)).toBe(true)
      }),
    )
  })

  it('sees a difference wherever it is, and whatever its bits', () => {
    const secret = 'wa-verify-token'
    fc.assert(
      fc.property(fc.nat(secret.length - 1), fc.integer({ min: 1, max: 127 }), (at, bits) => {
        const other = String.fromCharCode(secret.charCodeAt(at) ^ bits)
        expect(sameSecret(secret.slice(0, at) + other + secret.slice(at + 1), secret)).toBe(false)
      }),
    )
  })

  it('takes neither a prefix, nor more, nor NULs behind it', () => {
    expect(sameSecret('', 'token')).toBe(false)
    expect(sameSecret('toke', 'token')).toBe(false)
    expect(sameSecret('tokens', 'token')).toBe(false)
    expect(sameSecret('token\0', 'token')).toBe(false)
    expect(sameSecret('token', 'token\0')).toBe(false)
    expect(sameSecret('x'.repeat(5 + 256), 'token')).toBe(false)
  })
})

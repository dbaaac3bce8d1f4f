import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storable, unstorable } from './storable.ts'

describe('storable', () => {
  it('leaves what every store can hold as it is', () => {
    expect(storable('user:42 漢👋')).toBe('user:42 漢👋')
  })

  it('gives well-formed text without NUL, from which the key comes back', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '0', 'd', '\0', '\ufffd', '\ud800', '\udc00', '👋')), (parts) => {
        const key = parts.join('')
        expect(storable(key)).not.toMatch(/\0|\p{Cs}/u)
        expect(unstorable(storable(key))).toBe(key)
      }),
    ))
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { httpDate, parseHttpDate } from './cache-date.ts'

describe('parseHttpDate', () => {
  it('reads what httpDate writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(httpDate(seconds * 1_000))).toBe(seconds * 1_000)
      }),
    )
  })

  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads %s',
    (text) => {
      expect(parseHttpDate(text)).toBe(784_111_777_000)
    },
  )

  it.each([null, undefined, '', '0', '-1', 'tomorrow', '2024-01-01T00:00:00Z', 'Sun, 06 Foo 1994 08:49:37 GMT'])(
    'refuses %s',
    (text) => {
      expect(parseHttpDate(text)).toBeUndefined()
    },
  )
})

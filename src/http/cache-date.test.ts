import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { httpDate, parseHttpDate } from './cache-date.ts'

const NOW = Date.UTC(2026, 11, 1, 12)

describe('parseHttpDate', () => {
  it('reads what httpDate writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(httpDate(seconds * 1_000), NOW)).toBe(seconds * 1_000)
      }),
    )
  })

  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'SUN, 06 NOV 1994 08:49:37 gmt',
    ' sunday, 06-nov-94 08:49:37 GMT ',
  ])('reads %s', (text) => {
    expect(parseHttpDate(text, NOW)).toBe(784_111_777_000)
  })

  it.each([
    ['00', 2000],
    ['26', 2026],
    ['50', 2050],
    ['75', 2075],
    ['76', 2076],
    ['77', 1977],
    ['99', 1999],
  ])('takes two digits of a year for the latest that is no more than 50 years ahead: %s is %d', (digits, year) => {
    expect(parseHttpDate(`Thursday, 18-Aug-${digits} 02:01:18 GMT`, NOW)).toBe(Date.UTC(year, 7, 18, 2, 1, 18))
  })

  it('does so to the second, and in every century', () => {
    expect(parseHttpDate('Tuesday, 01-Dec-76 12:00:00 GMT', NOW)).toBe(Date.UTC(2076, 11, 1, 12))
    expect(parseHttpDate('Tuesday, 01-Dec-76 12:00:01 GMT', NOW)).toBe(Date.UTC(1976, 11, 1, 12, 0, 1))
    expect(parseHttpDate('Friday, 01-Jan-10 00:00:00 GMT', Date.UTC(2090, 0))).toBe(Date.UTC(2110, 0))
    expect(parseHttpDate('Friday, 01-Jan-60 00:00:00 GMT', Date.UTC(2090, 0))).toBe(Date.UTC(2060, 0))
  })

  it.each([
    ...[null, undefined, '', '0', '-1', 'tomorrow', '2024-01-01T00:00:00Z', 'Sun, 06 Foo 1994 08:49:37 GMT'],
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18-Aug-50 02:01:18 GMT',
    'Thursday, 18 Aug 2050 02:01:18 GMT',
    'Thursday, 18-Aug-2050 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 +0000',
    'Thu, 18 Aug 2050 02:01:18',
    'Thu, 18 Aug 2050 24:00:00 GMT',
    'Thu, 18 Aug 2050 02:60:18 GMT',
    'Thu, 18 Aug 2050 02:01:61 GMT',
    'Thu, 31 Feb 2050 02:01:18 GMT',
    'Thu, 00 Aug 2050 02:01:18 GMT',
    'Hoy, 18 Aug 2050 02:01:18 GMT',
    'Thu Aug 18 02:01:18 50',
    'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT',
  ])('refuses %s', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined()
  })
})

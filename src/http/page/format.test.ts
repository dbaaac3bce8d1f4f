import { describe, expect, it } from 'vitest'
import { ago, count, duration, percent, short } from './format.ts'
import { spanOf, ticks } from './scale.ts'

describe('numbers', () => {
  it('keep the three digits that matter', () => {
    expect([0, 0.25, 1.2345, 12.44, 123.4, 1_240, 99_999, 1_240_000].map(short)).toEqual(
      ['0', '0.25', '1.23', '12.4', '123', '1,240', '99,999', '1.24M'], // prettier-ignore
    )
    expect(count(1_234_567)).toBe('1,234,567')
  })

  it('are 0 % only for nothing and 100 % only for everything', () => {
    expect([0, 0.0001, 0.004, 0.5, 0.9996, 1].map(percent)).toEqual(['0', '<0.1', '0.4', '50', '>99.9', '100'])
  })

  it('are times as people say them', () => {
    expect([0.5, 187, 1_200, 61_000, 3_600_000, 7_200_000, 172_800_000].map(duration)).toEqual(
      ['0.5 ms', '187 ms', '1.2 s', '1 min', '60 min', '2 h', '2 days'], // prettier-ignore
    )
    expect([400, 12_300].map(ago)).toEqual(['now', '12 s ago'])
  })
})

describe('scales', () => {
  it('go up in round steps to the highest value or beyond', () => {
    expect([0, 0.9, 4, 13.7, 301].map(ticks)).toEqual([
      [0, 0.25, 0.5, 0.75, 1],
      [0, 0.25, 0.5, 0.75, 1],
      [0, 1, 2, 3, 4],
      [0, 5, 10, 15],
      [0, 100, 200, 300, 400],
    ])
  })

  it('grow with the time that is known', () => {
    expect([0, 60_000, 60_001, 400_000].map(spanOf)).toEqual([60_000, 60_000, 120_000, 300_000])
  })
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BucketIndex } from './bucket-index.ts'
import { DoubleBits } from './double-bits.ts'

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -5, max: 20 }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1, 0.25, 1, 2.5, 10),
)

it('finds the first bound that is not below the value, as a search through all of them does', () => {
  const boundsOf = (all: readonly number[]): number[] =>
    [...new Set(all.map((bound) => bound + 0))].sort((a, b) => a - b)
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 15 }), fc.array(finite), (all, values) => {
      const bounds = boundsOf(all)
      const bits = new DoubleBits()
      const index = new BucketIndex(bounds, bits)
      for (const value of [...values, ...bounds]) {
        const found = bounds.findIndex((bound) => value <= bound)
        expect(index.of(value, bits.highOf(value))).toBe(found === -1 ? bounds.length : found)
      }
    }),
  )
})

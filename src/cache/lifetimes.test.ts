import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Lifetimes } from './lifetimes.ts'
import { checkedOptions, type CacheOptions } from './options.ts'

afterEach(() => vi.restoreAllMocks())

const lifetimesOf = (options: CacheOptions<number | null>) => new Lifetimes<number | null>(checkedOptions(options))

/** The largest number that `Math.random` gives. */
const ALMOST_ONE = 1 - 2 ** -53

describe('jitter', () => {
  it('never lengthens a life, shortens it by at most its share, and leaves something of every life', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 10 ** 12 }), fc.double({ min: 1e-9, max: 1e12, noNaN: true })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.oneof(fc.constantFrom(0, ALMOST_ONE), fc.double({ min: 0, max: ALMOST_ONE, noNaN: true })),
        (ttlMs, ttlJitter, random) => {
          vi.spyOn(Math, 'random').mockReturnValue(random)
          const life = lifetimesOf({ ttlMs, ttlJitter }).of('k', 1, undefined)
          expect(life).toBeLessThanOrEqual(ttlMs)
          expect(life).toBeGreaterThan(0)
          expect(life).toBeGreaterThanOrEqual(Math.min(ttlMs, 1))
          expect(life).toBeGreaterThanOrEqual(ttlMs * (1 - ttlJitter) * (1 - 1e-15))
        },
      ),
    )
  })

  it.each([0, Infinity])('leaves %s as it is', (ttlMs) => {
    for (const random of [0, 0.5, ALMOST_ONE]) {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      expect(lifetimesOf({ ttlMs, ttlJitter: 1 }).of('k', 1, undefined)).toBe(ttlMs)
    }
  })

  it('is for what was given for one value, and for what was not found, too', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const lifetimes = lifetimesOf({ ttlMs: 1_000, ttlJitter: 0.5, negativeTtlMs: 100 })
    expect(lifetimes.of('k', 1, 400)).toBe(300)
    expect(lifetimes.of('k', null, undefined)).toBe(75)
  })

  it('asks for no random number without need', () => {
    const random = vi.spyOn(Math, 'random')
    lifetimesOf({ ttlMs: 1_000 }).of('k', 1, undefined)
    lifetimesOf({ ttlMs: 1_000, ttlJitter: 1 }).of('k', null, undefined)
    expect(random).not.toHaveBeenCalled()
  })
})

it('what was not found has its own time, whatever was given for the value', () => {
  const lifetimes = lifetimesOf({ ttlMs: () => 1_000, negativeTtlMs: 10 })
  expect(lifetimes.of('k', null, 5_000)).toBe(10)
  expect(lifetimes.of('k', 1, 5_000)).toBe(5_000)
  expect(lifetimes.of('k', 1, undefined)).toBe(1_000)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cacheOf, EVICTIONS } from '../../test/support/cache-of.ts'
import { OptionError } from '../core/errors.ts'

interface Sized {
  readonly size: number
}

const sizeOf = ({ size }: Sized): number => size
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

describe.each(EVICTIONS)('maxBytes (%s)', (eviction) => {
  const cacheUpTo = (maxBytes: number, maxEntries = 1_000) =>
    cacheOf<Sized>({ eviction, maxBytes, maxEntries, sizeOf }).cache

  it('is never exceeded by the sum of the sizes, whatever is set, replaced, used and deleted', () => {
    const size = fc.oneof(fc.nat(12), fc.double({ min: 0, max: 12, noNaN: true }))
    const step = fc.record({
      do: fc.constantFrom('set', 'set', 'set', 'set', 'get', 'delete', 'clear'),
      key: fc.constantFrom(...KEYS),
      size,
    })
    const max = fc.record({ maxBytes: fc.integer({ min: 1, max: 30 }), maxEntries: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), max, (steps, { maxBytes, maxEntries }) => {
        const cache = cacheUpTo(maxBytes, maxEntries)
        for (const { do: what, key, size } of steps) {
          if (what === 'set') cache.set(key, { size })
          else if (what === 'get') cache.get(key)
          else if (what === 'delete') cache.delete(key)
          else cache.clear()
          const sizes = KEYS.map((other) => cache.peek(other)?.size ?? 0)
          expect(sizes.reduce((sum, one) => sum + Math.ceil(one))).toBeLessThanOrEqual(maxBytes)
          expect(cache.stats().size).toBeLessThanOrEqual(maxEntries)
          if (what === 'set') expect(cache.has(key)).toBe(Math.ceil(size) <= maxBytes)
        }
      }),
    )
  })

  it('evicts no more than it must', () => {
    const cache = cacheUpTo(10)
    for (const key of ['a', 'b', 'c']) cache.set(key, { size: 3 })
    cache.set('d', { size: 4 })
    expect(KEYS.filter((key) => cache.has(key))).toEqual(['b', 'c', 'd'])
    expect(cache.stats()).toMatchObject({ size: 3, evictions: 1 })
    cache.set('e', { size: 10 })
    expect(KEYS.filter((key) => cache.has(key))).toEqual(['e'])
    expect(cache.stats()).toMatchObject({ size: 1, evictions: 4 })
  })

  it('knows the new size of an entry that is replaced, which is no eviction', () => {
    const cache = cacheUpTo(10)
    cache.set('a', { size: 9 })
    cache.set('a', { size: 2 })
    cache.set('b', { size: 8 })
    expect(cache.stats()).toMatchObject({ size: 2, evictions: 0 })
    cache.set('a', { size: 3 })
    expect([cache.has('a'), cache.has('b')]).toEqual([true, false])
  })

  it('gives room back when entries are deleted, cleared, or not worth keeping any more', async () => {
    const cache = cacheUpTo(10)
    cache.set('a', { size: 10 })
    cache.delete('a')
    cache.set('b', { size: 10 })
    cache.clear()
    cache.set('c', { size: 10 })
    cache.set('c', { size: 1 }, { ttlMs: 0 })
    cache.set('d', { size: 5 })
    cache.set('e', { size: 5 })
    expect(cache.stats()).toMatchObject({ size: 2, evictions: 0 })
  })

  it('does not keep what is larger than all of it, drops what was there before, and evicts nobody else for it', async () => {
    const cache = cacheUpTo(10)
    cache.set('a', { size: 1 })
    cache.set('b', { size: 1 })
    cache.set('a', { size: 11 })
    expect([cache.has('a'), cache.has('b')]).toEqual([false, true])
    expect(await cache.getOrSet('c', () => ({ size: 1e300 }))).toEqual({ size: 1e300 })
    expect(cache.stats()).toMatchObject({ size: 1, evictions: 0 })
  })

  it('keeps entries that weigh nothing, up to maxEntries', () => {
    const cache = cacheUpTo(1, 3)
    for (const key of KEYS) cache.set(key, { size: 0 })
    expect(cache.stats()).toMatchObject({ size: 3, evictions: 3 })
  })

  it('counts fractions as whole ones, so that their sum does not drift', () => {
    const cache = cacheUpTo(10)
    const size = (n: number): number => ((n * 7_919) % 30) / 10
    for (let n = 0; n < 3_000; n += 1) cache.set(`k${n}`, { size: size(n) })
    for (let n = 0; n < 3_000; n += 1) cache.delete(`k${n}`)
    const { evictions } = cache.stats()
    cache.set('all', { size: 10 })
    expect(cache.stats()).toMatchObject({ size: 1, evictions })
  })

  it.each([NaN, -1, Infinity, '5', undefined, null])('refuses %s as a size, and changes nothing', async (size) => {
    const cache = cacheUpTo(10)
    cache.set('a', { size: 4 })
    cache.set('b', { size: 6 })
    const odd = { size } as Sized
    expect(() => cache.set('a', odd)).toThrow(OptionError)
    expect(() => cache.set('c', odd)).toThrow('what sizeOf gives must be a number of at least 0')
    await expect(cache.getOrSet('c', () => odd)).rejects.toBeInstanceOf(OptionError)
    expect(['a', 'b', 'c'].map((key) => cache.peek(key)?.size)).toEqual([4, 6, undefined])
    cache.set('c', { size: 4 })
    expect(cache.stats()).toMatchObject({ size: 2, evictions: 1 })
  })
})

it('a sizeOf that throws fails what it was asked for, unchanged, and leaves all as it was', async () => {
  const error = new Error('cannot be weighed')
  const weigh = (value: Sized | null): number => {
    if (value === null) throw error
    return value.size
  }
  const { cache } = cacheOf<Sized | null>({ maxBytes: 10, sizeOf: weigh, negativeTtlMs: 10 })
  cache.set('k', { size: 10 })
  expect(() => cache.set('k', null)).toThrow(error)
  await expect(cache.getOrSet('none', () => null)).rejects.toBe(error)
  expect(cache.get('k')).toEqual({ size: 10 })
  expect(cache.stats()).toMatchObject({ size: 1, evictions: 0, loadErrors: 1 })
})

it('sizeOf is given the key, too, and asked once for each entry that is kept', () => {
  const asked: string[] = []
  const { cache } = cacheOf<string>({ maxBytes: 10, sizeOf: (value, key) => asked.push(`${key} ${value}`) })
  cache.set('k', 'v')
  cache.get('k')
  expect(asked).toEqual(['k v'])
})

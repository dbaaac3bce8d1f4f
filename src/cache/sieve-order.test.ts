import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { agree, orderSteps } from '../../test/support/order-steps.ts'
import { plainSieve } from '../../test/support/plain-orders.ts'
import { createCache } from './cache.ts'
import { NONE } from './order.ts'
import { SieveOrder } from './sieve-order.ts'

afterEach(() => vi.unstubAllGlobals())

/** An order with these keys, the first at the tail, in the slots 0, 1, 2 and so on. */
function sieveOf(...keys: readonly string[]): SieveOrder {
  const order = new SieveOrder(1_000)
  for (const [slot, key] of keys.entries()) order.add(key, slot)
  return order
}

describe('SIEVE', () => {
  it('evicts what the algorithm of its paper does on a plain array', () => {
    fc.assert(
      fc.property(orderSteps, fc.integer({ min: 1, max: 6 }), (steps, most) => {
        agree(new SieveOrder(most), plainSieve(), { steps, most })
      }),
      { numRuns: 500 },
    )
  })

  it('evicts the eldest that was never used, and goes on from there', () => {
    const order = sieveOf('a', 'b', 'c', 'd')
    order.use('a')
    order.use('c')
    expect([order.evict(), order.evict(), order.evict(), order.evict()]).toEqual([1, 3, 0, 2])
    expect([order.evict(), order.size]).toEqual([NONE, 0])
  })

  it('takes the marks of all of them away when all were used, and evicts the eldest', () => {
    const order = sieveOf('a', 'b', 'c')
    for (const key of ['a', 'b', 'c']) order.use(key)
    expect(order.evict()).toBe(0)
    expect(order.evict()).toBe(1)
  })

  it('goes on after the one on which its hand stood when that is removed', () => {
    const order = sieveOf('a', 'b', 'c', 'd')
    order.use('a')
    expect(order.evict()).toBe(1)
    order.remove('c')
    expect(order.evict()).toBe(3)
    expect(order.evict()).toBe(0)
  })

  it('does not let what is seen once push out what is used again', () => {
    const order = sieveOf('used')
    let evicted = NONE
    for (let n = 1; n <= 100; n += 1) {
      order.use('used')
      order.add(`once${n}`, n)
      if (n > 10) evicted = order.evict()
      expect(evicted).not.toBe(0)
    }
    expect(order.look('used')).toBe(0)
  })

  it('looks at each mark once: what evictions cost does not grow with what was evicted before', () => {
    const steps = { taken: 0 }
    class Counted extends Int32Array {
      constructor(length: number) {
        super(length)
        return new Proxy(this, {
          get(target, name) {
            if (typeof name === 'string' && /^\d+$/.test(name)) steps.taken += 1
            const value: unknown = Reflect.get(target, name, target)
            return typeof value === 'function' ? value.bind(target) : value
          },
        })
      }
    }
    vi.stubGlobal('Int32Array', Counted)
    const perEntry = [1_000, 10_000].map((entries) => {
      const order = new SieveOrder(entries)
      for (let slot = 0; slot < entries; slot += 1) order.add(`k${slot}`, slot)
      steps.taken = 0
      for (let n = 0; n < 3 * entries; n += 1) order.add(`n${n}`, order.evict())
      return steps.taken / entries
    })
    expect(perEntry[1]).toBeCloseTo(perEntry[0] ?? 0, 1)
    expect(perEntry[1]).toBeLessThan(20)
  })
})

describe('the arrays of SIEVE', () => {
  /** The lengths of the arrays that are made from now on. */
  function lengths(): number[] {
    const made: number[] = []
    for (const kind of [Int32Array, Uint8Array, Float64Array]) {
      const Recorded = class extends kind {
        constructor(length: number) {
          super(length)
          made.push(length)
        }
      }
      vi.stubGlobal(kind.name, Recorded)
    }
    return made
  }

  it('are not there in an empty cache of a million entries', () => {
    const made = lengths()
    const cache = createCache<number>({ maxEntries: 1_000_000, eviction: 'sieve' })
    expect(Math.max(...made)).toBe(0)
    cache.set('k', 1)
    expect(Math.max(...made)).toBe(16)
  })

  it('are doubled with the entries, never above what there may be, and let go of by a clear', () => {
    const made = lengths()
    const cache = createCache<number>({ maxEntries: 100, eviction: 'sieve' })
    for (let n = 0; n < 1_000; n += 1) cache.set(`k${n}`, n)
    expect([...new Set(made)]).toEqual([0, 16, 32, 64, 100])
    made.length = 0
    cache.clear()
    expect(made.length).toBeGreaterThan(0)
    expect(Math.max(...made)).toBe(0)
  })
})

describe('the share of hits', () => {
  /** Keys by Zipf's law, drawn by a generator that gives the same ones each time. */
  function* zipf(keys: number, requests: number): Iterable<string> {
    const sums: number[] = []
    for (let n = 1, sum = 0; n <= keys; n += 1) sums.push((sum += 1 / n))
    let seed = 42
    for (let n = 0; n < requests; n += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      const at = (seed / 2 ** 31) * (sums.at(-1) ?? 0)
      yield `k${sums.findIndex((sum) => at < sum)}`
    }
  }

  it('is higher than with the least recently used, where some keys are asked for much more than others', () => {
    const [sieve, lru] = (['sieve', 'lru'] as const).map((eviction) => {
      const cache = createCache<number>({ maxEntries: 20, eviction })
      for (const key of zipf(2_000, 20_000)) if (cache.get(key) === undefined) cache.set(key, 1)
      return cache.stats().hitRate
    })
    expect(sieve).toBeGreaterThan((lru ?? 1) + 0.06)
  })
})

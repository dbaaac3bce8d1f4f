import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { manualClock } from '../testing/index.ts'
import type { Generations } from './generations.ts'
import { IdMemory } from './id-memory.ts'

const W = 1_000

const MODES = ['strings', 'fingerprints'] as const

describe.each(MODES)('a set that forgets, of %s', (ids) => {
  const start = (): Generations => new IdMemory({ ids }).generations(W)

  it.each([
    [0, true],
    [W - 1, true],
    [2 * W - 1, true],
    [2 * W, false],
    [2 * W + 1, false],
    [10 * W, false],
  ])('asked %i ms after a member came as the first of its generation, says %s', (age, there) => {
    const set = start()
    set.add('a', 5)
    // Somebody else comes in between, so that the generations are turned one by one.
    for (let now = 5; now < 5 + age; now += W / 2) set.has('other', now)
    expect(set.has('a', 5 + age)).toBe(there)
  })

  it('keeps a member that came at the end of a generation for a whole window', () => {
    const set = start()
    set.add('first', 0)
    set.add('last', W - 1)
    expect(set.has('last', 2 * W - 2)).toBe(true)
    expect(set.has('last', 2 * W - 1)).toBe(true)
    expect(set.has('last', 2 * W)).toBe(false)
    expect(set.has('first', 2 * W)).toBe(false)
  })

  it('prolongs a member that is added again', () => {
    const set = start()
    expect(set.add('a', 0)).toBe(true)
    for (let now = W - 1; now < 20 * W; now += W - 1) expect(set.add('a', now)).toBe(false)
  })

  it('does not prolong a member that is only asked for', () => {
    const set = start()
    set.add('a', 0)
    for (let now = 0; now < 2 * W; now += 100) expect(set.has('a', now)).toBe(true)
    expect(set.has('a', 2 * W)).toBe(false)
  })

  it('counts a member of both generations once', () => {
    const set = start()
    for (const member of ['a', 'b', 'c']) set.add(member, 0)
    for (const member of ['b', 'c', 'd']) set.add(member, W)
    expect(set.size).toBe(4)
    set.has('a', 2 * W)
    expect(set.size).toBe(3)
  })

  it('holds nothing after two idle windows, once it is touched or counted', async () => {
    const clock = manualClock()
    const set = start()
    const now = clock.elapsed()
    for (let id = 0; id < 1_000; id += 1) set.add(`m${id}`, now)
    expect(set.sizeAt(clock)).toBe(1_000)
    await clock.tick(2 * W)
    expect(set.size).toBe(1_000)
    expect(set.sizeAt(clock)).toBe(0)
  })

  it('loses nothing by a clock that is set back, and keeps nothing for ever', () => {
    const set = start()
    set.add('old', 100 * W)
    set.add('new', 101 * W)
    for (const now of [50 * W, 50 * W + W - 1]) expect([set.has('old', now), set.has('new', now)]).toEqual([true, true])
    expect([set.has('old', 51 * W), set.has('new', 51 * W)]).toEqual([false, true])
    expect(set.has('new', 52 * W)).toBe(false)
  })

  it.each([0, 1, 15, 16, 17, 100, 4_095, 4_096, 200_000])('tells %i members from as many others', (count) => {
    const set = start()
    for (let id = 0; id < count; id += 1) if (!set.add(`m${id}`, 0)) expect.unreachable('taken for another one')
    expect(set.size).toBe(count)
    for (let id = 0; id < count; id += 1) {
      if (!set.has(`m${id}`, 0)) expect.unreachable('lost')
      if (set.has(`n${id}`, 0)) expect.unreachable('never added')
    }
  })

  const pause = fc.constantFrom(0, 1, W / 2, W - 1, W, W + 1, 2 * W - 1, 2 * W, 5 * W)
  // Long ones differ only where they would be cut off, or in what a server's encoding would lose.
  const long = 'x'.repeat(600)
  const member = fc.constantFrom('a', 'b', '', '\0', '\ud800', '\udc00', `${long}a`, `${long}b`, `${long}\ud800`)
  const step = fc.record({ pause, member, add: fc.boolean() })

  it('agrees with a model: there for at least one window, gone after two', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 10 * W }), (steps, start) => {
        const set = new IdMemory({ ids }).generations(W)
        const added = new Map<string, number>()
        let now = start
        for (const { pause, member, add } of steps) {
          now += pause
          const age = now - (added.get(member) ?? -Infinity)
          const there = add ? !set.add(member, now) : set.has(member, now)
          if (age < W) expect(there).toBe(true)
          if (age >= 2 * W) expect(there).toBe(false)
          if (add) added.set(member, now)
          const ages = [...added.values()].map((at) => now - at)
          expect(set.size).toBeGreaterThanOrEqual(ages.filter((age) => age < W).length)
          expect(set.size).toBeLessThanOrEqual(ages.filter((age) => age < 2 * W).length)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

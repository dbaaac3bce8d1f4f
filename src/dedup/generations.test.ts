import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Generations } from './generations.ts'

const W = 1_000

describe('a set that forgets', () => {
  it.each([
    [0, true],
    [W - 1, true],
    [2 * W, false],
    [2 * W + 1, false],
    [10 * W, false],
  ])('asked %i ms after a member came as the first of its generation, says %s', (age, there) => {
    const set = new Generations(W)
    set.add('a', 5)
    expect(set.has('a', 5 + age)).toBe(there)
  })

  it('keeps a member that came at the end of a generation for a whole window', () => {
    const set = new Generations(W)
    set.add('first', 0)
    set.add('last', W - 1)
    expect(set.has('last', 2 * W - 2)).toBe(true)
    expect(set.has('last', 2 * W - 1)).toBe(true)
    expect(set.has('last', 2 * W)).toBe(false)
    expect(set.has('first', 2 * W)).toBe(false)
  })

  it('prolongs a member that is added again', () => {
    const set = new Generations(W)
    expect(set.add('a', 0)).toBe(true)
    for (let now = W - 1; now < 20 * W; now += W - 1) expect(set.add('a', now)).toBe(false)
  })

  it('does not prolong a member that is only asked for', () => {
    const set = new Generations(W)
    set.add('a', 0)
    for (let now = 0; now < 2 * W; now += 100) expect(set.has('a', now)).toBe(true)
    expect(set.has('a', 2 * W)).toBe(false)
  })

  it('holds nothing after two idle windows', () => {
    const set = new Generations(W)
    for (let id = 0; id < 1_000; id += 1) set.add(`m${id}`, id)
    expect(set.size).toBe(1_000)
    set.has('any', 999 + 2 * W)
    expect(set.size).toBe(0)
  })

  it('forgets a member that is deleted, in whichever generation it is', () => {
    const set = new Generations(W)
    set.add('old', 0)
    set.add('new', W + 1)
    set.delete('old')
    set.delete('new')
    expect([set.has('old', W + 2), set.has('new', W + 2), set.size]).toEqual([false, false, 0])
  })

  const pause = fc.constantFrom(0, 1, W / 2, W - 1, W, W + 1, 2 * W - 1, 2 * W, 5 * W)
  const member = fc.constantFrom('a', 'b', 'c', '', '\0', '\ud800')
  const step = fc.record({ pause, member, add: fc.boolean() })

  it('agrees with a model: there for at least one window, gone after two', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 10 * W }), (steps, start) => {
        const set = new Generations(W)
        const added = new Map<string, number>()
        let now = start
        for (const { pause, member, add } of steps) {
          now += pause
          const age = now - (added.get(member) ?? -Infinity)
          const there = add ? !set.add(member, now) : set.has(member, now)
          if (age < W) expect(there).toBe(true)
          if (age >= 2 * W) expect(there).toBe(false)
          if (add) added.set(member, now)
        }
        expect(set.size).toBeLessThanOrEqual(2 * added.size)
      }),
      { numRuns: 2_000 },
    )
  })
})

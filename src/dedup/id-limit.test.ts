import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toldHost } from '../../test/support/dedup-probe.ts'
import { createIdMemory } from './id-memory.ts'

const W = 1_000

/** What both policies promise, as plainly as it can be said: who was added when, and the order of it. */
class Model {
  readonly added = new Map<string, number>()

  add(member: string, now: number): void {
    this.added.delete(member)
    this.added.set(member, now)
  }

  /** The youngest last. */
  alive(now: number): string[] {
    return [...this.added].filter(([, at]) => now - at < W).map(([member]) => member)
  }
}

describe.each(['strings', 'fingerprints'] as const)('a limit to a set of %s', (ids) => {
  const step = fc.record({
    pause: fc.constantFrom(0, 0, 0, 1, W / 2, W - 1, W, 2 * W),
    member: fc.integer({ min: 0, max: 20 }).map(String),
  })

  const made = (maxIds: number, onOverflow: 'forget' | 'reject') => {
    const told = toldHost()
    const memory = createIdMemory({ ids, maxIds, onOverflow }, { host: told.host, name: 'a', windowMs: W })
    return { ...told, limit: memory.limit, set: memory.generations(W) }
  }

  it('that forgets: keeps at least the newest half of what is allowed, never more than that, and counts the rest', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 9 }), (steps, maxIds) => {
        const { set, limit } = made(maxIds, 'forget')
        const model = new Model()
        let now = 0
        for (const { pause, member } of steps) {
          now += pause
          const youngest = model.alive(now).slice(-Math.floor(maxIds / 2))
          const all = model.alive(now)
          const fresh = set.add(member, now)
          if (youngest.includes(member)) expect(fresh).toBe(false)
          if (fresh && all.includes(member)) expect(limit.overflows).toBeGreaterThan(0)
          expect(set.size).toBeLessThanOrEqual(maxIds)
          model.add(member, now)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('that refuses: forgets nothing within its window, and takes nothing it has no room for', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 2, max: 9 }), (steps, maxIds) => {
        const { set, limit } = made(maxIds, 'reject')
        const model = new Model()
        let now = 0
        for (const { pause, member } of steps) {
          now += pause
          const known = set.has(member, now)
          if (model.alive(now).includes(member)) expect(known).toBe(true)
          const full = set.size >= maxIds
          const before = limit.overflows
          expect(set.add(member, now)).toBe(!known)
          expect(limit.overflows - before).toBe(full && !known ? 1 : 0)
          expect(set.has(member, now)).toBe(known || !full)
          expect(set.size).toBeLessThanOrEqual(maxIds)
          if (known || !full) model.add(member, now)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('answers for a member that it forgets in the same breath', () => {
    const { set, limit } = made(4, 'forget')
    for (const [member, now] of [
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 3],
    ] as const)
      expect(set.add(member, now)).toBe(true)
    expect(set.add('a', 4)).toBe(false)
    expect(limit.overflows).toBe(1)
    expect(['a', 'b', 'c', 'd'].filter((member) => set.has(member, 5))).toEqual(['a', 'c', 'd'])
  })

  it('tells a flood of overflows once in a window, with their number', () => {
    const { set, facts, limit } = made(4, 'reject')
    for (let id = 0; id < 104; id += 1) set.add(`m${id}`, 0)
    for (let id = 0; id < 104; id += 1) set.add(`m${id}`, W - 1)
    expect(limit.overflows).toBe(200)
    expect(facts).toEqual([{ name: 'dedup.overflow', of: 'a', reason: 'reject', count: 1 }])
    // The four were prolonged just now.
    set.add('one more', W)
    expect(facts.at(-1)).toEqual({ name: 'dedup.overflow', of: 'a', reason: 'reject', count: 200 })
  })

  it('is not overrun by an observer that comes back with another id', () => {
    const told: string[] = []
    const again = { ids, maxIds: 4, onOverflow: 'forget' } as const
    const host = {
      ...toldHost().host,
      observe: () => {
        told.push('told')
        set.add('from the observer', 0)
      },
    }
    const set = createIdMemory(again, { host, name: 'a', windowMs: W }).generations(W)
    for (let id = 0; id < 5; id += 1) set.add(`m${id}`, 0)
    expect(told).toEqual(['told'])
    expect([set.has('m4', 0), set.has('from the observer', 0), set.has('m0', 0)]).toEqual([true, true, false])
  })
})

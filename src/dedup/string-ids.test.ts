import { describe, expect, it } from 'vitest'
import { IdMemory } from './id-memory.ts'
import type { IdSet } from './id-set.ts'
import { stringIds } from './string-ids.ts'

const ids = Array.from({ length: 40_000 }, (_, at) => `wamid.${at * 7919}`)

describe.each([false, true])('strings, flattened: %j', (flatten) => {
  const kind = stringIds(new IdMemory({ flatten }))

  function remembersAll(set: IdSet<string>): void {
    let known = 0
    for (const [at, id] of ids.entries()) {
      if (set.has(id)) known += 1
      expect(set.add(id)).toBe(true)
      // The first and the newest, and not one more: also at the step from few to many.
      if (!set.has(ids[0] as string) || !set.has(id) || set.add(id) || set.size !== at + 1) expect.unreachable(id)
    }
    expect(known).toBe(0)
    expect(ids.filter((id) => !set.has(id) || set.add(id))).toEqual([])
    expect([set.size, set.has('wamid.1')]).toEqual([ids.length, false])
  }

  it('are all remembered, exactly, when they become many', () => remembersAll(kind.newSet(undefined)))

  it('are so too in a set that follows one of many, or of few', () => {
    const many = kind.newSet(undefined)
    for (const id of ids) many.add(id)
    remembersAll(kind.newSet(many))
    const few = kind.newSet(undefined)
    few.add('m1')
    remembersAll(kind.newSet(few))
  })
})

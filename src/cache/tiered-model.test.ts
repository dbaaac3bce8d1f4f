import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mood } from '../../test/support/tiers.ts'
import { KEYS, TAGS, World, type Act } from '../../test/support/tiers-world.ts'

const p = fc.nat(2)
const key = fc.constantFrom(...KEYS)
const tag = fc.constantFrom(...TAGS)

const acts = (moods: readonly Mood[]): fc.Arbitrary<Act[]> => {
  const mood = fc.record({ do: fc.constant('mood' as const), p, mood: fc.constantFrom(...moods) })
  const ms = fc.constantFrom(0, 1, 20, 100, 300, 1_100, 2_100, 5_000)
  const tick = fc.record({ do: fc.constant('tick' as const), ms })
  const one = fc.constantFrom('load', 'load', 'own', 'get', 'set', 'set-tagged', 'delete')
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.record({ do: one, p, key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('many', 'clear'), p }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('invalidate', 'expire'), p, tag }) },
      { weight: 2, arbitrary: mood },
      { weight: 7, arbitrary: tick },
    ),
    { minLength: 5, maxLength: 40 },
  )
}
const world = fc.record({
  bus: fc.boolean(),
  maxEntries: fc.constantFrom(1, 2, 100),
  mood: fc.constantFrom<Mood>('up', 'slow'),
})

describe('several processes on one store', () => {
  it('serve nothing as fresh that they replaced, at no time, and nothing that others did, for longer than is told', () =>
    fc.assert(
      fc.asyncProperty(world, acts(['up', 'slow']), async (options, list) => {
        const all = new World(options)
        await all.run(list)
        await all.recover()
        expect(all.wrong).toEqual([])
      }),
      { numRuns: 300 },
    ))

  it('also while the store fails in every way: all calls end in their time, and nobody finds later what was replaced', () =>
    fc.assert(
      fc.asyncProperty(world, acts(['up', 'slow', 'down', 'hangs', 'late']), async (options, list) => {
        const all = new World(options)
        await all.run(list)
        await all.recover()
        expect(all.wrong).toEqual([])
      }),
      { numRuns: 300 },
    ))
})

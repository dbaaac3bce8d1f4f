import fc from 'fast-check'
import { expect, it } from 'vitest'
import { poolWorld, type Step } from '../../test/support/pool-world.ts'

const pick = fc.nat(1_000)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('borrow' as const), signal: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), pick, ok: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), pick, broken: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release again' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(200) }) },
)

const steps = fc.array(step, { maxLength: 60 })

it('loses no slot, lends none twice, makes none too many, and serves in order, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const world = poolWorld()
      for (const next of plan) {
        await world.take(next)
        world.check()
      }
      await world.calmDown()
      // Every slot is there again: as many borrowers as there may be clients get one each.
      expect(await world.borrowAll()).toBe(world.maxClients)
      expect(await world.drain()).toEqual({ held: [] })
      expect(world.alive()).toBe(0)
    }),
    { numRuns: 300 },
  )
})

it('has a check that can fail: a client that is lent twice, and a borrower who is passed over, are noticed', async () => {
  const world = poolWorld()
  await world.take({ do: 'borrow', signal: false })
  await world.take({ do: 'settle', pick: 0, ok: true })
  world.check()
  world.borrowers.unshift({ ...world.borrowers[0], state: 'waiting' } as never)
  expect(() => world.check()).toThrow('passed over')
  world.borrowers[0] = { ...world.borrowers[1] } as never
  expect(() => world.check()).toThrow('twice')
})

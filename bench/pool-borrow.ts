/** The cost of the pools themselves: one borrower who never waits, and a thousand who do. */
import { setImmediate } from 'node:timers/promises'
import { compare, judge, type Candidate, type Comparison } from './harness.ts'
import { anyPool, MAX, ourPool, pgPool, tarnPool, type Lend } from './pool-peers.ts'

const TURNS = 1_000
const BORROWERS = 1_000

const pools: Readonly<Record<string, () => Lend>> = {
  'easymo pool': ourPool,
  'pg.Pool': pgPool,
  tarn: tarnPool,
  'generic-pool': anyPool,
}

async function oneByOne(lend: Lend): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await (await lend()).release()
}

/** Gives the order in which the borrowers were served. */
async function crowd(lend: Lend): Promise<number[]> {
  const served: number[] = []
  const borrow = async (index: number): Promise<void> => {
    const borrowed = await lend()
    served.push(index)
    await setImmediate()
    await borrowed.release()
  }
  await Promise.all(Array.from({ length: BORROWERS }, (_, index) => borrow(index)))
  return served
}

/** How often somebody was served before somebody who had come earlier; clients that are made at first may come in any order. */
const inversions = (served: readonly number[]): number =>
  served.slice(MAX).filter((index, at, rest) => at > 0 && index < (rest[at - 1] ?? 0)).length

function candidates(run: (lend: Lend) => Promise<unknown>, ops: number): Candidate[] {
  return Object.entries(pools).map(([name, make]) => {
    const lend = make()
    return { name, ops, run: () => run(lend) }
  })
}

export async function borrows(): Promise<Comparison[]> {
  const lend = ourPool()
  let unfair = 0
  for (let round = 0; round < 20; round += 1) unfair += inversions(await crowd(lend))
  return [
    await compare('acquire + release, nobody waits, all features on', candidates(oneByOne, TURNS), [
      { of: 'easymo pool', against: 'pg.Pool', atMost: 1 / 3 },
      { of: 'easymo pool', against: 'tarn', atMost: 1 / 6 },
      { of: 'easymo pool', against: 'generic-pool', atMost: 1 / 4 },
    ]),
    await compare('1000 borrowers on 10 clients, held for a setImmediate', candidates(crowd, BORROWERS), [
      { of: 'easymo pool', against: 'pg.Pool', atMost: 1 / 0.8 },
    ]),
    judge('20 x 1000 borrowers', [{ of: 'out of turn', value: unfair, unit: 'borrowers', atMost: 0 }]),
  ]
}

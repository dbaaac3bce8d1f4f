import { describe, expect, it } from 'vitest'
import { seeded } from '../../bench/random.ts'
import { realKey } from '../../test/support/protocol-claims.ts'
import { applied, newKey, type KeyAnswer, type KeyOp, type PlainKey } from '../../test/support/protocol-key.ts'
import { newWorld, type Rules, type World } from '../../test/support/protocol-state.ts'
import { steps } from '../../test/support/protocol-world.ts'

const TOKENS = ['t1', 't2', 't3']

/** Everything that can be asked about one key, and happen to it. */
const OPS: readonly KeyOp[] = [
  ...TOKENS.flatMap((token): KeyOp[] => [
    { op: 'claim', token },
    { op: 'begin', token },
    { op: 'renew', token, begun: false },
    { op: 'renew', token, begun: true },
    { op: 'renew', token, begun: 'written' },
    { op: 'end', token, as: 'done', ifNobody: false },
    { op: 'end', token, as: 'done', ifNobody: true },
    { op: 'end', token, as: 'dead', ifNobody: false },
    { op: 'end', token, as: 'dead', ifNobody: true },
    { op: 'release', token, begun: true },
    { op: 'release', token, begun: false },
  ]),
  { op: 'revive' },
  { op: 'pass' },
  { op: 'forget' },
]

/** Asks the plain key and the real one the same. @returns the plain one, as it is then */
function compared(path: readonly KeyOp[]): PlainKey {
  const [plain, real] = [newKey(), realKey()]
  for (const asked of path) {
    const [expected, answer] = [applied(plain, asked), real.apply(asked)]
    if (answer !== expected) expect(answer, JSON.stringify(path)).toBe(expected)
  }
  return plain
}

function isNew(seen: Set<string>, name: string): boolean {
  return seen.size < seen.add(name).size
}

describe('the claims in memory', () => {
  it('do what the rules of the port say, whatever is asked in whichever order, six deep', () => {
    let paths: (readonly KeyOp[])[] = [[]]
    const seen = new Set<string>()
    for (let depth = 0; depth < 6; depth += 1)
      paths = paths
        .flatMap((path) => OPS.map((asked) => [...path, asked]))
        .filter((path) => isNew(seen, JSON.stringify(compared(path))))
    expect(seen.size).toBeGreaterThan(150)
  })

  it('do so in long walks, too', () => {
    const random = seeded(11)
    const walk = (): readonly KeyOp[] =>
      Array.from({ length: 40 }, () => OPS[Math.floor(random() * OPS.length)] as KeyOp)
    for (let walks = 0; walks < 3_000; walks += 1) compared(walk())
  })
})

const NONE: World['left'] = { lost: 0, crashes: 0, passes: 0, forgets: 0, zombies: 0, revives: 0 }
const MAX_ATTEMPTS = 2
/** How long a walk is. */
const STEPS = 70

function rulesOver(key: PlainKey, killer: boolean, store = (asked: KeyOp): KeyAnswer => applied(key, asked)): Rules {
  return {
    maxAttempts: MAX_ATTEMPTS,
    killer,
    store,
    key: () => ({ ended: key.ended, holder: key.lease?.givenBack === false ? key.lease.token : undefined }),
  }
}

/** What tells two worlds apart: not the names of the tokens, which are never the same again. */
function nameOf(world: World, key: PlainKey): string {
  const names = new Map<string, number>()
  const named = (token: string): string => {
    if (!names.has(token)) names.set(token, names.size)
    return `#${names.get(token)}`
  }
  return JSON.stringify([world.owners, world.network, world.truth, world.left, key]).replace(/t\d+/g, named)
}

/** Goes through all that can happen, breadth first. @returns how many worlds there are */
function explored({ owners, left, killer, depth }: Walked & { readonly depth: number }): number {
  let worlds: string[] = [JSON.stringify([newWorld(owners, left), newKey()])]
  const seen = new Set<string>()
  for (let level = 0; level < depth && worlds.length > 0; level += 1)
    worlds = worlds
      .flatMap((saved) => after(saved, killer))
      .filter(({ name }) => isNew(seen, name))
      .map(({ world }) => world)
  return seen.size
}

/** Every world that may follow. */
function after(saved: string, killer: boolean): { readonly name: string; readonly world: string }[] {
  const load = (): [World, PlainKey] => JSON.parse(saved) as [World, PlainKey]
  const [first, firstKey] = load()
  return steps(first, rulesOver(firstKey, killer)).map((_, at) => {
    const [world, key] = load()
    steps(world, rulesOver(key, killer))[at]?.()
    return { name: nameOf(world, key), world: JSON.stringify([world, key]) }
  })
}

interface Walked {
  readonly owners: number
  readonly left: World['left']
  readonly killer: boolean
}

/** What becomes of so many walks at random, through all troubles at once. */
function walked(
  walks: number,
  storeOf: (key: PlainKey) => Rules['store'],
): { ran: number; parked: number; done: number } {
  const random = seeded(walks)
  const sum = { ran: 0, parked: 0, done: 0 }
  for (let walk = 0; walk < walks; walk += 1) {
    const key = newKey()
    const killer = walk % 4 === 0
    // What the store forgets of a killer may be as many runs more.
    const forgets = Number(!killer && walk % 5 === 1)
    const left = { lost: 4, crashes: 2, passes: 8, forgets, zombies: 1, revives: 0 }
    const world = newWorld(1 + (walk % 3), left)
    const rules = rulesOver(key, killer, storeOf(key))
    for (let step = 0; step < STEPS; step += 1) {
      const moves = steps(world, rules)
      // What processes do stands in front, and is done more often than what befalls them.
      const move = moves[Math.floor(random() ** 1.5 * moves.length)]
      if (move === undefined) break
      move()
    }
    sum.ran += world.truth.ran.length
    sum.parked += Number(world.truth.parked)
    sum.done += Number(world.truth.done)
  }
  return sum
}

describe('the protocol of a key', () => {
  it.each<[what: string, depth: number, walked: Walked]>([
    [
      'lost and late answers, and crashes',
      7,
      { owners: 2, killer: false, left: { ...NONE, lost: 2, crashes: 2, passes: 2 } },
    ],
    ['pauses longer than the lease, of three', 10, { owners: 3, killer: false, left: { ...NONE, passes: 3 } }],
    ['a killer', 24, { owners: 1, killer: true, left: { ...NONE, lost: 1, passes: 6 } }],
    ['two that meet a killer', 11, { owners: 2, killer: true, left: { ...NONE, lost: 1, passes: 5 } }],
    ['a store that forgets', 9, { owners: 2, killer: false, left: { ...NONE, passes: 1, forgets: 1, lost: 1 } }],
    [
      'runs that are given up and succeed late',
      12,
      { owners: 2, killer: false, left: { ...NONE, passes: 1, zombies: 2 } },
    ],
    ['what is parked and revived', 24, { owners: 1, killer: true, left: { ...NONE, passes: 4, revives: 1 } }],
  ])('keeps its promises in all that can happen: %s', (_, depth, where) => {
    expect(explored({ ...where, depth })).toBeGreaterThan(150)
  })

  it('keeps them in 50,000 walks through all troubles at once, over the claims that are used', () => {
    const seen = walked(50_000, (key) => {
      const real = realKey()
      return (asked) => {
        const [expected, answer] = [applied(key, asked), real.apply(asked)]
        if (answer !== expected) expect(answer, JSON.stringify(asked)).toBe(expected)
        return answer
      }
    })
    console.log('walks through the protocol', seen)
    for (const often of Object.values(seen)) expect(often).toBeGreaterThan(1_000)
  })

  it.each<[what: string, found: string, flaw: (key: PlainKey, asked: KeyOp) => void]>([
    ['counts a claim as a run', 'without', ({ lease }, { op }) => void (op === 'claim' && lease && (lease.runs += 1))],
    [
      'grants what somebody else holds',
      'not its own',
      ({ lease }, { op }) => void (op === 'claim' && lease && (lease.over = true)),
    ],
    [
      'never writes a begin',
      'killer',
      ({ lease }, { op }) => void (op === 'begin' && lease?.written && (lease.runs -= 1)),
    ],
  ])('would not be kept by a store that %s', (_, found, flaw) => {
    const store = (key: PlainKey) => (asked: KeyOp) => {
      if (asked.op === 'claim') flaw(key, asked)
      const answer = applied(key, asked)
      if (asked.op === 'begin') flaw(key, asked)
      return answer
    }
    expect(() => walked(20_000, store)).toThrow(found)
  })
})

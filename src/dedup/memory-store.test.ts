import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claimed, DedupStore, Ending } from '../core/dedup-store.ts'
import { claims, ends, won } from '../testing/dedup-store-case.ts'
import { dedupStoreContract, manualClock } from '../testing/index.ts'
import { memoryDedupStore } from './memory-store.ts'

describe('memoryDedupStore', () => {
  for (const { name, run } of dedupStoreContract)
    it(name, () => {
      const clock = manualClock()
      return run({ store: memoryDedupStore({ clock }), wait: (ms) => clock.tick(ms) })
    })

  it('forgets the runs of a failed key after an hour, unless told otherwise', async () => {
    const clock = manualClock()
    const store = memoryDedupStore({ clock })
    const fail = async (): Promise<readonly Claimed[]> => {
      const met = await store.claimMany(claims('t', 'a'), { leaseMs: 1_000 })
      await store.releaseMany([{ key: 'a', token: 't', begun: true }])
      return met
    }
    expect(await fail()).toEqual([won(0, 0)])
    await clock.tick(3_599_999)
    expect(await fail()).toEqual([won(1, 0)])
    await clock.tick(3_600_000)
    expect(await fail()).toEqual([won(0, 0)])
  })

  it('does not care about a wall clock that is set back or forward', async () => {
    const clock = manualClock()
    const store = memoryDedupStore({ clock })
    await store.claimMany(claims('t', 'leased', 'done'), { leaseMs: 1_000 })
    await store.completeMany(ends('done', 't', 'done'), { retentionMs: 1_000 })
    for (const epochMs of [0, 4_000_000_000_000]) {
      clock.set(epochMs)
      const met = await store.claimMany(claims('other', 'leased', 'done'), { leaseMs: 1_000 })
      expect(met.map(({ status }) => status)).toEqual(['leased', 'done'])
    }
  })

  it.each([
    [{ countsMs: 0 }, 'countsMs'],
    [{ clock: {} }, 'clock'],
    [{ windowMs: 5 }, 'windowMs'],
  ])('refuses %j', (options, named) => {
    expect(() => memoryDedupStore(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => memoryDedupStore(options as never)).toThrow(named)
  })
})

const LEASE_MS = 100
const RETENTION_MS = 1_000
const COUNTS_MS = 5_000

/** What a key may be, as plainly as it can be said. */
type State =
  | { readonly is: 'new' }
  | {
      readonly is: 'free'
      readonly by: string
      readonly since: number
      readonly runs: number
      readonly expired: number
    }
  | Leased
  | { readonly is: Ending; readonly since: number }

interface Leased {
  readonly is: 'leased'
  readonly token: string
  readonly until: number
  readonly runs: number
  readonly expired: number
  readonly written: boolean
}

/** What is asked of a key. */
type Asked =
  | { readonly do: 'claim' | 'begin'; readonly token: string }
  | { readonly do: 'renew'; readonly token: string; readonly begun: boolean | 'written' }
  | { readonly do: 'end'; readonly token: string; readonly as: Ending; readonly ifNobody: boolean }
  | { readonly do: 'release'; readonly token: string; readonly begun: boolean }
  | { readonly do: 'revive' }

type Step = readonly [answer: unknown, next: State]

const NEW: State = { is: 'new' }
const isOwned = (state: State, token: string): state is Leased => state.is === 'leased' && state.token === token
const isFree = (state: State, now: number): boolean =>
  state.is === 'new' || state.is === 'free' || (state.is === 'leased' && state.until <= now)
const countsOf = (state: State): { runs: number; expired: number } =>
  state.is === 'free' || state.is === 'leased' ? state : { runs: 0, expired: 0 }

/** The lease state machine. */
function stepped(state: State, asked: Asked, now: number): Step {
  switch (asked.do) {
    case 'claim':
      return claimed(state, asked.token, now)
    case 'begin': {
      if (!isOwned(state, asked.token)) return [false, state]
      return [true, { ...state, runs: state.runs + (state.written ? 0 : 1), written: true }]
    }
    case 'renew':
      return renewed(state, asked, now)
    case 'end': {
      const may = isOwned(state, asked.token) || (asked.as === 'done' && asked.ifNobody && isFree(state, now))
      return may ? [true, { is: asked.as, since: now }] : [false, state]
    }
    case 'release': {
      if (!isOwned(state, asked.token)) return [undefined, state]
      const runs = state.runs + (asked.begun ? 1 : 0) - (state.written ? 1 : 0)
      return [undefined, { is: 'free', by: asked.token, since: now, runs, expired: state.expired }]
    }
    case 'revive':
      return state.is === 'dead' ? [true, NEW] : [false, state]
  }
}

function claimed(state: State, token: string, now: number): Step {
  if (state.is === 'done' || state.is === 'dead') return [{ status: state.is }, state]
  const written = isOwned(state, token) && state.written
  const same: boolean = isOwned(state, token)
  if (state.is === 'leased' && !same && state.until > now)
    return [{ status: 'leased', leftMs: state.until - now }, state]
  const { runs, expired: before } = countsOf(state)
  const expired = before + (state.is === 'leased' && !same ? 1 : 0)
  return [won(runs, expired), { is: 'leased', token, until: now + LEASE_MS, runs, expired, written }]
}

function renewed(state: State, { token, begun }: Extract<Asked, { do: 'renew' }>, now: number): Step {
  const until = now + LEASE_MS
  if (isOwned(state, token)) return [true, { ...state, until }]
  const gaveBack = state.is === 'free' && state.by === token
  if (begun === false || gaveBack || !isFree(state, now)) return [false, state]
  const written = begun === 'written'
  const { runs, expired } = state.is === 'new' ? { runs: written ? 1 : 0, expired: 0 } : countsOf(state)
  return [true, { is: 'leased', token, until, runs, expired, written }]
}

/** Follows the store only where it has a choice: what is done is remembered for a retention at least, for two at most. */
class Model {
  readonly #states = new Map<string, State>()

  follows(key: string, asked: Asked, { now, answer }: { now: number; answer: unknown }): void {
    const steps = this.#possible(key, now).map((state) => stepped(state, asked, now))
    const taken = steps.find(([expected]) => isDeepStrictEqual(expected, answer))
    if (taken === undefined) expect([asked, answer]).toEqual([asked, steps[0]?.[0]])
    else this.#states.set(key, taken[1])
  }

  #possible(key: string, now: number): State[] {
    const state = this.#states.get(key) ?? NEW
    const since = state.is === 'leased' ? state.until : state.is === 'new' ? now : state.since
    const age = now - since
    // So long after the end of its lease, it is forgotten who had it.
    if (state.is === 'leased' || state.is === 'free') return [age >= COUNTS_MS ? NEW : state]
    if (state.is === 'dead') return [age >= RETENTION_MS ? NEW : state]
    if (state.is === 'done' && age >= RETENTION_MS) return age >= 2 * RETENTION_MS ? [NEW] : [state, NEW]
    return [state]
  }
}

/** The answers of the store, in the order of the keys. */
async function answered(store: DedupStore, keys: readonly string[], asked: Asked): Promise<readonly unknown[]> {
  const all = keys.map((key) => ({ key, ...asked }) as never)
  switch (asked.do) {
    case 'claim':
      return store.claimMany(all, { leaseMs: LEASE_MS })
    case 'begin':
      return store.beginMany(all)
    case 'renew':
      return store.renewMany(all, { leaseMs: LEASE_MS })
    case 'end':
      return store.completeMany(all, { retentionMs: RETENTION_MS })
    case 'release':
      await store.releaseMany(all)
      return keys.map(() => undefined)
    case 'revive':
      return store.reviveMany(keys)
  }
}

describe('the claims in memory', () => {
  const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
  const token = fc.constantFrom('t1', 't2', 't3')
  const ms = fc.constantFrom(1, LEASE_MS - 1, LEASE_MS, RETENTION_MS - 1, RETENTION_MS, 2 * RETENTION_MS, COUNTS_MS)
  const word = <W extends string>(of: W): fc.Arbitrary<W> => fc.constant(of)
  const begun = fc.boolean()
  const as = fc.constantFrom<Ending[]>('done', 'dead')
  const asked: fc.Arbitrary<Asked> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: word('claim'), token }) },
    { weight: 2, arbitrary: fc.record({ do: word('begin'), token }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: word('renew'),
        token,
        begun: fc.constantFrom<(boolean | 'written')[]>(false, true, 'written'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: word('end'), token, as, ifNobody: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: word('release'), token, begun }) },
    { weight: 1, arbitrary: fc.record({ do: word('revive') }) },
  )
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ keys, asked }) },
    { weight: 1, arbitrary: fc.record({ waitMs: ms }) },
  )

  it('agree with a model of the lease state machine', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = manualClock()
        const store = memoryDedupStore({ clock, countsMs: COUNTS_MS })
        const model = new Model()
        for (const one of steps) {
          if ('waitMs' in one) {
            await clock.tick(one.waitMs)
            continue
          }
          const now = clock.elapsed()
          const answers = await answered(store, one.keys, one.asked)
          expect(answers).toHaveLength(one.keys.length)
          one.keys.forEach((key, at) => model.follows(key, one.asked, { now, answer: answers[at] }))
        }
      }),
      { numRuns: 600 },
    )
  })
})

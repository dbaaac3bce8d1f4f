import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim, Ending } from '../core/dedup-store.ts'
import { dedupStoreContract, manualClock } from '../testing/index.ts'
import { memoryDedupStore } from './memory-store.ts'

describe('memoryDedupStore', () => {
  for (const { name, run } of dedupStoreContract)
    it(name, () => {
      const clock = manualClock()
      return run({ store: memoryDedupStore({ clock }), wait: (ms) => clock.tick(ms) })
    })

  it('forgets the attempts of a failed key after an hour, unless told otherwise', async () => {
    const clock = manualClock()
    const store = memoryDedupStore({ clock })
    const fail = async (): Promise<Claim[]> => {
      const claims = await store.claimMany(['a'], 't', 1_000)
      await store.releaseMany(['a'], 't')
      return claims
    }
    expect(await fail()).toEqual([{ status: 'won', attempt: 1 }])
    await clock.tick(3_599_999)
    expect(await fail()).toEqual([{ status: 'won', attempt: 2 }])
    await clock.tick(3_600_000)
    expect(await fail()).toEqual([{ status: 'won', attempt: 1 }])
  })

  it('does not care about a wall clock that is set back or forward', async () => {
    const clock = manualClock()
    const store = memoryDedupStore({ clock })
    await store.claimMany(['leased', 'done'], 't', 1_000)
    await store.completeMany(['done'], 't', { as: 'done', retentionMs: 1_000 })
    for (const epochMs of [0, 4_000_000_000_000]) {
      clock.set(epochMs)
      const claims = await store.claimMany(['leased', 'done'], 'other', 1_000)
      expect(claims.map((claim) => claim.status)).toEqual(['leased', 'done'])
    }
  })

  it.each([
    [{ attemptsMs: 0 }, 'attemptsMs'],
    [{ clock: {} }, 'clock'],
    [{ windowMs: 5 }, 'windowMs'],
  ])('refuses %j', (options, named) => {
    expect(() => memoryDedupStore(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => memoryDedupStore(options as never)).toThrow(named)
  })
})

const LEASE_MS = 100
const RETENTION_MS = 1_000
const ATTEMPTS_MS = 5_000

/** What a key may be, as plainly as it can be said. */
type State =
  | { readonly is: 'free'; readonly attempts: number; readonly since: number }
  | { readonly is: 'leased'; readonly token: string; readonly until: number; readonly attempts: number }
  | { readonly is: Ending; readonly since: number }

const NEW: State = { is: 'free', attempts: 0, since: 0 }

/** The lease state machine: new, leased, done, dead, free again. Follows the store only where it has a choice. */
class Model {
  readonly #states = new Map<string, State>()

  of(key: string): State {
    return this.#states.get(key) ?? NEW
  }

  claimed(key: string, token: string, { now, claim }: { now: number; claim: Claim }): void {
    const state = this.of(key)
    expect(this.#possible(state, now)).toContainEqual(claim)
    if (claim.status === 'won')
      this.#states.set(key, { is: 'leased', token, until: now + LEASE_MS, attempts: claim.attempt })
  }

  #possible(state: State, now: number): Claim[] {
    switch (state.is) {
      case 'free':
        return [{ status: 'won', attempt: now - state.since < ATTEMPTS_MS ? state.attempts + 1 : 1 }]
      case 'leased':
        if (now < state.until) return [{ status: 'leased', leftMs: state.until - now }]
        return [{ status: 'won', attempt: now - state.until < ATTEMPTS_MS ? state.attempts + 1 : 1 }]
      case 'done':
      case 'dead': {
        const age = now - state.since
        const forgotten: Claim[] = age < RETENTION_MS ? [] : [{ status: 'won', attempt: 1 }]
        return age < 2 * RETENTION_MS ? [{ status: state.is }, ...forgotten] : forgotten
      }
    }
  }

  /** Sets the next state of a key that the token owns; says whether it does. */
  owned(key: string, { token, now }: { token: string; now: number }, next: (attempts: number) => State): boolean {
    const state = this.of(key)
    // So long after the end of its lease, it is forgotten that a crashed owner had it.
    if (state.is !== 'leased' || state.token !== token || now - state.until >= ATTEMPTS_MS) return false
    this.#states.set(key, next(state.attempts))
    return true
  }
}

describe('the claims in memory', () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const keys = fc.uniqueArray(key, { maxLength: 3 })
  const token = fc.constantFrom('t1', 't2', 't3')
  const ms = fc.constantFrom(1, LEASE_MS - 1, LEASE_MS, RETENTION_MS - 1, RETENTION_MS, 2 * RETENTION_MS, ATTEMPTS_MS)
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), keys, token }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), keys, token }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('end' as const), keys, token, as: fc.constantFrom('done', 'dead') }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), keys, token }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms }) },
  )

  it('agree with a model of the lease state machine', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = manualClock()
        const store = memoryDedupStore({ clock, attemptsMs: ATTEMPTS_MS })
        const model = new Model()
        for (const one of steps) {
          const now = clock.elapsed()
          switch (one.do) {
            case 'claim': {
              const claims = await store.claimMany(one.keys, one.token, LEASE_MS)
              expect(claims).toHaveLength(one.keys.length)
              claims.forEach((claim, at) => model.claimed(String(one.keys[at]), one.token, { now, claim }))
              break
            }
            case 'renew':
              expect(await store.renewMany(one.keys, one.token, LEASE_MS)).toEqual(
                one.keys.map((key) =>
                  model.owned(key, { token: one.token, now }, (attempts) => ({
                    is: 'leased',
                    token: one.token,
                    until: now + LEASE_MS,
                    attempts,
                  })),
                ),
              )
              break
            case 'end': {
              const as = one.as
              expect(await store.completeMany(one.keys, one.token, { as, retentionMs: RETENTION_MS })).toEqual(
                one.keys.map((key) => model.owned(key, { token: one.token, now }, () => ({ is: as, since: now }))),
              )
              break
            }
            case 'release':
              await store.releaseMany(one.keys, one.token)
              for (const key of one.keys)
                model.owned(key, { token: one.token, now }, (attempts) => ({ is: 'free', attempts, since: now }))
              break
            case 'wait':
              await clock.tick(one.ms)
          }
        }
      }),
      { numRuns: 400 },
    )
  })
})

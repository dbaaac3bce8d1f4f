import { describe, expect, it } from 'vitest'
import type { Deed, Event } from '../torture/history.ts'
import { judge, type Counts, type Verdict } from '../torture/judge.ts'

const ID = 'u1'
const DRIVER = 1
const [FIRST, SECOND] = [{ pid: 11, token: 't1' }, { pid: 22, token: 't2' }] // prettier-ignore

type Owner = typeof FIRST
/** A step of a forged history; each comes 100 ms after the one before it. */
type Step = Deed & { readonly pid: number }

const won = (by: Owner, attempt = 1): Step => ({ what: 'won', id: ID, attempt, ...by })
const effect = (by: Owner): Step => ({ what: 'effect', id: ID, ...by })
const start = (by: Owner): Step => ({ what: 'start', id: ID, ...by })
const kept = (by: Owner): Step => ({ what: 'kept', id: ID, ...by })
const told = ({ pid }: Owner, status: string): Step => ({ what: 'told', id: ID, status, pid })
const dies = ({ pid }: Owner): Step => ({ what: 'dies', pid })
const killed = ({ pid }: Owner): Step => ({ what: 'killed', victim: pid, pid: DRIVER })
const missed = ({ pid }: Owner, since: number): Step => ({ what: 'missed', since, pid })
const trouble = (since: number, kind = 'freeze'): Step => ({ what: 'trouble', kind, since, pid: DRIVER })
const settled: Step = { what: 'settled', pid: DRIVER }
const sent: Step = { what: 'sent', ids: [ID], pid: DRIVER }

const all = (by: Owner, attempt = 1): Step[] => [won(by, attempt), start(by), effect(by), kept(by), told(by, 'done')]
const judged = (...steps: readonly Step[]): Verdict =>
  judge([sent, ...steps].map((step, at): Event => ({ at: at * 100, ...step })))
const rules = (...steps: readonly Step[]): string[] => judged(...steps).violations.map(({ rule }) => rule)
const counts = (...steps: readonly Step[]): Counts => judged(...steps).counts

describe('a history is fine', () => {
  it('when an update was done once, and all who asked were told so', () => {
    const verdict = judged(...all(FIRST), told(SECOND, 'in-progress'), told(SECOND, 'duplicate'), settled)
    expect(verdict.violations).toEqual([])
    expect(verdict.counts).toMatchObject({ ids: 1, effects: 1, once: 1, claims: 1, kills: 0 })
  })

  it('when a try failed before', () => {
    expect(rules(won(FIRST), start(FIRST), told(FIRST, 'failed'), ...all(SECOND, 2))).toEqual([])
  })

  it.each([
    ['ended itself', dies(FIRST)],
    ['was killed', killed(FIRST)],
  ])('when it was done again because the process that did it %s before the end was confirmed', (_, death) => {
    const steps = [won(FIRST), start(FIRST), effect(FIRST), death, ...all(SECOND, 2)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({
      once: 0,
      againAfterKill: 1,
      againAfterTrouble: 0,
      kills: 1,
      killsBetween: 1,
    })
  })

  it('when it was done again because a living process could not reach the store', () => {
    const steps = [won(FIRST), effect(FIRST), trouble(250), missed(FIRST, 250), ...all(SECOND, 2)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({ againAfterKill: 0, againAfterTrouble: 1, troubles: 1, missedCalls: 1 })
  })

  it('when the one that lost its claim in a trouble did its effect last', () => {
    expect(rules(won(FIRST), trouble(150), missed(FIRST, 150), ...all(SECOND, 2), effect(FIRST))).toEqual([])
  })

  it('when a claim was won back to write its end down', () => {
    const lost = [
      won(FIRST),
      effect(FIRST),
      trouble(250),
      missed(FIRST, 250),
      won(SECOND, 2),
      effect(SECOND),
      dies(SECOND),
    ]
    expect(rules(...lost, won(FIRST, 3), kept(FIRST), told(FIRST, 'done'))).toEqual([])
  })
})

describe('a history is not fine', () => {
  it('when an update was never done', () => {
    expect(rules(won(FIRST), start(FIRST), told(FIRST, 'failed'))).toEqual(['lost', 'never answered as done'])
    expect(rules()).toEqual(['lost', 'never answered as done'])
  })

  it('when it was done, and never answered so', () => {
    expect(rules(won(FIRST), effect(FIRST), kept(FIRST), told(FIRST, 'in-progress'))).toEqual([
      'never answered as done',
    ])
  })

  it.each(['done', 'duplicate'])('when it was answered as %s before it was done', (status) => {
    expect(rules(won(FIRST), told(SECOND, status), effect(FIRST), kept(FIRST))).toEqual(['answered before it was done'])
  })

  it('when it was done again after its end was confirmed, whatever happened between', () => {
    const steps = [...all(FIRST), dies(FIRST), trouble(250), missed(FIRST, 250), ...all(SECOND, 2)]
    expect(rules(...steps)).toEqual(['done again though its end was confirmed'])
  })

  it('when the end of a claim is confirmed after somebody else was granted it', () => {
    expect(rules(won(FIRST), effect(FIRST), dies(FIRST), ...all(SECOND, 2), kept(FIRST))).toEqual([
      'done again though its end was confirmed',
    ])
  })

  it.each([
    ['without any reason', []],
    ['with a trouble that nobody noticed', [trouble(250)]],
    ['with a call that failed without a trouble', [missed(FIRST, 250)]],
    ['with a call that failed in another process', [trouble(250), missed(SECOND, 250)]],
    ['with nothing but a slow network', [trouble(250, 'latency'), missed(FIRST, 250)]],
    ['with the death of another process', [dies(SECOND)]],
  ])('when it was done again %s', (_, between) => {
    expect(rules(won(FIRST), effect(FIRST), ...between, ...all({ pid: 33, token: 't3' }, 2))).toEqual([
      'done again without an excuse',
    ])
  })

  it('when the reason came before the claim, or after the claim of the other one', () => {
    const early = [trouble(0), missed(FIRST, 0), won(FIRST), effect(FIRST), ...all(SECOND, 2)]
    const late = [won(FIRST), effect(FIRST), ...all(SECOND, 2), trouble(850), missed(FIRST, 850), dies(FIRST)]
    for (const steps of [early, late]) expect(rules(...steps)).toEqual(['done again without an excuse'])
  })

  it('when two had the claim at once', () => {
    expect(
      rules(won(FIRST), won(SECOND, 2), effect(FIRST), effect(SECOND), kept(SECOND), told(SECOND, 'done')),
    ).toEqual(['done again without an excuse'])
  })

  it('when the third time has no excuse, though the second one has', () => {
    const third = { pid: 33, token: 't3' }
    const steps = [won(FIRST), effect(FIRST), dies(FIRST), won(SECOND, 2), effect(SECOND), ...all(third, 3)]
    expect(rules(...steps)).toEqual(['done again without an excuse'])
  })

  it('when it was done twice under one claim, or without one', () => {
    expect(rules(won(FIRST), effect(FIRST), ...all(FIRST).slice(1))).toContain('done twice under one claim')
    expect(rules(effect(FIRST), kept(FIRST), told(FIRST, 'done'))).toEqual(['done without a claim'])
  })

  it('when two claims were counted as the same attempt', () => {
    const steps = [won(FIRST), effect(FIRST), dies(FIRST), ...all(SECOND, 1)]
    expect(rules(...steps)).toEqual(['granted twice as the same attempt'])
  })

  it('when it was done after everything was settled', () => {
    const steps = [won(FIRST), effect(FIRST), told(FIRST, 'done'), dies(FIRST), settled, ...all(SECOND, 2)]
    expect(rules(...steps)).toEqual(['done after everything was settled'])
  })
})

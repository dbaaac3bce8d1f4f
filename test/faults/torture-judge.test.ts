import { describe, expect, it } from 'vitest'
import type { Deed, Event, Moment } from '../torture/history.ts'
import { judge, type Counts, type Verdict } from '../torture/judge.ts'

const ID = 'u1'
const KILLER = 'u2'
const DRIVER = 1
const [FIRST, SECOND] = [{ pid: 11, token: 't1' }, { pid: 22, token: 't2' }] // prettier-ignore
const LEASE_MS = 1_000
const HANDLE_TIMEOUT_MS = 5_000
const MAX_ATTEMPTS = 3

type Owner = typeof FIRST
/** A step of a forged history; each comes 100 ms after the one before it, unless it says when it does. */
type Step = Deed & { readonly pid: number; readonly at?: number; readonly wall?: number }

const asked = (at: number, wall = at): Moment => ({ at, wall })
const won = (by: Owner, at = 100, id = ID): Step => ({
  ...{ what: 'won', id, runs: 0, expired: 0, asked: asked(at), at, ...by },
})
const renewed = (by: Owner, at: number): Step => ({ what: 'renewed', id: ID, asked: asked(at), at, ...by })
const start = (by: Owner, at: number, id = ID): Step => ({ what: 'start', id, at, ...by })
const effect = (by: Owner, at: number): Step => ({ what: 'effect', id: ID, at, ...by })
const kept = (by: Owner, at: number): Step => ({ what: 'kept', id: ID, asked: asked(at), at, ...by })
const lost = (by: Owner, at: number): Step => ({ what: 'lost', id: ID, at, ...by })
const gave = (by: Owner, at: number): Step => ({ what: 'gave', id: ID, at, ...by })
const begin = (by: Owner, at: number, id = ID): Step => ({ what: 'begin', id, at, ...by })
const counted = (by: Owner, at: number, id = ID): Step => ({ what: 'counted', id, at, ...by })
const parked = (by: Owner, at: number): Step => ({ what: 'parked', id: ID, at, ...by })
const told = ({ pid }: Owner, status: string, at: number): Step => ({ what: 'told', id: ID, status, pid, at })
const dies = ({ pid }: Owner, at: number): Step => ({ what: 'dies', pid, at })
const killed = ({ pid }: Owner, at: number): Step => ({ what: 'killed', victim: pid, pid: DRIVER, at })
const missed = ({ pid }: Owner, since: number): Step => ({ what: 'missed', since, pid, at: since + 50 })
const trouble = (kind: string, [since, at]: readonly [number, number], victim?: number): Step => ({
  ...{ what: 'trouble', kind, since, at, pid: DRIVER, ...(victim !== undefined && { victim }) },
})
const settled = (at: number): Step => ({ what: 'settled', pid: DRIVER, at })

const SENT: Step = { what: 'sent', ids: [ID], pid: DRIVER, at: 0 }
const TERMS: Step = {
  ...{ what: 'terms', leaseMs: LEASE_MS, handleTimeoutMs: HANDLE_TIMEOUT_MS, maxAttempts: MAX_ATTEMPTS },
  ...{ killers: [KILLER], pid: DRIVER, at: 0 },
}

/** A claim that is granted at that moment, and all that follows, a millisecond each. */
const all = (by: Owner, at = 100): Step[] => [
  ...[won(by, at), start(by, at + 1), effect(by, at + 2), kept(by, at + 3), told(by, 'done', at + 4)],
]
/** As far as the effect. */
const some = (by: Owner, at = 100): Step[] => all(by, at).slice(0, 3)

const judged = (...steps: readonly Step[]): Verdict =>
  judge([TERMS, SENT, ...steps].map((step): Event => ({ at: 0, wall: step.at ?? 0, ...step })))
const rules = (...steps: readonly Step[]): string[] => judged(...steps).violations.map(({ rule }) => rule)
const counts = (...steps: readonly Step[]): Counts => judged(...steps).counts

/** The second claim is granted after the first one's lease is over. */
const LATER = 1_500

describe('a history is fine', () => {
  it('when an update was done once, and all who asked were told so', () => {
    const verdict = judged(
      ...all(FIRST),
      told(SECOND, 'in-progress', 200),
      told(SECOND, 'duplicate', 300),
      settled(400),
    )
    expect(verdict.violations).toEqual([])
    expect(verdict.counts).toMatchObject({ ids: 1, effects: 1, once: 1, claims: 1, kills: 0 })
  })

  it('when a try failed before', () => {
    const failed = [won(FIRST), start(FIRST, 101), gave(FIRST, 102), told(FIRST, 'failed', 103)]
    expect(rules(...failed, ...all(SECOND, 200))).toEqual([])
  })

  it.each([
    ['ended itself', dies(FIRST, 200)],
    ['was killed', killed(FIRST, 200)],
  ])('when it was done again because the process that did it %s before the end was confirmed', (_, death) => {
    const steps = [...some(FIRST), death, ...all(SECOND, LATER)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({ once: 0, againAfterKill: 1, againAfterTrouble: 0, killsBetween: 1 })
  })

  it.each(['freeze', 'cut'])('when it was done again because of a %s that the living process noticed', (kind) => {
    const steps = [...some(FIRST), trouble(kind, [250, 1_400], FIRST.pid), missed(FIRST, 250), ...all(SECOND, LATER)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({ againAfterKill: 0, againAfterTrouble: 1, troubles: 1, missedCalls: 1 })
  })

  it('when it was done again because its process stood still for longer than the lease in the middle of it', () => {
    const steps = [won(FIRST), start(FIRST, 101), trouble('pause', [110, 1_600], FIRST.pid), ...all(SECOND, LATER)]
    expect(rules(...steps, lost(FIRST, 1_700), effect(FIRST, 1_800))).toEqual([])
    expect(counts(...steps, lost(FIRST, 1_700), effect(FIRST, 1_800))).toMatchObject({
      ...{ againAfterTrouble: 1, lostRunning: 1, lostUnbegun: 0 },
    })
  })

  it('when one that stood still lost its lease before it began, and did not begin', () => {
    const steps = [won(FIRST), trouble('pause', [110, 1_600], FIRST.pid), ...all(SECOND, LATER), lost(FIRST, 1_700)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({ lostUnbegun: 1, lostRunning: 0 })
  })

  it('when it was done again because the store had forgotten it, before or after its end was confirmed', () => {
    for (const first of [some(FIRST), all(FIRST)]) {
      const steps = [...first, trouble('flush', [200, 210]), ...all(SECOND, 300)]
      expect(rules(...steps)).toEqual([])
      expect(counts(...steps)).toMatchObject({ againAfterForgetting: 1 })
    }
  })

  it('when it was done again because the first run had taken longer than it may', () => {
    const zombie = [won(FIRST), start(FIRST, 101), ...[1, 2, 3, 4, 5].map((nr) => renewed(FIRST, nr * 900))]
    const steps = [...zombie, gave(FIRST, 5_200), ...all(SECOND, 5_300), effect(FIRST, 6_000)]
    expect(rules(...steps)).toEqual([])
    expect(counts(...steps)).toMatchObject({ againAfterTimeout: 1 })
  })

  it('when a run goes on past its lease by renewals, and begins after one', () => {
    const steps = [won(FIRST), renewed(FIRST, 900), start(FIRST, 1_700), renewed(FIRST, 1_750), effect(FIRST, 2_000)]
    expect(rules(...steps, kept(FIRST, 2_100), told(FIRST, 'done', 2_101))).toEqual([])
  })

  it('when the end of a lost run was written after the lease of the second one was over, too', () => {
    const cut = [...some(FIRST), trouble('cut', [150, 1_400], FIRST.pid), missed(FIRST, 250)]
    const second = [...some(SECOND, LATER), dies(SECOND, 1_600)]
    expect(rules(...cut, ...second, kept(FIRST, 2_600), told(FIRST, 'done', 2_700))).toEqual([])
  })

  it('when it was parked after as many runs as it may have, and after that answered as dead', () => {
    const third = { pid: 33, token: 't3' }
    const tries = [FIRST, SECOND, third].flatMap((by, nr) => [
      ...[won(by, nr * 100), start(by, nr * 100 + 1), gave(by, nr * 100 + 2)],
    ])
    expect(rules(...tries, parked(third, 400), told(third, 'dead', 401))).toEqual([])
    expect(counts(...tries, parked(third, 400))).toMatchObject({ parked: 1, parkedKillers: 0 })
  })
})

describe('a history is not fine', () => {
  it('when an update was never done', () => {
    const failed = [won(FIRST), start(FIRST, 101), told(FIRST, 'failed', 102)]
    for (const steps of [failed, []]) expect(rules(...steps)).toEqual(['lost', 'never answered as ended'])
  })

  it('when it was done, and never answered so', () => {
    expect(rules(...all(FIRST).slice(0, 4), told(FIRST, 'in-progress', 300))).toEqual(['never answered as ended'])
  })

  it.each(['done', 'duplicate'])('when it was answered as %s before it was done', (status) => {
    const steps = [won(FIRST), told(SECOND, status, 101), start(FIRST, 102), effect(FIRST, 103), kept(FIRST, 104)]
    expect(rules(...steps)).toEqual(['answered before it was done'])
  })

  it('when it was answered as dead, and nobody parked it', () => {
    expect(rules(...all(FIRST), told(SECOND, 'dead', 300))).toEqual(['answered as dead before it was parked'])
  })

  it('when it was done again after its end was confirmed, whatever happened between', () => {
    const between = [dies(FIRST, 250), trouble('freeze', [260, 1_400]), missed(FIRST, 270)]
    const steps = [...all(FIRST), ...between, ...all(SECOND, LATER)]
    expect(rules(...steps)).toEqual(['done again though its end was confirmed'])
  })

  it('when the store had forgotten before its end was confirmed, and it was done again after that', () => {
    const steps = [won(FIRST), trouble('flush', [110, 120]), start(FIRST, 130), effect(FIRST, 140), kept(FIRST, 150)]
    expect(rules(...steps, ...all(SECOND, LATER))).toEqual(['done again though its end was confirmed'])
  })

  it.each([
    ['without any reason', []],
    ['with a trouble that nobody noticed', [trouble('freeze', [150, 1_400])]],
    ['with a call that failed without a trouble', [missed(FIRST, 250)]],
    ['with a call that failed in another process', [trouble('freeze', [150, 1_400]), missed(SECOND, 250)]],
    ['with another process cut off', [trouble('cut', [150, 1_400], SECOND.pid), missed(FIRST, 250)]],
    ['with another process that stood still', [trouble('pause', [150, 1_400], SECOND.pid)]],
    ['with a pause too short to lose a lease', [trouble('pause', [150, 600], FIRST.pid)]],
    ['with nothing but a slow network', [trouble('latency', [150, 1_400]), missed(FIRST, 250)]],
    ['with the death of another process', [dies(SECOND, 200)]],
  ])('when it was done again %s', (_, between) => {
    expect(rules(...some(FIRST), ...between, ...all({ pid: 33, token: 't3' }, LATER))).toEqual([
      'done again without an excuse',
    ])
  })

  it('when the reason came before the run, or after the claim of the other one', () => {
    const early = [trouble('freeze', [0, 50]), missed(FIRST, 0), ...some(FIRST), ...all(SECOND, LATER)]
    const late = [trouble('freeze', [1_600, 1_900]), missed(FIRST, 1_650), dies(FIRST, 1_950)]
    for (const steps of [early, [...some(FIRST), ...all(SECOND, LATER), ...late]])
      expect(rules(...steps)).toEqual(['done again without an excuse'])
  })

  it('when a run that had not begun was excused by the pause before it', () => {
    const steps = [won(FIRST), trouble('pause', [110, 1_100], FIRST.pid), start(FIRST, 1_150), effect(FIRST, 1_160)]
    expect(rules(...steps, ...all(SECOND, LATER))).toEqual(['done again without an excuse'])
  })

  it('when two had the lease at once', () => {
    const early = [...some(FIRST), dies(FIRST, 200), ...all(SECOND, 900)]
    const renewedLate = [...some(FIRST), renewed(FIRST, 900), dies(FIRST, 950), ...all(SECOND, LATER)]
    for (const steps of [early, renewedLate])
      expect(rules(...steps)).toContain('granted while the lease of another one went on')
  })

  it('when an end was written while the lease of another one went on', () => {
    const steps = [...some(FIRST), dies(FIRST, 200), won(SECOND, LATER), kept(FIRST, 1_600), start(SECOND, 1_610)]
    expect(rules(...steps, gave(SECOND, 1_620), told(SECOND, 'done', 1_700))).toEqual([
      'ended while the lease of another one went on',
    ])
  })

  it.each([
    ['the monotonic clock', asked(100)],
    // One that stood still with its machine.
    ['the clock on the wall', asked(1_300, 100)],
  ])('when it was begun after its lease had run out by %s', (_, moment) => {
    const claim: Step = { ...won(FIRST, 1_300), asked: moment } as Step
    const steps = [claim, start(FIRST, 1_400), effect(FIRST, 1_410), kept(FIRST, 1_420), told(FIRST, 'done', 1_430)]
    expect(rules(...steps)).toEqual(['begun though the lease must have been known to be lost'])
  })

  it('when it was begun after the store had said that its lease is lost', () => {
    const steps = [won(FIRST), lost(FIRST, 150), start(FIRST, 200), effect(FIRST, 201), told(FIRST, 'done', 300)]
    expect(rules(...steps)).toEqual(['begun though the lease was known to be lost'])
    const regained = [won(FIRST), lost(FIRST, 150), renewed(FIRST, 160), ...steps.slice(2)]
    expect(rules(...regained)).toEqual([])
  })

  it('when it was parked, and no run of it had begun', () => {
    const begins = ['t1', 't2', 't3'].map((token, nr) => begin({ pid: FIRST.pid, token }, 110 + nr))
    const steps = [won(FIRST), ...begins, parked(FIRST, 150), start(FIRST, 160), told(FIRST, 'dead', 170)]
    expect(rules(...steps)).toEqual(['parked without a begun run'])
  })

  it('when it was parked after fewer runs than it may have', () => {
    const steps = [won(FIRST), start(FIRST, 101), gave(FIRST, 102), parked(FIRST, 150), told(FIRST, 'dead', 170)]
    expect(rules(...steps)).toEqual(['parked before so many runs had begun as it may have'])
    const begun = ['t2', 't3'].map((token, nr) => begin({ pid: FIRST.pid, token }, 110 + nr))
    expect(rules(...steps, ...begun)).toEqual([])
  })

  it('when a killer ran more often than begins can tell', () => {
    const runs = (count: number, more: (by: Owner, at: number) => Step[] = () => []): Step[] =>
      Array.from({ length: count }, (_, nr): Step[] => {
        const [by, at] = [{ pid: 100 + nr, token: `k${nr}` }, nr * 2_000]
        return [won(by, at, KILLER), ...more(by, at), start(by, at + 2, KILLER), dies(by, at + 3)]
      }).flat()
    const ofKiller = (...steps: readonly Step[]): string[] =>
      judged(...all(FIRST), ...steps)
        .violations.filter(({ id }) => id === KILLER)
        .map(({ rule }) => rule)
    const uncounted = (by: Owner, at: number): Step[] => [begin(by, at + 1, KILLER)]
    const allCounted = (by: Owner, at: number): Step[] => [...uncounted(by, at), counted(by, at + 1, KILLER)]
    expect(ofKiller(...runs(5, allCounted))).not.toContain('a killer ran too often')
    expect(ofKiller(...runs(6, allCounted))).toContain('a killer ran too often')
    expect(ofKiller(...runs(6, uncounted))).not.toContain('a killer ran too often')
    // What was forgotten is counted anew.
    expect(ofKiller(...runs(6, allCounted), trouble('flush', [3_000, 3_100]))).not.toContain('a killer ran too often')
    expect(ofKiller(...runs(11, allCounted), trouble('flush', [3_000, 3_100]))).toContain('a killer ran too often')
  })

  it('when the third time has no excuse, though the second one has', () => {
    const third = { pid: 33, token: 't3' }
    const steps = [...some(FIRST), dies(FIRST, 200), ...some(SECOND, LATER), ...all(third, 3_000)]
    expect(rules(...steps)).toEqual(['done again without an excuse'])
  })

  it('when it was done twice under one claim, or without one', () => {
    expect(rules(...some(FIRST), ...all(FIRST, 200).slice(1))).toContain('done twice under one claim')
    expect(rules(effect(FIRST, 100), kept(FIRST, 101), told(FIRST, 'done', 102))).toEqual(['done without a claim'])
  })

  it('when it was begun after everything was settled', () => {
    const steps = [...some(FIRST), told(FIRST, 'done', 150), dies(FIRST, 200), settled(300), ...all(SECOND, LATER)]
    expect(rules(...steps)).toEqual(['begun after everything was settled'])
  })
})

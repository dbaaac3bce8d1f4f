import { afterEach, describe, expect, it, vi } from 'vitest'
import { toldHost } from '../../test/support/dedup-probe.ts'
import { createIdLimit, NO_LIMIT } from './id-limit.ts'
import { Leases, type Lease } from './leases.ts'

const HOUR = 3_600_000

const lease = (until: number): Lease => ({ token: 't', until, givenBack: false, runs: 0, expired: 0, written: false })

/** Claims so many keys, one a millisecond, which end after a second unless they are given back. */
function take(leases: Leases, count: number, { from = 0, now = 0 } = {}): void {
  for (let at = 0; at < count; at += 1) leases.put(`m${from + at}`, lease(now + at + 1_000), now + at)
}

describe('leases in memory', () => {
  afterEach(() => vi.restoreAllMocks())

  it('of crashed owners are swept once their counts are out of date, a few at each claim', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    take(leases, 10_000)
    expect(leases.size).toBe(10_000)
    // Two are looked at for each that comes, those that just came among them.
    take(leases, 20_000, { from: 10_000, now: 2 * HOUR })
    expect(leases.size).toBe(20_000)
  })

  it('of failures that nobody sends again are swept too', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    for (let at = 0; at < 10_000; at += 1) {
      take(leases, 1, { from: at })
      const taken = leases.get(`m${at}`, 0)
      if (taken !== undefined) leases.giveBack(taken, 0)
    }
    expect(leases.size).toBe(0)
    const gone = vi.spyOn(Map.prototype, 'delete')
    take(leases, 20_000, { from: 10_000, now: 2 * HOUR })
    expect(new Set(gone.mock.calls.map(([name]) => name as string)).size).toBeGreaterThanOrEqual(10_000)
    expect(leases.size).toBe(20_000)
  })

  it('that live are never swept, however long they are renewed', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    take(leases, 100)
    for (let hour = 1; hour <= 5; hour += 1) {
      for (let at = 0; at < 100; at += 1) {
        const taken = leases.get(`m${at}`, hour * HOUR - 1)
        if (taken !== undefined) taken.until = hour * HOUR + 1
      }
      take(leases, 300, { from: 1_000 * hour, now: hour * HOUR })
    }
    for (let at = 0; at < 100; at += 1) expect(leases.get(`m${at}`, 5 * HOUR)?.token).toBe('t')
  })

  it('are looked through from where the last look ended: a look from the front steps over all that was deleted there', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    take(leases, 1_000)
    const looks = vi.spyOn(Map.prototype, 'entries')
    for (let at = 1_000; at < 51_000; at += 1) {
      take(leases, 1, { from: at })
      leases.delete(`m${at}`)
    }
    // Two of a thousand for each claim: a look from the front in five hundred claims.
    expect(looks.mock.calls.length).toBeLessThanOrEqual(110)
  })

  it('remember the counts of about as many keys as a limit allows, and count those that are forgotten', () => {
    const { host, told } = toldHost()
    const limit = createIdLimit({ host, name: 'a', windowMs: 1_000, maxIds: 100, onOverflow: 'reject' })
    const leases = new Leases(HOUR, limit)
    for (let at = 0; at < 10_000; at += 1) {
      take(leases, 1, { from: at })
      const taken = leases.get(`m${at}`, 0)
      if (taken !== undefined) leases.giveBack(taken, 0)
    }
    const known = Array.from({ length: 10_000 }, (_, at) => leases.get(`m${at}`, 0)).filter((one) => one !== undefined)
    expect(known.length).toBeLessThanOrEqual(110)
    expect(known.length).toBeGreaterThanOrEqual(90)
    expect(limit.overflows).toBe(10_000 - known.length)
    expect(told('dedup.overflow')).toBe(1)
  })

  it('tell the next owner what is known of the runs, for as long as counts are remembered', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    const failed = lease(10)
    leases.put('failed', failed, 0)
    failed.runs = 2
    leases.giveBack(failed, 5)
    leases.put('crashed', { ...lease(10), runs: 1, expired: 3 }, 5)
    const known = (name: string, now: number): unknown => leases.get(name, now)
    expect(known('failed', 5 + HOUR - 1)).toMatchObject({ givenBack: true, runs: 2, expired: 0 })
    expect(known('failed', 5 + HOUR)).toBeUndefined()
    expect(known('crashed', 10 + HOUR - 1)).toMatchObject({ givenBack: false, runs: 1, expired: 3 })
    expect(known('crashed', 10 + HOUR)).toBeUndefined()
  })
})

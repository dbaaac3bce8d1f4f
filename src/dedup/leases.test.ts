import { afterEach, describe, expect, it, vi } from 'vitest'
import { toldHost } from '../../test/support/dedup-probe.ts'
import { createIdLimit, NO_LIMIT } from './id-limit.ts'
import { Leases } from './leases.ts'

const HOUR = 3_600_000

/** Claims so many keys, one a millisecond, which end after a second unless they are given back. */
function take(leases: Leases, count: number, { from = 0, now = 0 } = {}): void {
  for (let at = 0; at < count; at += 1) leases.add(`m${from + at}`, { token: 't', until: now + at + 1_000 }, now + at)
}

describe('leases in memory', () => {
  afterEach(() => vi.restoreAllMocks())

  it('of crashed owners are swept once their attempts are out of date, a few at each claim', () => {
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
      const lease = leases.get(`m${at}`, 0)
      if (lease !== undefined) leases.giveBack(lease, 0)
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
        const lease = leases.get(`m${at}`, hour * HOUR - 1)
        if (lease !== undefined) lease.until = hour * HOUR + 1
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

  it('remember the attempts of about as many keys as a limit allows, and count those that are forgotten', () => {
    const { host, told } = toldHost()
    const limit = createIdLimit({ host, name: 'a', windowMs: 1_000, maxIds: 100, onOverflow: 'reject' })
    const leases = new Leases(HOUR, limit)
    for (let at = 0; at < 10_000; at += 1) {
      take(leases, 1, { from: at })
      const lease = leases.get(`m${at}`, 0)
      if (lease !== undefined) leases.giveBack(lease, 0)
    }
    const known = Array.from({ length: 10_000 }, (_, at) => leases.get(`m${at}`, 0)).filter((one) => one !== undefined)
    expect(known.length).toBeLessThanOrEqual(110)
    expect(known.length).toBeGreaterThanOrEqual(90)
    expect(limit.overflows).toBe(10_000 - known.length)
    expect(told('dedup.overflow')).toBe(1)
  })

  it('tell the next owner how often a key was claimed, for as long as attempts are remembered', () => {
    const leases = new Leases(HOUR, NO_LIMIT)
    const claim = (now: number): number => leases.add('a', { token: 't', until: now + 10 }, now)
    expect([claim(0), claim(20), claim(30 + HOUR - 1), claim(2 * HOUR + 30 + 10 - 1)]).toEqual([1, 2, 3, 1])
  })
})

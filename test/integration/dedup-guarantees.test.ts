import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { createHost } from '../../src/core/host.ts'
import type { EachResult } from '../../src/core/updates.ts'
import type { Dedup } from '../../src/dedup/index.ts'
import { ownName } from '../servers/index.ts'
import { gate, probed } from '../support/dedup-probe.ts'
import { ids, key } from '../support/dedup-start.ts'
import { startRacers } from '../support/race.ts'
import { dedupAt, placesOf, type SharedPlace } from '../support/shared-place.ts'
import { SOON } from '../support/soon.ts'

const HOUR_MS = 3_600_000
const ROUNDS = 50

const statuses = (results: readonly EachResult<unknown>[]): string[] => results.map(({ status }) => status)
const all = (status: string, count: number): string[] => Array<string>(count).fill(status)

describe.each([
  ['Redis', () => placesOf.Redis(inject('redisUrl'), ownName())],
  ['Postgres', () => placesOf.Postgres(inject('postgresUrl'), '')],
])('dedups that share claims in %s', (_, open) => {
  let place: SharedPlace
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  it('let one of a hundred callers in four processes work, round for round, though their clocks are hours apart', async () => {
    const skewsMs = [-HOUR_MS, 0, HOUR_MS / 2, HOUR_MS]
    const racers = await startRacers({ store: place.address, skewsMs })
    try {
      let winners = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        const race = { key: `race ${round}`, callers: 25 }
        const { won, others } = await racers.race(race)
        expect([won, others]).toEqual([1, 99])
        winners += won
        // Done by now, for all: by their memory, or by the store.
        if (round % 10 === 0) expect(await racers.race(race)).toEqual({ won: 0, others: 100 })
      }
      expect(winners).toBe(ROUNDS)
    } finally {
      racers.end()
    }
  })

  it('lose nothing and do nothing twice when the clock of one of them goes back by an hour', async () => {
    let behindMs = 0
    const clock = { ...systemClock, now: () => systemClock.now() - behindMs }
    const [jumping, other] = [dedupAt(place, { host: createHost({ clock }) }), dedupAt(place)]
    const effects: string[] = []
    const handle = (update: string): void => {
      if (effects.length === 50) behindMs = HOUR_MS
      if (update.endsWith('7') && behindMs === 0) throw new Error('db down')
      effects.push(update)
    }
    const updates = ids(200).map((id) => `back ${id}`)
    const failed = statuses(await jumping.each(updates, { key, handle })).filter((status) => status === 'failed')
    expect(failed.length).toBeGreaterThan(0)
    for (const dedup of [other, jumping, other]) await dedup.each(updates, { key, handle })
    expect([...effects].sort()).toEqual([...updates].sort())
    expect(statuses(await jumping.each(updates, { key, handle }))).toEqual(all('duplicate', 200))
  })

  it('run exactly the one of a thousand updates again that failed', async () => {
    const updates = ids(1_000).map((id) => `one ${id}`)
    const ran: string[] = []
    let down = true
    const handle = (update: string): void => {
      ran.push(update)
      if (update === 'one m617' && down) throw new Error('db down')
    }
    const first = await dedupAt(place).each(updates, { key, handle })
    expect(first.flatMap(({ status }, at) => (status === 'done' ? [] : [[status, at]]))).toEqual([['failed', 617]])
    expect(ran).toHaveLength(1_000)
    down = false
    for (const expected of [['one m617'], []]) {
      ran.length = 0
      const results = await dedupAt(place).each(updates, { key, handle })
      expect(ran).toEqual(expected)
      expect(statuses(results).filter((status) => status === 'duplicate')).toHaveLength(1_000 - expected.length)
    }
  })

  it('keep the claims of a batch whose handlers outlast the lease several times', async () => {
    // Renewed every second: this process may stand still for two before another one may have the claims.
    const [owner, other] = [dedupAt(place, { leaseMs: 3_000 }), dedupAt(place, { leaseMs: 3_000 })]
    const updates = ids(20).map((id) => `slow ${id}`)
    const ran: string[] = []
    const working = owner.each(updates, {
      key,
      concurrency: 20,
      async handle(update, { signal }) {
        ran.push(update)
        await sleep(7_000)
        signal.throwIfAborted()
      },
    })
    await expect.poll(() => ran.length, SOON).toBe(20)
    let looks = 0
    for (let over = false; !over; looks += 1) {
      const results = await other.each(updates, { key, waitMs: 0, handle: () => expect.unreachable('it ran twice') })
      over = results.every(({ status }) => status === 'duplicate')
      expect(statuses(results).every((status) => status === 'in-progress' || status === 'duplicate')).toBe(true)
    }
    expect(looks).toBeGreaterThan(2)
    expect(statuses(await working)).toEqual(all('done', 20))
    expect(ran).toHaveLength(20)
    expect(owner.stats().leasesLost).toBe(0)
  })

  it('run the updates of a group in order, also those that another one gives back in the middle', async () => {
    const updates = ids(30).map((id, at) => ({ id: `order ${id}`, group: `g${at % 3}` }))
    const options = { key: ({ id }: { id: string }) => id, groupBy: ({ group }: { group: string }) => group }
    // The second of each group fails there, and is met here in its place.
    const failing = updates.slice(3, 6)
    const ran: { id: string; group: string }[] = []
    const [claimed, met] = [gate(), gate()]
    const elsewhere = dedupAt(place).each(failing, {
      ...options,
      async handle() {
        claimed.open()
        await met.opened
        throw new Error('db down')
      },
    })
    await claimed.opened
    const { store, instead } = probed(place.store)
    instead('claimMany', (real) => real().finally(met.open))
    const results = await dedupAt({ ...place, store }).each(updates, {
      ...options,
      async handle(update) {
        await sleep(Math.random() * 5)
        ran.push(update)
      },
    })
    expect(statuses(await elsewhere)).toEqual(all('failed', 3))
    expect(statuses(results)).toEqual(all('done', 30))
    for (const name of ['g0', 'g1', 'g2']) {
      const inGroup = (some: typeof ran): string[] => some.filter(({ group }) => group === name).map(({ id }) => id)
      expect(inGroup(ran)).toEqual(inGroup(updates))
    }
  })

  it('take a batch of keys of every kind, one of them twice, and an empty one', async () => {
    const odd = [
      'odd',
      'k'.repeat(10_240),
      `${'k'.repeat(10_239)}j`,
      'a\0b',
      'a\0c',
      'a\ud800',
      'a\udc00',
      'a\ufffd',
      '🙂',
    ]
    const batch = [...odd, 'odd']
    const ran: string[] = []
    const each = (dedup: Dedup): Promise<EachResult<unknown>[]> =>
      dedup.each(batch, { key, handle: (update) => void ran.push(update) })
    expect(statuses(await each(dedupAt(place)))).toEqual([...all('done', odd.length), 'duplicate'])
    expect(ran.sort()).toEqual([...odd].sort())
    expect(statuses(await each(dedupAt(place)))).toEqual(all('duplicate', batch.length))
    expect(await dedupAt(place).each([], { key, handle: () => expect.unreachable('it ran') })).toEqual([])
  })

  it('take what another version of the package has written for present: it is not run, and not touched', async () => {
    await place.writeForeign('wa:later')
    const ran: string[] = []
    for (const dedup of [dedupAt(place), dedupAt(place)]) {
      const results = await dedup.each(['before', 'later', 'after'], { key, waitMs: 0, handle: (id) => ran.push(id) })
      expect(results[1]).toMatchObject({ status: 'in-progress' })
    }
    expect(ran).toEqual(['before', 'after'])
  })
})

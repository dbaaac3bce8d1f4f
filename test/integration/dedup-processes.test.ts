import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import { deliveredByProcess } from '../support/delivered.ts'
import { ids, key } from '../support/dedup-start.ts'
import { dedupAt, placesOf, type SharedPlace } from '../support/shared-place.ts'
import { readHistory } from '../torture/history.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'easymo-perf-processes-'))))
afterEach(() => rmSync(folder, { recursive: true }))

/** The updates that a process other than this one had the effect of. */
const effects = (): string[] => readHistory(folder).flatMap((event) => (event.what === 'effect' ? [event.id] : []))

describe.each([
  ['Redis', () => placesOf.Redis(inject('redisUrl'), ownName())],
  ['Postgres', () => placesOf.Postgres(inject('postgresUrl'), '')],
])('processes that share claims in %s', (_, open) => {
  let place: SharedPlace
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  it('count the attempts of a poison update together, and park it once', async () => {
    const delivery = { address: place.address, folder, ids: ['good', 'poison'], failing: ['poison'], maxAttempts: 3 }
    const answers = [1, 2, 3, 4].map(() => () => deliveredByProcess(delivery))
    const told: unknown[] = []
    for (const answer of answers) told.push(await answer())
    expect(told).toEqual([
      { statuses: ['done', 'failed'], parked: [] },
      { statuses: ['duplicate', 'failed'], parked: [] },
      { statuses: ['duplicate', 'dead'], parked: [['poison', 3]] },
      { statuses: ['duplicate', 'dead'], parked: [] },
    ])
    expect(effects()).toEqual(['good'])
  })

  it('count the attempts of an update that takes its process down, and park it without another run', async () => {
    const fatal = { address: place.address, folder, ids: ['fatal'], maxAttempts: 2, leaseMs: 50 }
    // Two runs that only the leases tell of, which count for nothing; then two whose begin was written before.
    for (const runs of [1, 2, 3, 4]) {
      expect(await deliveredByProcess({ ...fatal, killedAfter: 1 })).toBeUndefined()
      expect(effects()).toHaveLength(runs)
    }
    expect(await deliveredByProcess(fatal)).toEqual({ statuses: ['dead'], parked: [['fatal', 3]] })
    expect(effects()).toHaveLength(4)
  })

  it('repeat a handful of updates, not hundreds, when one is killed in the middle of a thousand', async () => {
    const updates = ids(1_000)
    // Slow handlers: what is not confirmed yet is what was done within the last round trip, also when that takes a second.
    const killed = { address: place.address, folder, ids: updates, takesMs: 60, leaseMs: 1_000, killedAfter: 500 }
    expect(await deliveredByProcess(killed)).toBeUndefined()
    const before = new Set(effects())
    expect(before.size).toBe(500)
    const after: string[] = []
    const results = await dedupAt(place, { leaseMs: 1_000 }).each(updates, {
      key,
      waitMs: 20_000,
      handle: (update) => void after.push(update),
    })
    expect(results.every(({ status }) => status === 'done' || status === 'duplicate')).toBe(true)
    expect(new Set([...before, ...after]).size).toBe(1_000)
    const repeated = after.filter((update) => before.has(update)).length
    console.log(`killed after 500 of 1000 updates: ${repeated} were done twice`)
    expect(repeated).toBeLessThan(150)
  })
})

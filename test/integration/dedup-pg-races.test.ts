import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Claim } from '../../src/core/dedup-store.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { deadlocked } from '../support/deadlock.ts'
import { dedupSchema, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { startRacers } from '../support/race.ts'
import { waitsForLock, type SqlSchema } from '../support/sql-schema.ts'

const LEASE_MS = 60_000
const DONE = { as: 'done', retentionMs: 60_000 } as const

let own: SqlSchema

beforeAll(async () => {
  own = await dedupSchema(inject('postgresUrl'))
})
beforeEach(() => own.admin.query(FORGET_CLAIMS))
afterAll(() => own.end())

const four = (settings: string): Promise<pg.Client[]> => Promise.all([1, 2, 3, 4].map(() => own.connect(settings)))
const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
const shuffled = (of: readonly string[] = keys): string[] => of.map((key) => [Math.random(), key] as const).sort(([a], [b]) => a - b).map(([, key]) => key) // prettier-ignore
const wonOf = (asked: readonly string[], claims: readonly Claim[]): string[] => asked.filter((_, at) => claims[at]?.status === 'won') // prettier-ignore

/** One statement, past the store, which would repeat what was a deadlock. */
async function call(client: pg.Client, name: string, args: readonly unknown[]): Promise<unknown> {
  const places = args.map((_, at) => `$${at + 1}`).join(', ')
  return (await client.query<{ answer: unknown }>(`select easymo_dedup_${name}(${places}) as answer`, [...args])).rows[0]?.answer // prettier-ignore
}

describe('four processes of 25 callers', () => {
  it('have exactly one winner in each of 50 rounds, though their clocks differ by two hours', async () => {
    const skewsMs = [-3_600_000, 0, 1_000, 3_600_000]
    const racers = await startRacers({ store: ['pg', own.url, ''], skewsMs })
    try {
      for (let round = 0; round < 50; round += 1)
        expect(await racers.race({ key: `m${round}`, callers: 25 })).toEqual({ won: 1, others: 99 })
    } finally {
      racers.end()
    }
  }, 180_000)
})

describe('four writers with overlapping batches of a thousand keys, each in an order of its own', () => {
  it('never deadlock, and every key has one owner at a time', async () => {
    const clients = await four("set deadlock_timeout = '20ms'")
    const attempts = new Map(keys.map((key) => [key, 0]))
    const owners = new Map<string, string>()
    const write = async (client: pg.Client, writer: number): Promise<void> => {
      for (let round = 0; round < 6; round += 1) {
        const token = `${writer}-${round}`
        const asked = shuffled()
        const won = wonOf(asked, (await call(client, 'claim', [asked, token, LEASE_MS])) as Claim[])
        for (const key of won) {
          if (owners.has(key)) expect.unreachable('two own one key')
          owners.set(key, token)
          attempts.set(key, (attempts.get(key) ?? 0) + 1)
        }
        await call(client, 'renew', [shuffled(), token, LEASE_MS])
        // Before the statement, because another one may claim a key before its answer is here.
        for (const key of won) owners.delete(key)
        await call(client, 'release', [shuffled(), token])
        await call(client, 'cleanup', [])
      }
      const asked = shuffled()
      await call(client, 'claim', [asked, `${writer}`, LEASE_MS])
      await call(client, 'complete', [shuffled(asked), `${writer}`, 'done', 60_000])
    }
    await Promise.all(clients.map(write))
    const claims = await pgDedupStore(own.admin).claimMany(keys, 'last', LEASE_MS)
    // The last claim of each writer is not in the count; those who met a busy row have none.
    const counted = await own.admin.query<{ key: string; attempts: number }>('select key, attempts from easymo_dedup')
    for (const { key, attempts: stored } of counted.rows) expect(stored).toBeGreaterThan(attempts.get(key) ?? 0)
    expect(new Set(claims.map(({ status }) => status))).toEqual(new Set(['done']))
  })

  it('never deadlock over new keys, and have one winner for each', async () => {
    const clients = await four("set deadlock_timeout = '20ms'")
    for (let round = 0; round < 10; round += 1) {
      const fresh = keys.map((key) => `${round}-${key}`)
      const won = clients.map(async (client, writer) => {
        const asked = shuffled(fresh)
        return wonOf(asked, (await call(client, 'claim', [asked, `t${writer}`, LEASE_MS])) as Claim[])
      })
      expect((await Promise.all(won)).flat().sort()).toEqual([...fresh].sort())
    }
  })

  it('never deadlock when one owner renews, completes and gives back at the same time', async () => {
    const clients = await four("set deadlock_timeout = '20ms'")
    for (let round = 0; round < 10; round += 1) {
      await own.admin.query(FORGET_CLAIMS)
      await call(own.admin, 'claim', [keys, 't', LEASE_MS])
      const [done = own.admin, freed = own.admin, ...renewing] = clients
      const kept = await Promise.all([
        call(done, 'complete', [shuffled().slice(500), 't', 'done', 60_000]),
        call(freed, 'release', [shuffled().slice(500), 't']),
        ...renewing.map((client) => call(client, 'renew', [shuffled(), 't', LEASE_MS])),
      ])
      expect(kept[0]).toContain(true)
    }
  })

  it.each([
    ['whose lease is over', "state = 'leased', lease_until = now() - interval '1 second'"],
    ['that was given back', "state = 'failed'"],
    ['that is forgotten', "state = 'done', expires_at = now() - interval '1 second'"],
  ])('have one winner for each key %s', async (_, set) => {
    const clients = await four('')
    for (let round = 0; round < 5; round += 1) {
      await call(own.admin, 'claim', [keys, 'before', LEASE_MS])
      await own.admin.query(`update easymo_dedup set ${set}`)
      const claims = clients.map(async (client, writer) => {
        const asked = shuffled()
        return wonOf(asked, await pgDedupStore(client).claimMany(asked, `t${writer}`, LEASE_MS))
      })
      expect((await Promise.all(claims)).flat().sort()).toEqual([...keys].sort())
    }
  })

  it.each(['repeatable read', 'serializable'])(
    'have one winner for each key in transactions that are %s',
    async (level) => {
      const clients = await four(`set default_transaction_isolation = '${level}'`)
      for (let round = 0; round < 20; round += 1) {
        const few = keys.slice(0, 5).map((key) => `${round}-${key}`)
        const won = clients.map(async (client, writer) => {
          const asked = shuffled(few)
          return wonOf(asked, await pgDedupStore(client).claimMany(asked, `t${writer}`, LEASE_MS))
        })
        expect((await Promise.all(won)).flat().sort()).toEqual([...few].sort())
      }
    },
  )
})

describe('a conflict', () => {
  const three = ['d1', 'd2', 'd3']
  const take = (row: number): string => `select 1 from easymo_dedup where key = 'd${row}' for update`
  const completing = (client: pg.Client) => (): Promise<unknown> => pgDedupStore(client).completeMany(three, 't', DONE)

  it('with a transaction of somebody else’s is repeated', async () => {
    const ours = await own.connect("set deadlock_timeout = '20ms'")
    await call(own.admin, 'claim', [three, 't', LEASE_MS])
    expect(await deadlocked(own, { ours, act: completing(ours), take })).toEqual([true, true, true])
  })

  it('that ends the caller’s own transaction is thrown as what it is', async () => {
    const ours = await own.connect("set deadlock_timeout = '20ms'; begin")
    await call(own.admin, 'claim', [three, 't', LEASE_MS])
    expect(await deadlocked(own, { ours, act: completing(ours), take })).toMatchObject({ code: '40P01' })
    await ours.query('rollback')
    expect(await completing(ours)()).toEqual([true, true, true])
  })

  it('of serializable transactions is repeated', async () => {
    const client = await own.connect("set default_transaction_isolation = 'serializable'")
    const other = await own.connect()
    await call(own.admin, 'claim', [['s'], 't', LEASE_MS])
    await other.query("begin; update easymo_dedup set attempts = 5 where key = 's'")
    const completing = pgDedupStore(client).completeMany(['s'], 't', DONE)
    await waitsForLock(own.admin, client)
    await other.query('commit')
    expect(await completing).toEqual([true])
  })
})

describe('a row that somebody has locked', () => {
  it('counts as leased for a moment, and nobody waits for it', async () => {
    const other = await own.connect()
    const store = pgDedupStore(own.admin)
    await store.claimMany(['busy', 'free'], 't', LEASE_MS)
    await store.releaseMany(['busy', 'free'], 't')
    await other.query("begin; select 1 from easymo_dedup where key = 'busy' for update")
    expect(await store.claimMany(['busy', 'free'], 't', LEASE_MS)).toEqual([
      { status: 'leased', leftMs: 1_000 },
      { status: 'won', attempt: 2 },
    ])
    await other.query('rollback')
    expect(await store.claimMany(['busy'], 't', LEASE_MS)).toEqual([{ status: 'won', attempt: 2 }])
  })
})

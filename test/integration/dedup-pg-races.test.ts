import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { Claimed } from '../../src/core/dedup-store.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { claims, ends, kept, LONG_MS, long, won } from '../../src/testing/dedup-store-case.ts'
import { deadlocked } from '../support/deadlock.ts'
import { dedupSchema, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { startRacers } from '../support/race.ts'
import { waitsForLock, type SqlSchema } from '../support/sql-schema.ts'

let own: SqlSchema

beforeAll(async () => {
  own = await dedupSchema(inject('postgresUrl'))
})
beforeEach(() => own.admin.query(FORGET_CLAIMS))
afterAll(() => own.end())

const four = (settings: string): Promise<pg.Client[]> => Promise.all([1, 2, 3, 4].map(() => own.connect(settings)))
const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
const shuffled = (of: readonly string[] = keys): string[] => of.map((key) => [Math.random(), key] as const).sort(([a], [b]) => a - b).map(([, key]) => key) // prettier-ignore
const wonOf = (asked: readonly string[], met: readonly Claimed[]): string[] => asked.filter((_, at) => met[at]?.status === 'won') // prettier-ignore

/** The same for each of the keys, as the functions take it. */
const each = (word: string, of: readonly string[] = keys): string[] => of.map(() => word)

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
    const failures = new Map(keys.map((key) => [key, 0]))
    const owners = new Map<string, string>()
    const write = async (client: pg.Client, writer: number): Promise<void> => {
      for (let round = 0; round < 6; round += 1) {
        const token = `${writer}-${round}`
        const asked = shuffled()
        const mine = wonOf(asked, (await call(client, 'claim', [asked, each(token), LONG_MS])) as Claimed[])
        for (const key of mine) {
          if (owners.has(key)) expect.unreachable('two own one key')
          owners.set(key, token)
          failures.set(key, (failures.get(key) ?? 0) + 1)
        }
        await call(client, 'begin', [shuffled(), each(token)])
        await call(client, 'renew', [shuffled(), each(token), each('written'), LONG_MS])
        // Before the statement, because another one may claim a key before its answer is here.
        for (const key of mine) owners.delete(key)
        await call(client, 'release', [shuffled(), each(token), each('true')])
        await call(client, 'cleanup', [])
      }
    }
    await Promise.all(clients.map(write))
    // Each run that began, and was given back, is counted once.
    const counted = await own.admin.query<{ key: string; runs: number }>('select key, runs from easymo_dedup')
    expect(Object.fromEntries(counted.rows.map(({ key, runs }) => [key, runs]))).toEqual(Object.fromEntries(failures))
    await Promise.all(
      clients.map(async (client, writer) => {
        const asked = shuffled()
        await call(client, 'claim', [asked, each(`${writer}`), LONG_MS])
        await call(client, 'complete', [shuffled(asked), each(`${writer}`), each('done'), each('false'), LONG_MS])
        await call(client, 'complete', [shuffled(asked), each(`${writer}`), each('done'), each('true'), LONG_MS])
      }),
    )
    const after = await pgDedupStore(own.admin).claimMany(claims('last', ...keys), long)
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set(['done']))
  })

  it('never deadlock over new keys, and have one winner for each', async () => {
    const clients = await four("set deadlock_timeout = '20ms'")
    for (let round = 0; round < 10; round += 1) {
      const fresh = keys.map((key) => `${round}-${key}`)
      const winning = clients.map(async (client, writer) => {
        const asked = shuffled(fresh)
        return wonOf(asked, (await call(client, 'claim', [asked, each(`t${writer}`), LONG_MS])) as Claimed[])
      })
      expect((await Promise.all(winning)).flat().sort()).toEqual([...fresh].sort())
    }
  })

  it('never deadlock when one owner begins, renews, completes and gives back at the same time', async () => {
    const clients = await four("set deadlock_timeout = '20ms'")
    for (let round = 0; round < 10; round += 1) {
      await own.admin.query(FORGET_CLAIMS)
      await call(own.admin, 'claim', [keys, each('t'), LONG_MS])
      const [done = own.admin, freed = own.admin, beginning = own.admin, ...renewing] = clients
      const half = (): string[] => shuffled().slice(500)
      const owned = await Promise.all([
        call(done, 'complete', [half(), each('t', half()), each('done', half()), each('true', half()), LONG_MS]),
        call(freed, 'release', [half(), each('t', half()), each('true', half())]),
        call(beginning, 'begin', [shuffled(), each('t')]),
        ...renewing.map((client) => call(client, 'renew', [shuffled(), each('t'), each('written'), LONG_MS])),
      ])
      expect(owned[0]).toContain(true)
    }
  })

  it.each([
    ['whose lease is over', "state = 'leased', lease_until = now() - interval '1 second'"],
    ['that was given back', "state = 'failed'"],
    ['that is forgotten', "state = 'done', expires_at = now() - interval '1 second'"],
  ])('have one winner for each key %s', async (_, set) => {
    const clients = await four('')
    for (let round = 0; round < 5; round += 1) {
      await call(own.admin, 'claim', [keys, each('before'), LONG_MS])
      await own.admin.query(`update easymo_dedup set ${set}`)
      const winning = clients.map(async (client, writer) => {
        const asked = shuffled()
        return wonOf(asked, await pgDedupStore(client).claimMany(claims(`t${writer}-${round}`, ...asked), long))
      })
      expect((await Promise.all(winning)).flat().sort()).toEqual([...keys].sort())
    }
  })

  it.each(['repeatable read', 'serializable'])(
    'have one winner for each key in transactions that are %s',
    async (level) => {
      const clients = await four(`set default_transaction_isolation = '${level}'`)
      for (let round = 0; round < 20; round += 1) {
        const few = keys.slice(0, 5).map((key) => `${round}-${key}`)
        const winning = clients.map(async (client, writer) => {
          const asked = shuffled(few)
          return wonOf(asked, await pgDedupStore(client).claimMany(claims(`t${writer}`, ...asked), long))
        })
        expect((await Promise.all(winning)).flat().sort()).toEqual([...few].sort())
      }
    },
  )
})

describe('a conflict', () => {
  const three = ['d1', 'd2', 'd3']
  const take = (row: number): string => `select 1 from easymo_dedup where key = 'd${row}' for update`
  const completing = (client: pg.Client) => (): Promise<unknown> =>
    pgDedupStore(client).completeMany(ends('done', 't', ...three), kept)

  it('with a transaction of somebody else’s is repeated', async () => {
    const ours = await own.connect("set deadlock_timeout = '20ms'")
    await call(own.admin, 'claim', [three, each('t', three), LONG_MS])
    expect(await deadlocked(own, { ours, act: completing(ours), take })).toEqual([true, true, true])
  })

  it('that ends the caller’s own transaction is thrown as what it is', async () => {
    const ours = await own.connect("set deadlock_timeout = '20ms'; begin")
    await call(own.admin, 'claim', [three, each('t', three), LONG_MS])
    expect(await deadlocked(own, { ours, act: completing(ours), take })).toMatchObject({ code: '40P01' })
    await ours.query('rollback')
    expect(await completing(ours)()).toEqual([true, true, true])
  })

  it('of serializable transactions is repeated', async () => {
    const client = await own.connect("set default_transaction_isolation = 'serializable'")
    const other = await own.connect()
    await call(own.admin, 'claim', [['s'], ['t'], LONG_MS])
    await other.query("begin; update easymo_dedup set runs = 5 where key = 's'")
    const completing = pgDedupStore(client).completeMany(ends('done', 't', 's'), kept)
    await waitsForLock(own.admin, client)
    await other.query('commit')
    expect(await completing).toEqual([true])
  })
})

describe('a row that somebody has locked', () => {
  it('counts as leased for a moment, and nobody waits for it', async () => {
    const other = await own.connect()
    const store = pgDedupStore(own.admin)
    await store.claimMany(claims('t', 'busy', 'free'), long)
    await store.releaseMany(claims('t', 'busy', 'free'))
    await other.query("begin; select 1 from easymo_dedup where key = 'busy' for update")
    expect(await store.claimMany(claims('u', 'busy', 'free'), long)).toEqual([
      { status: 'leased', leftMs: 1_000 },
      won(0, 0),
    ])
    await other.query('rollback')
    expect(await store.claimMany(claims('u', 'busy'), long)).toEqual([won(0, 0)])
  })
})

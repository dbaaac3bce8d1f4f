import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { claims, ends, kept, long, won } from '../../src/testing/dedup-store-case.ts'
import { dedupMigration, dedupRollback, dedupSchema, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { grantsForApp, roleServer, type RoleServer } from '../support/role-server.ts'
import type { SqlSchema } from '../support/sql-schema.ts'

const SETUP = { code: 'ERR_PERF_STORE_SETUP' }

const everyCall = (store: DedupStore): (() => Promise<unknown>)[] => [
  () => store.claimMany(claims('t', 'a'), long),
  () => store.beginMany(claims('t', 'a')),
  () => store.renewMany(claims('t', 'a'), long),
  () => store.completeMany(ends('done', 't', 'a'), kept),
  () => store.releaseMany(claims('t', 'a')),
  () => store.reviveMany(['a']),
]

async function works(store: DedupStore): Promise<void> {
  expect(await store.claimMany(claims('t', 'a', 'b', 'c', 'd'), long)).toEqual(Array(4).fill(won(0, 0)))
  expect(await store.beginMany(claims('t', 'b'))).toEqual([true])
  // Absent, it is taken for a run that goes on; absent, it is written where nobody has it.
  expect(await store.renewMany([...claims('t', 'a'), { key: 'e', token: 't', begun: true }], long)).toEqual([
    true,
    true,
  ])
  const done = [...ends('done', 't', 'a'), { key: 'f', token: 't', as: 'done', ifNobody: true } as const]
  expect(await store.completeMany([...done, ...ends('dead', 't', 'c')], kept)).toEqual([true, true, true])
  await store.releaseMany([{ key: 'b', token: 't', begun: true }, ...claims('t', 'd')])
  expect(await store.reviveMany(['a', 'c'])).toEqual([false, true])
  expect(await store.claimMany(claims('u', 'a', 'b', 'c', 'd', 'e', 'f'), { leaseMs: 1 })).toEqual([
    { status: 'done' },
    won(1, 0),
    won(0, 0),
    won(0, 0),
    { status: 'leased', leftMs: expect.any(Number) as number },
    { status: 'done' },
  ])
}

describe('the migration', () => {
  let own: SqlSchema

  beforeAll(async () => {
    own = await dedupSchema(inject('postgresUrl'))
  })
  afterAll(() => own.end())

  const left = async (): Promise<unknown[]> => {
    const all = `select relname as name from pg_class where relnamespace = $1::text::regnamespace
      union all select proname from pg_proc where pronamespace = $1::text::regnamespace order by 1`
    return (await own.admin.query<{ name: string }>(all, [own.schema])).rows.map(({ name }) => name)
  }

  it('can run again, and keeps what is claimed and done', async () => {
    const store = pgDedupStore(own.admin)
    await works(store)
    await own.admin.query(await dedupMigration())
    expect(await store.claimMany(claims('t', 'a'), long)).toEqual([{ status: 'done' }])
    expect((await own.admin.query('select * from easymo_schema_versions')).rows).toEqual([{ component: 'dedup', version: 1 }]) // prettier-ignore
  })

  it('does not take back the version of a later one', async () => {
    await own.admin.query("update easymo_schema_versions set version = 2 where component = 'dedup'")
    await own.admin.query(await dedupMigration())
    expect((await own.admin.query('select version from easymo_schema_versions')).rows).toEqual([{ version: 2 }])
  })

  it('makes a table that a crash does not empty', async () => {
    const { rows } = await own.admin.query("select relpersistence from pg_class where oid = 'easymo_dedup'::regclass")
    expect(rows).toEqual([{ relpersistence: 'p' }])
  })

  it('makes functions that find their own table, whatever the search path of the caller', async () => {
    const elsewhere = await own.connect('create temporary table easymo_dedup (like easymo_dedup including all); set search_path = pg_catalog') // prettier-ignore
    await elsewhere.query(`select ${own.schema}.easymo_dedup_claim('{path}', '{t}', 60000)`)
    expect(await pgDedupStore(own.admin).claimMany(claims('u', 'path'), long)).toMatchObject([{ status: 'leased' }])
    await elsewhere.query(`select ${own.schema}.easymo_dedup_release('{path}', '{t}', '{true}')`)
    expect(await pgDedupStore(own.admin).claimMany(claims('u', 'path'), long)).toEqual([won(1, 0)])
  })

  it('finds claims by the primary key, also by plans made when the table was empty', async () => {
    await own.admin.query(FORGET_CLAIMS)
    const client = await own.connect("set plan_cache_mode = 'force_generic_plan'")
    const store = pgDedupStore(client)
    await store.claimMany(claims('t', 'first'), long)
    await own.admin.query("insert into easymo_dedup select 'many' || n, 'done', 'u', null, 1, 0, false, now() + interval '1 day' from generate_series(1, 20000) n") // prettier-ignore
    const scans = async (): Promise<unknown> => {
      await Promise.all([client, own.admin].map((each) => each.query('select pg_stat_force_next_flush()')))
      return (await own.admin.query("select seq_scan from pg_stat_user_tables where relid = 'easymo_dedup'::regclass")).rows // prettier-ignore
    }
    const before = await scans()
    const keys = Array.from({ length: 500 }, (_, at) => (at % 2 === 0 ? `many${at + 1}` : `new${at}`))
    expect(new Set((await store.claimMany(claims('t', ...keys), long)).map(({ status }) => status))).toEqual(new Set(['won', 'done'])) // prettier-ignore
    await store.beginMany(claims('t', ...keys))
    await store.renewMany(
      keys.map((key) => ({ key, token: 't', begun: true })),
      long,
    )
    await store.completeMany(
      keys.map((key) => ({ key, token: 't', as: 'done', ifNobody: true })),
      kept,
    )
    await store.releaseMany(claims('t', ...keys))
    await store.reviveMany(keys)
    expect(await scans()).toEqual(before)
  })

  it('is taken back without a trace; then the store is not set up', async () => {
    await own.admin.query("insert into easymo_schema_versions values ('other', 1)")
    await own.admin.query(await dedupRollback())
    expect(await left()).toEqual(['easymo_schema_versions', 'easymo_schema_versions_pkey'])
    await own.admin.query("delete from easymo_schema_versions where component = 'other'")
    for (let run = 0; run < 2; run += 1) await own.admin.query(await dedupRollback())
    expect(await left()).toEqual([])
    for (const call of everyCall(pgDedupStore(await own.connect()))) await expect(call()).rejects.toMatchObject(SETUP)
    await own.admin.query(await dedupMigration())
    await works(pgDedupStore(own.admin))
    await own.admin.query('drop table easymo_dedup')
    for (const call of everyCall(pgDedupStore(own.admin))) await expect(call()).rejects.toMatchObject(SETUP)
  })
})

describe('easymo_dedup_cleanup', () => {
  let own: SqlSchema
  let store: DedupStore

  beforeAll(async () => {
    own = await dedupSchema(inject('postgresUrl'))
    store = pgDedupStore(own.admin)
  })
  beforeEach(() => own.admin.query(FORGET_CLAIMS))
  afterAll(() => own.end())

  const cleanup = async (atMost = ''): Promise<number> =>
    Number((await own.admin.query<{ removed: string }>(`select easymo_dedup_cleanup(${atMost}) as removed`)).rows[0]?.removed) // prettier-ignore
  const ended = async (keys: readonly string[], retentionMs: number): Promise<void> => {
    await store.claimMany(claims('t', ...keys), long)
    await store.completeMany(ends('done', 't', ...keys), { retentionMs })
  }

  it('removes what is forgotten, and says how many', async () => {
    await ended(['old1', 'old2'], 1)
    await ended(['done'], 60_000)
    await store.claimMany(claims('t', 'crashed', 'failed'), { leaseMs: 1 })
    await store.releaseMany([{ key: 'failed', token: 't', begun: true }])
    await sleep(20)
    expect(await cleanup()).toBe(2)
    expect(await cleanup()).toBe(0)
    expect(await store.claimMany(claims('u', 'done', 'crashed', 'failed', 'old1'), long)).toEqual([
      { status: 'done' },
      won(0, 1),
      won(1, 0),
      won(0, 0),
    ])
  })

  it('removes only so many at once as it is told', async () => {
    await ended(['a', 'b', 'c'], 1)
    await sleep(20)
    expect([await cleanup('2'), await cleanup('2')]).toEqual([2, 1])
  })

  it('leaves a row alone that is being claimed anew, and does not wait for it', async () => {
    const other = await own.connect('begin')
    await ended(['busy', 'idle'], 1)
    await sleep(20)
    await pgDedupStore(other).claimMany(claims('new', 'busy'), long)
    expect(await cleanup()).toBe(1)
    await other.query('commit')
    expect(await store.claimMany(claims('t', 'busy'), long)).toMatchObject([{ status: 'leased' }])
  })
})

describe('the rights', () => {
  const FUNCTIONS = ["names('{}')", "answers('{}', '{}')", "claim('{}', '{}', 1)", "begin('{}', '{}')", "renew('{}', '{}', '{}', 1)", "complete('{}', '{}', '{}', '{}', 1)", "release('{}', '{}', '{}')", "revive('{}')", 'cleanup()'] // prettier-ignore
  let server: RoleServer

  beforeAll(async () => {
    server = await roleServer(await dedupMigration())
  })
  beforeEach(() => server.owner.query(FORGET_CLAIMS))
  afterAll(() => server.stop())

  it.each(['anon', 'authenticated'])('shut out %s: from the functions, the tables, and the store', async (role) => {
    const client = await server.connect(role)
    const refused = { code: '42501' }
    for (const called of FUNCTIONS)
      await expect(client.query(`select easymo_dedup_${called}`)).rejects.toMatchObject(refused)
    for (const table of ['easymo_dedup', 'easymo_schema_versions'])
      for (const sql of [`select * from ${table}`, `delete from ${table}`])
        await expect(client.query(sql)).rejects.toMatchObject(refused)
    for (const call of everyCall(pgDedupStore(client))) await expect(call()).rejects.toMatchObject(SETUP)
  })

  it.each(['postgres', 'service_role'])('let %s in, cleanup included', async (role) => {
    const client = await server.connect(role)
    await works(pgDedupStore(client))
    await client.query('select easymo_dedup_cleanup()')
  })

  it('let another role in once it was given what the reference says', async () => {
    const client = await server.connect('app')
    const store = pgDedupStore(client)
    for (const call of everyCall(store)) await expect(call()).rejects.toMatchObject(SETUP)
    await server.owner.query(await grantsForApp('dedup'))
    await works(store)
    // Run again, the migration takes nothing from it.
    await server.owner.query(await dedupMigration())
    await server.owner.query(FORGET_CLAIMS)
    await works(store)
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CacheStore, CacheWrite } from '../../src/core/cache-store.ts'
import { pgCacheStore } from '../../src/pg/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { cacheMigration, cacheRollback, cacheSchema, FORGET } from '../support/cache-schema.ts'
import { deadlocked } from '../support/deadlock.ts'
import { pgDrivers, type StartedDriver } from '../support/pg-drivers.ts'
import { waitsForLock, type SqlSchema } from '../support/sql-schema.ts'

let own: SqlSchema

beforeAll(async () => {
  own = await cacheSchema(inject('postgresUrl'))
})

afterAll(() => own.end())

const entry = (key: string, rest: Partial<CacheWrite> = {}): CacheWrite => ({ key, text: 'x', version: '1', tags: [], ttlMs: 60_000, staleMs: 0, ...rest }) // prettier-ignore

const nowOf = async (store: CacheStore): Promise<number> => (await store.readMany([], [])).now

/** PGlite's clock has whole milliseconds only: calls within one of them happen at the same time. */
const inOtherMilliseconds = (store: CacheStore): CacheStore => ({
  readMany: (...args) => sleep(2).then(() => store.readMany(...args)),
  writeMany: (...args) => sleep(2).then(() => store.writeMany(...args)),
  deleteMany: (...args) => sleep(2).then(() => store.deleteMany(...args)),
  stampTags: (...args) => sleep(2).then(() => store.stampTags(...args)),
})

describe.each(Object.keys(pgDrivers))('a cache in Postgres over %s keeps the contract of a store', (name) => {
  let started: StartedDriver

  beforeAll(async () => {
    started = await (pgDrivers[name] as (typeof pgDrivers)[string])(own, await cacheMigration())
  })
  beforeEach(() => started.exec(FORGET))
  afterAll(() => started.close())

  for (const { name: promise, run } of cacheStoreContract)
    it(`which ${promise}`, () => {
      const store = pgCacheStore(started.driver)
      return run({ store: name === 'PGlite' ? inOtherMilliseconds(store) : store, wait: (ms) => sleep(ms) })
    })
})

describe('batches that meet', () => {
  const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
  const shuffled = (): string[] => keys.map((key) => [Math.random(), key] as const).sort(([a], [b]) => a - b).map(([, key]) => key) // prettier-ignore

  it('of a thousand keys in any order, from four connections, do not deadlock', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => own.connect("set deadlock_timeout = '20ms'")))
    // The functions themselves, because the store would repeat what was a deadlock.
    const rounds = async (client: pg.Client): Promise<void> => {
      for (let round = 0; round < 5; round += 1) {
        const writes = shuffled().map((key, at) => ({ ...entry(key), ttlMs: 60_000 * (1 + round * 100), tags: [`t${at % 100}`, 'all'] })) // prettier-ignore
        await client.query('select easymo_cache_write($1::text::jsonb)', [JSON.stringify(writes)])
        await client.query('select easymo_cache_delete($1, 1)', [shuffled().slice(0, 500)])
        await client.query('select easymo_cache_stamp($1, $2, 1)', [[...shuffled().slice(0, 99).map((key) => key.replace('k', 't')), 'all'], 'stale']) // prettier-ignore
        await client.query('select easymo_cache_cleanup()')
      }
    }
    await Promise.all(clients.map(rounds))
    const store = pgCacheStore(own.admin)
    await store.writeMany(keys.map((key) => entry(key)))
    expect((await store.readMany(keys, [])).records.filter(Boolean)).toHaveLength(1_000)
  })

  it('and deadlock with somebody else’s transaction are repeated', async () => {
    const client = await own.connect("set deadlock_timeout = '20ms'")
    const ours = ['dead1', 'dead2', 'dead3'].map((key) => entry(key, { text: 'ours' }))
    const store = pgCacheStore(client)
    await store.writeMany(ours)
    const take = (row: number): string => `update easymo_cache_entries set text = 'other' where key = 'dead${row}'`
    expect(await deadlocked(own, { ours: client, act: () => store.writeMany(ours), take })).toBeUndefined()
    const { records } = await store.readMany(['dead1', 'dead2', 'dead3'], [])
    expect(records.map((record) => record?.text)).toEqual(['ours', 'ours', 'ours'])
  })

  it('and conflict in serializable transactions are repeated', async () => {
    const [other, client] = await Promise.all([own.connect(), own.connect("set default_transaction_isolation = 'serializable'")]) // prettier-ignore
    const store = pgCacheStore(client)
    await store.writeMany([entry('conflict')])
    await other.query("begin; update easymo_cache_entries set text = 'other' where key = 'conflict'")
    const writing = store.writeMany([entry('conflict', { text: 'ours' })])
    await waitsForLock(own.admin, client)
    await other.query('commit')
    await writing
    expect((await store.readMany(['conflict'], [])).records).toMatchObject([{ text: 'ours' }])
  })

  it('are as if one had come after the other: a deletion that waited for an older load’s write removes it', async () => {
    const [other, client] = await Promise.all([own.connect(), own.connect()])
    const store = pgCacheStore(client)
    const beganAt = await nowOf(store)
    await other.query('begin')
    await pgCacheStore(other).writeMany([entry('waits', { beganAt })])
    const deleting = store.deleteMany(['waits'], { keepMs: 60_000 })
    await waitsForLock(own.admin, client)
    await other.query('commit')
    await deleting
    await store.writeMany([entry('waits', { beganAt })])
    expect((await store.readMany(['waits'], [])).records).toEqual([undefined])
  })
})

describe('easymo_cache_cleanup', () => {
  const cleanup = async (atMost = ''): Promise<number> =>
    Number((await own.admin.query<{ removed: string }>(`select easymo_cache_cleanup(${atMost}) as removed`)).rows[0]?.removed) // prettier-ignore
  const left = async (): Promise<unknown[]> =>
    (await own.admin.query<{ name: string }>('select key as name from easymo_cache_entries union all select tag from easymo_cache_tags order by 1')).rows.map(({ name }) => name) // prettier-ignore

  beforeEach(() => own.admin.query(FORGET))

  it('removes what is past its keeping, and says how many', async () => {
    const store = pgCacheStore(own.admin)
    await store.writeMany([entry('expired', { ttlMs: 1 }), entry('stale', { ttlMs: 1, staleMs: 60_000 }), entry('forever', { ttlMs: Infinity })]) // prettier-ignore
    await store.deleteMany(['deleted'], { keepMs: 1 })
    await store.deleteMany(['remembered'], { keepMs: 60_000 })
    await store.stampTags(['t1'], { as: 'gone', keepMs: 1 })
    await store.stampTags(['t2'], { as: 'stale', keepMs: 60_000 })
    await sleep(20)
    expect(await cleanup()).toBe(3)
    expect(await left()).toEqual(['forever', 'remembered', 'stale', 't2'])
    expect(await cleanup()).toBe(0)
  })

  it('leaves the stamps of every entry that is kept, however the tag and its entries came', async () => {
    const store = pgCacheStore(own.admin)
    const hours = [0, 1, 3, 2, Infinity, 3]
    for (const [at, hour] of hours.entries())
      await store.writeMany([entry(`k${at}`, { ttlMs: 1 + hour * 3_600_000, staleMs: 1_800_000, tags: ['t', `t${at % 2}`] })]) // prettier-ignore
    const forgotten = await own.admin.query(`
      select key, tag from easymo_cache_entries entry, unnest(entry.tags) name left join easymo_cache_tags on tag = name
      where easymo_cache_tags.kept_until is null or easymo_cache_tags.kept_until < entry.kept_until`)
    expect(forgotten.rows).toEqual([])
    expect(await left()).toHaveLength(hours.length + 3)
  })

  it('leaves a deletion for as long as it was told first', async () => {
    const store = pgCacheStore(own.admin)
    const beganAt = await nowOf(store)
    await store.deleteMany(['a'], { keepMs: 60_000 })
    await store.deleteMany(['a'], { keepMs: 1 })
    await sleep(20)
    expect(await cleanup()).toBe(0)
    await store.writeMany([entry('a', { beganAt })])
    expect((await store.readMany(['a'], [])).records).toEqual([undefined])
  })

  it('removes only so many at once as it is told', async () => {
    const store = pgCacheStore(own.admin)
    await store.deleteMany(['a', 'b', 'c'], { keepMs: 1 })
    await sleep(20)
    expect([await cleanup('2'), await cleanup('2')]).toEqual([2, 1])
  })

  it('leaves a row alone that is being written anew, and does not wait for it', async () => {
    const other = await own.connect('begin')
    const store = pgCacheStore(own.admin)
    await store.deleteMany(['busy', 'idle'], { keepMs: 1 })
    await sleep(20)
    await pgCacheStore(other).writeMany([entry('busy')])
    expect(await cleanup()).toBe(1)
    await other.query('commit')
    expect((await store.readMany(['busy'], [])).records).toMatchObject([{ text: 'x' }])
  })
})

describe('the migration', () => {
  it('can run again, and keeps what is cached', async () => {
    const store = pgCacheStore(own.admin)
    const beganAt = await nowOf(store)
    await store.writeMany([entry('kept')])
    await own.admin.query(await cacheMigration())
    await store.writeMany([entry('began before', { beganAt })])
    expect((await store.readMany(['kept', 'began before'], [])).records.map(Boolean)).toEqual([true, true])
  })

  it('makes functions that find their own tables, whatever the search path of the caller', async () => {
    const elsewhere = await own.connect('create temporary table easymo_cache_entries (like easymo_cache_entries including all); set search_path = pg_catalog') // prettier-ignore
    const text = `select ${own.schema}.easymo_cache_write('[{"key": "path", "text": "x", "version": "", "tags": []}]')`
    await elsewhere.query(text)
    expect((await pgCacheStore(own.admin).readMany(['path'], [])).records).toMatchObject([{ text: 'x' }])
  })

  it('is taken back without a trace; then the store is not set up', async () => {
    const { admin, connect, schema, end } = await cacheSchema(inject('postgresUrl'))
    await admin.query(await cacheRollback())
    const rest = await admin.query('select relname from pg_class where relnamespace = $1::text::regnamespace union all select proname from pg_proc where pronamespace = $1::text::regnamespace', [schema]) // prettier-ignore
    expect(rest.rows).toEqual([])
    await admin.query(await cacheRollback())
    const store = pgCacheStore(await connect())
    const calls = [() => store.readMany(['a'], []), () => store.writeMany([entry('a')]), () => store.deleteMany(['a'], { keepMs: 1 }), () => store.stampTags(['t'], { as: 'gone', keepMs: 1 })] // prettier-ignore
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await admin.query(await cacheMigration())
    await store.writeMany([entry('a')])
    await admin.query('drop table easymo_cache_tags')
    await expect(store.readMany(['a'], [])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await end()
  })
})

it('an unreachable server is an outage', async () => {
  const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  await expect(pgCacheStore(pool).readMany(['a'], [])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  await pool.end()
})

it.each([[null], [undefined], ['postgres://127.0.0.1'], [{}], [new Map()]])('refuses %j as a client', (client) => {
  expect(() => pgCacheStore(client as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
})

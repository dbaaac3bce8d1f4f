import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { pgClients, pgDatabase } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'
import { constant, query, type Database, type Query } from '../../src/query/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'

interface Trip {
  readonly id: number
  readonly status: string | null
  readonly phone: string
  readonly active: boolean
  readonly created_at: Date
  readonly tags: string[]
  readonly data: object
}

const SETUP = `
  create type trip_status as enum ('open', 'matched', 'closed');
  create table trips (
    id int primary key, status trip_status, phone text not null, active boolean not null default true,
    created_at timestamptz not null, tags text[] not null default '{}', data jsonb not null default '{}');
  insert into trips (id, status, phone, active, created_at, tags, data)
    select n, (array['open', 'matched', 'closed'])[n % 3 + 1]::trip_status, '+25078800' || n, n % 2 = 0,
      timestamptz '2026-01-01 00:00:00Z' + n * interval '1 hour', array['t' || n % 4], jsonb_build_object('n', n % 5)
    from generate_series(1, 30) n;
  insert into trips (id, status, phone, created_at) values (31, null, 'null status', '2026-02-01'),
    (200, null, 'exact', '2026-04-01 00:00:00.123457+00'), (201, null, 'earlier', '2026-04-01 00:00:00.123456+00');`

const TEXTS = ['a,b', 'a)b', 'say "hi"', 'back\\slash', '+1', '007', '12345678901234567890', 'null', '{a}', '', '*', "o'hara", "'; drop table trips; --", '" or 1=1 --', '$1', '👋🏾 漢'] // prettier-ignore

let own: OwnSchema
let admin: pg.Client
const closers: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  own = await ownSchema(inject('postgresUrl'))
  admin = new pg.Client({ connectionString: own.url })
  await admin.connect()
  await admin.query(SETUP)
  for (const [index, text] of TEXTS.entries())
    await admin.query("insert into trips (id, phone, created_at) values ($1, $2, '2026-03-01')", [100 + index, text])
})

afterAll(async () => {
  for (const close of closers) await close()
  await admin.end()
  await own.drop()
})

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: own.url })
  await client.connect()
  return client
}

const drivers: Readonly<Record<string, () => Promise<Database>>> = {
  'pg.Pool': async () => {
    const pool = new pg.Pool({ connectionString: own.url, max: 2 })
    closers.push(() => pool.end())
    return pgDatabase(pool)
  },
  'pg.Client': async () => {
    const client = await connect()
    closers.push(() => client.end())
    return pgDatabase(client)
  },
  'postgres.js': async () => {
    // postgres.js reads no `options` of a URL.
    const sql = postgres(inject('postgresUrl'), {
      max: 2,
      connection: { search_path: own.schema },
      onnotice: () => undefined,
    })
    closers.push(() => sql.end())
    return pgDatabase(sql)
  },
  'our own pool': async () => {
    const pool = createPool({ ...pgClients({ connect }), maxClients: 2 })
    closers.push(() => pool.drain())
    return pgDatabase(pool)
  },
  PGlite: async () => {
    const pglite = new PGlite()
    await pglite.exec(SETUP)
    for (const [index, text] of TEXTS.entries())
      await pglite.query("insert into trips (id, phone, created_at) values ($1, $2, '2026-03-01')", [100 + index, text])
    closers.push(() => pglite.close())
    return pgDatabase(pglite)
  },
}

describe.each(Object.keys(drivers))('query over %s', (name) => {
  let db: Database
  const trips = (): Query<Trip> => query<Trip>(db, 'trips')
  const ids = async (rows: Query<Trip>): Promise<number[]> => (await rows.select('id').orderBy('id').execute()).data.map(({ id }) => id) // prettier-ignore

  beforeAll(async () => {
    db = await (drivers[name] as () => Promise<Database>)()
  })

  it('finds a row by each text as it was written, and hostile text finds only itself', async () => {
    for (const [index, text] of TEXTS.entries()) {
      expect(await ids(trips().eq('phone', text))).toEqual([100 + index])
      expect(await ids(trips().in('phone', [text, 'nobody']))).toEqual([100 + index])
      expect(await ids(trips().or((trip) => trip.eq('phone', text)))).toEqual([100 + index])
    }
    expect(await ids(trips().in('phone', TEXTS))).toHaveLength(TEXTS.length)
  })

  it('compares numbers, enums, booleans, moments, arrays, json and nulls', async () => {
    expect(await ids(trips().gt('id', 27).lte('id', 29))).toEqual([28, 29])
    expect(await ids(trips().in('status', ['matched', 'closed']).lt('id', 6))).toEqual([1, 2, 4, 5])
    expect(await ids(trips().eq('active', true).neq('status', 'open').lt('id', 10))).toEqual([2, 4, 8])
    expect(await ids(trips().gte('created_at', new Date('2026-01-02T03:00:00Z')).lt('id', 29))).toEqual([27, 28])
    expect(await ids(trips().contains('tags', ['t3']).lt('id', 12))).toEqual([3, 7, 11])
    expect(await ids(trips().contains('data', { n: 4 }).lt('id', 12))).toEqual([4, 9])
    expect(await ids(trips().isNull('status').lt('id', 100))).toEqual([31])
    expect(
      await ids(
        trips()
          .not((t) => t.eq('status', 'open'))
          .in('id', [2, 3, 31]),
      ),
    ).toEqual([2])
    expect(await ids(trips().like('phone', '%0_7').lt('id', 30))).toEqual([7, 17, 27])
    expect(await ids(trips().ilike('phone', 'NULL %'))).toEqual([31])
    expect(await ids(trips().or((t) => t.eq('id', 1), (t) => t.eq('id', 2).eq('active', false), (t) => t.in('id', [])))).toEqual([1]) // prettier-ignore
  })

  it('pages, counts, and knows the last page', async () => {
    const page = (number: number) => trips().lte('id', 25).orderBy('created_at', 'desc').paginate({ page: number, pageSize: 10 }).withCount().execute() // prettier-ignore
    const [first, last, beyond] = [await page(1), await page(3), await page(4)]
    expect(first.data.map(({ id }) => id)).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 16])
    expect(first).toMatchObject({ count: 25, hasMore: true })
    expect([last.data.length, last.count, last.hasMore]).toEqual([5, 25, false])
    expect(beyond).toEqual({ data: [], count: 25, hasMore: false })
  })

  it('compares moments to the microsecond, whatever the driver makes of them', async () => {
    const text = '2026-04-01 00:00:00.123457+00'
    const before = '2026-04-01 00:00:00.123456+00'
    const late = trips().gte('created_at', before)
    expect(await ids(late.eq('created_at', text as never))).toEqual([200])
    expect(await ids(late.in('created_at', [text as never]))).toEqual([200])
    expect(await ids(late.gt('created_at', text as never))).toEqual([])
  })

  it('estimates a count by the planner, and knows it when the end was seen', async () => {
    const all = trips().lte('id', 25)
    expect((await all.withCount('estimated').limit(50).execute()).count).toBe(25)
    const { count } = await all.withCount('estimated').limit(3).execute()
    expect(count).toBeGreaterThanOrEqual(3)
    expect(Number.isInteger(count)).toBe(true)
  })

  it('takes constants for what they are', async () => {
    const statuses = trips()
      .in('status', [constant('open'), constant('closed')])
      .lt('id', 7)
    expect(await ids(statuses)).toEqual([2, 3, 5, 6])
    expect(await ids(trips().eq('status', constant('open')).eq('active', constant(true)).lt('id', constant(7)))).toEqual([6]) // prettier-ignore
  })

  it('sorts nulls where it is told to', async () => {
    const first = (nulls: 'first' | 'last') =>
      trips().lte('id', 31).orderBy('status', 'asc', { nulls }).first().execute()
    expect((await first('first')).data?.id).toBe(31)
    expect((await first('last')).data?.status).toBe('open')
  })

  it('gives one row, none, or an error when there are several', async () => {
    expect((await trips().eq('id', 7).single().execute()).data.phone).toBe('+250788007')
    expect((await trips().eq('id', 777).maybeSingle().execute()).data).toBeNull()
    expect((await trips().eq('id', 7).exists().execute()).data).toBe(true)
    await expect(trips().single().execute()).rejects.toMatchObject({ code: 'ERR_PERF_QUERY' })
  })

  it('takes long lists', async () => {
    const many = Array.from({ length: 70_000 }, (_, i) => i)
    expect((await trips().in('id', many).withCount().limit(1).execute()).count).toBe(33 + TEXTS.length)
  })

  it('says what went wrong by code, without the values', async () => {
    const settled = await trips()
      .eq('id', 'not a number' as never)
      .settle()
    expect(settled.error).toMatchObject({ code: 'ERR_PERF_QUERY', sqlState: '22P02' })
    expect(settled.error?.message).not.toContain('not a number')
    await expect(query(db, 'nowhere').execute()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await expect(query(db, 'trips').eq('nothing', 1).execute()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  })
})

describe('the driver', () => {
  it('is refused by name when it is none that is known', () => {
    const wrong = [
      undefined,
      null,
      'postgres://x',
      {},
      () => 1,
      { query: () => 1 },
      new Map(),
      { acquire: () => 1, use: () => 1 },
    ]
    for (const client of wrong) expect(() => pgDatabase(client as never)).toThrow('pg.Pool, a pg.Client, a PGlite')
  })

  it('that cannot be reached is an outage; wrong credentials and a missing database are a wrong setup', async () => {
    const ask = async (change: (url: URL) => void): Promise<unknown> => {
      const target = new URL(inject('postgresUrl'))
      change(target)
      const pool = new pg.Pool({ connectionString: target.href })
      return query(pgDatabase(pool), 'trips').execute().finally(() => pool.end()) // prettier-ignore
    }
    await expect(ask((url) => (url.port = '1'))).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    await expect(ask((url) => (url.pathname = '/none'))).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await expect(ask((url) => (url.username = 'nobody'))).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  })

  it('prepares statements only when it is told to, and survives that a table changes', async () => {
    const pool = new pg.Pool({ connectionString: own.url, max: 1 })
    closers.push(() => pool.end())
    const prepared = async (): Promise<number> => (await pool.query('select from pg_prepared_statements')).rowCount ?? 0
    await query(pgDatabase(pool), 'trips').eq('id', 1).execute()
    expect(await prepared()).toBe(0)
    const db = pgDatabase(pool, { prepare: true })
    for (const id of [1, 2, 3]) expect((await query(db, 'trips').eq('id', id).single().execute()).data['id']).toBe(id)
    expect(await prepared()).toBe(1)
    await admin.query('alter table trips add column note text')
    expect((await query(db, 'trips').eq('id', 4).single().execute()).data).toHaveProperty('note', null)
    expect(() => pgDatabase(pool, { prepare: 'yes' } as never)).toThrow('prepare')
  })

  it('lets the planner use a partial index for a constant, in a plan that serves every value', async () => {
    await admin.query(`create table jobs (id int, status text); create index jobs_open on jobs (id) where status = 'open';
      insert into jobs select n, case when n % 100 = 0 then 'open' else 'done' end from generate_series(1, 20000) n; analyze jobs`) // prettier-ignore
    const client = await connect()
    closers.push(() => client.end())
    await client.query('set plan_cache_mode = force_generic_plan')
    const planOf = async (status: string | ReturnType<typeof constant>): Promise<string> => {
      const { text, values } = query<{ id: number; status: string }>(pgDatabase(client), 'jobs').eq('status', status as string).orderBy('id').limit(5).toSQL() // prettier-ignore
      await client.query(`prepare jobs_query as ${text}`)
      const { rows } = await client.query(`explain execute jobs_query (${values.map((value) => `'${String(value)}'`).join(', ')})`) // prettier-ignore
      await client.query('deallocate jobs_query')
      return JSON.stringify(rows)
    }
    expect(await planOf(constant('open'))).toContain('jobs_open')
    expect(await planOf('open')).not.toContain('jobs_open')
  })

  it('that prepares named statements answers them again and again', async () => {
    const call = { signal: new AbortController().signal, onGiveUp: () => undefined }
    for (const name of ['pg.Pool', 'postgres.js', 'our own pool']) {
      const db = await (drivers[name] as () => Promise<Database>)()
      if (db.kind !== 'sql') throw new Error('not SQL')
      for (const n of [1, 2, 3]) {
        const statement = { name: 'by_id', text: 'select id from trips where id = $1', values: [n] }
        expect([...(await db.run(statement, call)).rows]).toEqual([{ id: n }])
      }
    }
  })
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { pgDatabase } from '../../src/pg/index.ts'
import { query, type OrderOptions, type Query } from '../../src/query/index.ts'
import { DATABASES, queryDatabases, type DatabaseName, type QueryDatabases } from '../support/query-databases.ts'

interface Thing {
  readonly id: number
  readonly data: unknown
  readonly tags: string[]
  readonly numbers: string[]
  readonly moods: string[]
  readonly days: Date[]
}
interface Place {
  readonly id: number
  readonly rank: number | null
  readonly part: number | null
}
interface Score {
  readonly id: number
  readonly score: number
}

const SETUP = `
  create type mood as enum ('good', 'so so');
  create table things (id int primary key, data jsonb, tags text[], numbers bigint[], moods mood[], days date[]);
  insert into things values
    (1, '["x", 1]', '{x,y}', '{1,9007199254740993}', '{good,so so}', '{2026-01-02}'),
    (2, '["y", 9007199254740993]', '{"a,b","{c}"}', '{2}', '{good}', '{}'),
    (3, '{"x": ["deep"]}', '{}', '{}', '{}', '{}');
  create table places (id int primary key, rank int, part int);
  insert into places select n, case when n <> 4 then n end, case when n <> 5 then n / 3 end from generate_series(1, 7) n;
  create table scores (id int primary key, score float8 not null);
  insert into scores values (9, 0.3), (1, 0.1::float8 + 0.2::float8), (5, 0.1), (4, 1);`

let all: QueryDatabases
beforeAll(async () => void (all = await queryDatabases(inject('postgresUrl'), SETUP)))
afterAll(() => all.close())

const rows = <Row extends object>(name: DatabaseName, table: string): Query<Row> => query<Row>(all.of(name), table)

describe.each(DATABASES)('contains() of a list over %s', (name) => {
  const ids = async (column: keyof Thing, list: readonly unknown[]): Promise<number[]> => {
    const found = await rows<Thing>(name, 'things').select('id').contains(column, list).orderBy('id').execute()
    return found.data.map(({ id }) => id)
  }

  it('finds it in json', async () => {
    expect(await ids('data', ['x'])).toEqual([1])
    expect(await ids('data', [1])).toEqual([1])
    expect(await ids('data', [9_007_199_254_740_993n])).toEqual([2])
    expect(await ids('data', [])).toEqual([1, 2])
  })

  it('finds it in an array of any type, before and after one that was asked of json', async () => {
    for (let round = 0; round < 2; round += 1) {
      expect(await ids('tags', ['x'])).toEqual([1])
      expect(await ids('tags', ['{c}', 'a,b'])).toEqual([2])
      expect(await ids('numbers', [9_007_199_254_740_993n])).toEqual([1])
      expect(await ids('numbers', [2])).toEqual([2])
      expect(await ids('moods', ['so so', 'good'])).toEqual([1])
      expect(await ids('days', ['2026-01-02'])).toEqual([1])
      expect(await ids('data', ['y'])).toEqual([2])
      expect(await ids('tags', [])).toEqual([1, 2, 3])
    }
  })

  it('says so when the column can hold no such element', async () => {
    await expect(ids('numbers', ['x'])).rejects.toMatchObject({ code: 'ERR_PERF_QUERY', sqlState: '22P02' })
  })
})

it('contains() of a list is served by an index', async () => {
  const { admin } = all
  await admin.query(`
    create table many (id int primary key, tags text[]);
    insert into many select n, array['t' || n] from generate_series(1, 20000) n;
    create index on many using gin (tags);
    analyze many`)
  const { text, values } = query<Thing>(all.of('pg'), 'many').contains('tags', ['t77']).toSQL()
  const { rows: plan } = await admin.query(`explain ${text}`, [...values])
  expect(JSON.stringify(plan)).toContain('many_tags_idx')
})

describe.each(DATABASES)('a walk by keyset pages over %s', (name) => {
  const walked = async (places: Query<Place>, pageSize: number): Promise<number[]> => {
    const found: number[] = []
    let after: string | undefined
    do {
      const page = await places.select('id').paginate({ after, pageSize }).execute()
      found.push(...page.data.map(({ id }) => id))
      after = page.nextCursor
    } while (after !== undefined && found.length < 100)
    return found
  }
  const everywhere = Array.from({ length: 7 }, (_, at) => at + 1)
  const lost = { code: 'ERR_PERF_QUERY', message: expect.stringContaining('null in') }

  it.each([
    ['rank', 'asc', undefined],
    ['rank', 'asc', 'last'],
    ['rank', 'asc', 'never'],
    ['rank', 'desc', 'last'],
  ] as const)(
    'whose last column is null somewhere (%s %s nulls %s) loses no row in silence',
    async (column, direction, nulls) => {
      // prettier-ignore
      const options: OrderOptions = nulls === undefined ? {} : { nulls }
      for (const pageSize of everywhere.slice(0, -1))
      await expect(walked(rows<Place>(name, 'places').orderBy(column, direction, options), pageSize)).rejects.toMatchObject(lost) // prettier-ignore
    },
  )

  it('that was told that a column has no nulls loses no row in silence', async () => {
    const ordered = rows<Place>(name, 'places').orderBy('part', 'asc', { nulls: 'never' }).orderBy('id')
    for (const pageSize of everywhere.slice(0, -1)) await expect(walked(ordered, pageSize)).rejects.toMatchObject(lost)
    const rest = rows<Place>(name, 'places').isNotNull('part').orderBy('part', 'asc', { nulls: 'never' }).orderBy('id')
    expect(await walked(rest, 2)).toEqual([1, 2, 3, 4, 6, 7])
  })

  it('sees every row where nulls may be', async () => {
    for (const nulls of ['first', 'last', undefined] as const)
      for (const direction of ['asc', 'desc'] as const)
        for (const pageSize of [1, 2, 3, 7]) {
          const ordered = rows<Place>(name, 'places').orderBy('part', direction, nulls && { nulls })
          expect((await walked(ordered.orderBy('id'), pageSize)).sort()).toEqual(everywhere)
        }
  })
})

describe('an order by a float on a connection that rounds floats', () => {
  const rounding = async (digits: number): Promise<{ scores: Query<Score>; close: () => Promise<void> }> => {
    const client = new pg.Client({ connectionString: all.url })
    await client.connect()
    await client.query(`set extra_float_digits = ${digits}`)
    return { scores: query<Score>(pgDatabase(client), 'scores'), close: () => client.end() }
  }
  const walk = async (scores: Query<Score>): Promise<number[]> => {
    const found: number[] = []
    let after: string | undefined
    do {
      const page = await scores.orderBy('score').orderBy('id').paginate({ after, pageSize: 1 }).execute()
      found.push(...page.data.map(({ id }) => id))
      after = page.nextCursor
    } while (after !== undefined && found.length < 20)
    return found
  }

  it('is refused instead of walked in a circle', async () => {
    for (const digits of [0, -5]) {
      const { scores, close } = await rounding(digits)
      await expect(walk(scores)).rejects.toMatchObject({ code: 'ERR_PERF_QUERY', message: expect.stringContaining('extra_float_digits') }) // prettier-ignore
      await close()
    }
  })

  it('is walked where they are written in full', async () => {
    for (const digits of [1, 3]) {
      const { scores, close } = await rounding(digits)
      expect(await walk(scores)).toEqual([5, 9, 1, 4])
      await close()
    }
  })

  it('does not keep other orders from being walked', async () => {
    const { scores, close } = await rounding(0)
    const page = await scores.orderBy('id').paginate({ after: undefined, pageSize: 2 }).execute()
    expect((await scores.orderBy('id').paginate({ after: page.nextCursor, pageSize: 2 }).execute()).data).toHaveLength(
      2,
    )
    await close()
  })
})

describe('a prepared statement', () => {
  it.each(['bigint', 'text', 'numeric', 'float8'])('is put again when its column became %s', async (type) => {
    const { admin, url } = all
    await admin.query('create table altered (id int primary key, n int); insert into altered values (1, 1), (2, 2)')
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    try {
      const altered = query<{ id: number; n: unknown }>(pgDatabase(pool, { prepare: true }), 'altered')
      const ask = async (n: string): Promise<unknown> => (await altered.select('id').eq('n', n).execute()).data
      expect(await ask('1')).toEqual([{ id: 1 }])
      await admin.query(`alter table altered alter n type ${type}`)
      const large = type === 'text' ? 'seven' : '9000000000'
      await admin.query('update altered set n = $1 where id = 2', [large])
      for (let round = 0; round < 3; round += 1) {
        expect(await ask(large)).toEqual([{ id: 2 }])
        expect(await ask('1')).toEqual([{ id: 1 }])
      }
      const prepared = await pool.query("select name from pg_prepared_statements where name like 'easymo%'")
      expect(prepared.rowCount).toBe(2)
      await expect(altered.select('*').eq('id', 2).execute()).resolves.toMatchObject({ data: [{ id: 2 }] })
      await admin.query('alter table altered add more int')
      await expect(altered.select('*').eq('id', 2).execute()).resolves.toMatchObject({ data: [{ id: 2, more: null }] })
    } finally {
      await pool.end()
      await admin.query('drop table altered')
    }
  })

  it('that its values are to blame for stays prepared', async () => {
    const pool = new pg.Pool({ connectionString: all.url, max: 1 })
    try {
      const places = query<Place>(pgDatabase(pool, { prepare: true }), 'places')
      for (let round = 0; round < 3; round += 1)
        await expect(places.eq('id', 'x' as never).execute()).rejects.toMatchObject({ sqlState: '22P02' })
      await places.eq('id', 1).execute()
      const { rows: prepared } = await pool.query("select name from pg_prepared_statements where name like 'easymo%'")
      expect(prepared.map(({ name }: { name: string }) => name)).toEqual([expect.stringMatching(/^easymo_\w{14}$/)])
    } finally {
      await pool.end()
    }
  })
})

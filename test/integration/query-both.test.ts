import fc from 'fast-check'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import postgres from 'postgres'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { pgDatabase } from '../../src/pg/index.ts'
import { constant, query, type Database, type Filters, type OrderOptions, type Query } from '../../src/query/index.ts'
import { supabaseDatabase } from '../../src/supabase/index.ts'
import { ownSchema, type OwnSchema } from '../servers/index.ts'
import { postgrestRead, type PostgrestRead } from '../support/postgrest-read.ts'

interface Row {
  readonly id: number
  readonly text: string
  readonly at: string
  readonly big: string | null
  readonly grade: number | null
  readonly active: boolean
  readonly tags: string[]
}

/** Moments that differ in microseconds only, several at the same one; numbers beyond 2^53; nulls. */
const SETUP = `
  create table things (
    id int primary key, text text not null, at timestamptz not null, big bigint, grade float8, active boolean not null,
    tags text[] not null default '{}');
  insert into things
    select n, 't' || n, timestamptz '2026-01-01 00:00:00.000001Z' + (n / 3) * interval '1 microsecond',
      case when n % 5 > 0 then 9007199254740993 + n / 2 end, case when n % 4 > 0 then (n % 7) / 3.0 end, n % 2 = 0,
      array['g' || n % 3]
    from generate_series(1, 60) n;`

let own: OwnSchema
let admin: pg.Client
let rest: PostgrestRead
let shortRest: PostgrestRead
const closers: (() => Promise<unknown>)[] = []
const databases = new Map<string, Database>()
const names = ['pg', 'postgres.js', 'PGlite', 'PostgREST', 'PostgREST that cuts pages']

beforeAll(async () => {
  own = await ownSchema(inject('postgresUrl'))
  admin = new pg.Client({ connectionString: own.url })
  await admin.connect()
  await admin.query(SETUP)
  const pool = new pg.Pool({ connectionString: own.url, max: 4 })
  // postgres.js reads no `options` of a URL.
  const sql = postgres(inject('postgresUrl'), { max: 2, connection: { search_path: own.schema }, onnotice: () => undefined }) // prettier-ignore
  const pglite = new PGlite()
  await pglite.exec(SETUP)
  rest = await postgrestRead({ postgresUrl: own.url })
  shortRest = await postgrestRead({ postgresUrl: own.url, maxRows: 7 })
  closers.push(() => pool.end(), () => sql.end(), () => pglite.close(), rest.close, shortRest.close) // prettier-ignore
  const all = [pgDatabase(pool), pgDatabase(sql), pgDatabase(pglite), supabaseDatabase(new PostgrestClient(rest.url)), supabaseDatabase(new PostgrestClient(shortRest.url))] // prettier-ignore
  all.forEach((database, index) => databases.set(names[index] ?? '', database))
})

afterAll(async () => {
  for (const close of closers) await close()
  await admin.end()
  await own.drop()
})

const things = (name: string): Query<Row> => query<Row>(databases.get(name) as Database, 'things')

/** Every page from the first to the last, by the cursors alone. */
async function walk(rows: Query<Row, Pick<Row, 'id'>>, pageSize: number): Promise<{ ids: number[]; pages: number }> {
  const ids: number[] = []
  let after: string | undefined
  let pages = 0
  do {
    const page = await rows.paginate({ after, pageSize }).execute()
    expect(page.hasMore).toBe(page.nextCursor !== undefined)
    expect(page.data.every((row) => !Object.keys(row).some((name) => name.includes('easymo')))).toBe(true)
    ids.push(...page.data.map(({ id }) => id))
    after = page.nextCursor
    pages += 1
  } while (after !== undefined && pages < 100)
  return { ids, pages }
}

async function expected(order: string): Promise<number[]> {
  const { rows } = await admin.query<{ id: number }>(`select id from things where id <= 60 order by ${order}`)
  return rows.map(({ id }) => id)
}

describe.each(names)('keyset pages over %s', (name) => {
  type Term = readonly [
    column: 'at' | 'big' | 'grade' | 'active' | 'id',
    direction: 'asc' | 'desc',
    options?: OrderOptions,
  ]
  const orders: readonly (readonly Term[])[] = [
    [['id', 'asc']],
    [['id', 'desc']],
    [['at', 'desc'], ['id', 'desc']], // prettier-ignore
    [['at', 'asc', { nulls: 'never' }], ['id', 'asc']], // prettier-ignore
    [['at', 'desc'], ['id', 'asc']], // prettier-ignore
    [['big', 'asc'], ['id', 'asc']], // prettier-ignore
    [['big', 'desc'], ['id', 'desc']], // prettier-ignore
    [['big', 'asc', { nulls: 'first' }], ['id', 'desc']], // prettier-ignore
    [['big', 'desc', { nulls: 'last' }], ['grade', 'asc'], ['id', 'asc']], // prettier-ignore
    [['grade', 'desc'], ['active', 'asc', { nulls: 'never' }], ['id', 'desc']], // prettier-ignore
  ]

  it.each(
    orders.map(
      (order) =>
        [
          order
            .map(
              ([column, direction, { nulls } = {}]) =>
                `${column} ${direction}${nulls === undefined ? '' : ` nulls ${nulls}`}`,
            )
            .join(', '),
          order,
        ] as const,
    ),
  )('by %s give every row once, in order', async (text, order) => {
    // prettier-ignore
    const rows = order.reduce((so, [column, direction, options]) => so.orderBy(column, direction, options), things(name).lte('id', 60)) // prettier-ignore
    const { ids, pages } = await walk(rows.select('id', 'text'), 7)
    expect(ids).toEqual(await expected(text.replaceAll(' nulls never', '')))
    expect(pages).toBe(9)
  })

  it('count all rows on every page', async () => {
    const rows = things(name).lte('id', 60).orderBy('id').withCount()
    const first = await rows.paginate({ after: null, pageSize: 5 }).execute()
    const second = await rows.paginate({ after: first.nextCursor, pageSize: 5 }).execute()
    expect([first.count, second.count, second.data[0]?.id]).toEqual([60, 60, 6])
  })

  it('say so when the order cannot tell the last row of a page from the next', async () => {
    const rows = things(name).lte('id', 60).orderBy('at').paginate({ after: undefined, pageSize: 4 })
    await expect(rows.execute()).rejects.toThrow('must end in a unique column')
  })
})

describe('pages longer than the server gives at once', () => {
  const cut = (): Query<Row, Pick<Row, 'id'>> =>
    things('PostgREST that cuts pages').lte('id', 60).select('id').orderBy('id')
  const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

  it('are shorter by cursor, and lead on to every row', async () => {
    expect(await walk(cut(), 20)).toEqual({ ids: upTo(60), pages: 9 })
  })

  it.each([false, true])('are whole by number (counted: %s)', async (isCounted) => {
    const page = async (number: number): Promise<unknown> => {
      const rows = cut().paginate({ page: number, pageSize: 20 })
      const { data, hasMore } = await (isCounted ? rows.withCount() : rows).execute()
      return [data.map(({ id }) => id), hasMore]
    }
    expect([await page(1), await page(3)]).toEqual([[upTo(20), true], [upTo(60, 41), false]]) // prettier-ignore
  })

  it('take no second request for a short one, once the server has given a longer answer', async () => {
    await cut().execute()
    shortRest.asked.length = 0
    const { hasMore } = await cut().lte('id', 6).paginate({ page: 1, pageSize: 20 }).execute()
    expect([hasMore, shortRest.asked.length]).toEqual([false, 1])
    await cut().lte('id', 6).paginate({ after: undefined, pageSize: 20 }).execute()
    expect(shortRest.asked).toHaveLength(2)
  })
})

/** Half a surrogate pair and NUL are refused: they are no text of Postgres. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...',)("\\+*%_.:&=#?\' {}[]null0189é漢👋'), maxLength: 8 }),
  fc.constantFrom('007', '12345678901234567890', '1e5', 'null', 'true', '{a,b}', '(1,2)', 'is.null', '$1', '*', '**'),
).map((text) => text.replaceAll('\0', '')) // prettier-ignore

describe('any text', () => {
  it('comes back as exactly the row that was asked for, by every back end and filter', async () => {
    let id = 1_000
    const put = (text: string): Promise<unknown> => admin.query('insert into things (id, text, at, active, tags) values ($1, $2, now(), true, array[$2])', [(id += 1), text]) // prettier-ignore
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (text, other) => {
        await admin.query('delete from things where id > 1000')
        await put(text)
        await put(`${text}x`)
        if (other !== text && other !== `${text}x`) await put(other)
        for (const name of ['pg', 'postgres.js', 'PostgREST']) {
          const found = async (filter: (rows: Filters<Row>) => Filters<Row>): Promise<unknown> =>
            (await (filter(things(name).gt('id', 1_000)) as Query<Row>).select('text').execute()).data
          expect(await found((rows) => rows.eq('text', text))).toEqual([{ text }])
          expect(await found((rows) => rows.in('text', [text]))).toEqual([{ text }])
          expect(await found((rows) => rows.or((one) => one.eq('text', text)))).toEqual([{ text }])
          expect(await found((rows) => rows.like('text', text.replace(/[\\%_]/g, '\\$&')))).toEqual([{ text }])
          expect(await found((rows) => rows.contains('tags', [text]))).toEqual([{ text }])
        }
      }),
      { numRuns: 60 },
    )
    await admin.query('delete from things where id > 1000')
  })
})

describe('both back ends', () => {
  const condition = fc.oneof(
    fc.record({ kind: fc.constantFrom('eq', 'neq', 'gt', 'gte', 'lt', 'lte'), n: fc.integer({ min: 0, max: 61 }) }),
    fc.record({ kind: fc.constantFrom('null', 'filled', 'on', 'constant'), n: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ kind: fc.constantFrom('in', 'like', 'tags'), n: fc.integer({ min: 0, max: 9 }) }),
  )
  interface Drawn {
    readonly kind: string
    readonly n: number
  }
  function filtered<F extends Filters<Row>>(rows: F, { kind, n }: Drawn): F {
    if (kind === 'null') return rows.isNull(n > 1 ? 'big' : 'grade')
    if (kind === 'filled') return rows.isNotNull(n > 1 ? 'big' : 'grade')
    if (kind === 'on') return rows.eq('active', n > 1)
    if (kind === 'constant') return rows.in('text', [constant('t7'), constant('t8'), constant(`t${n}`)])
    if (kind === 'in')
      return rows.in(
        'id',
        Array.from({ length: n }, (_, index) => index * 7),
      )
    if (kind === 'like') return rows.like('text', `t${n}%`)
    if (kind === 'tags') return rows.contains('tags', [`g${n % 4}`])
    return rows[kind as 'eq']('id', n)
  }

  it('agree on every combination of conditions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(condition, { maxLength: 3 }),
        fc.array(condition, { maxLength: 3 }),
        fc.boolean(),
        async (plain, branches, negate) => {
          // prettier-ignore
          const answers = []
          for (const name of ['pg', 'PGlite', 'PostgREST']) {
            let rows = plain.reduce(filtered, things(name).lte('id', 60).select('id').orderBy('id'))
            if (branches.length > 0)
              rows = rows.or(...branches.map((drawn) => (one: Filters<Row>) => filtered(one, drawn)))
            if (negate && branches.length > 0) rows = rows.not((not) => branches.reduce(filtered, not))
            const { data, count } = await rows.withCount().execute()
            answers.push([data.map(({ id }) => id), count])
          }
          expect(answers[1]).toEqual(answers[0])
          expect(answers[2]).toEqual(answers[0])
        },
      ),
      { numRuns: 150 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { Database, RestRequest, SqlStatement } from '../core/database.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { query } from './query.ts'

interface Trip {
  readonly id: number
  readonly status: string
  readonly user_id: string
  readonly tags: string[]
  readonly data: object
  readonly created_at: Date
  readonly closed_at: string | null
}

/** Records what it is asked; answers with the lists given, in turn. */
function recorder(...answers: readonly object[][]): { db: Database; asked: SqlStatement[] } {
  const asked: SqlStatement[] = []
  const left = [...answers]
  return {
    asked,
    db: {
      kind: 'sql',
      run: async ({ text, values }) => {
        asked.push({ text, values })
        return { rows: left.shift() ?? [] }
      },
    },
  }
}

function restRecorder(...answers: readonly { rows: object[]; total?: number }[]): {
  db: Database
  asked: RestRequest[]
} {
  const asked: RestRequest[] = []
  const left = [...answers]
  return {
    asked,
    db: {
      kind: 'postgrest',
      select: async (request) => {
        asked.push(request)
        return left.shift() ?? { rows: [] }
      },
    },
  }
}

const { db } = recorder()
const trips = query<Trip>(db, 'trips')

describe('toSQL', () => {
  it('writes columns, conditions, order, limit and offset, with every value apart', () => {
    const statement = trips
      .select('id', 'status')
      .eq('user_id', "u'1")
      .in('status', ['open', 'matched'])
      .gte('created_at', new Date('2026-01-02T03:04:05.678Z'))
      .isNull('closed_at')
      .orderBy('created_at', 'desc', { nulls: 'last' })
      .orderBy('id')
      .limit(10)
      .offset(20)
      .toSQL()
    expect(statement).toEqual({
      text:
        'select "id", "status" from "trips" where "user_id" = $1 and "status" = any($2) and "created_at" >= $3' +
        ' and "closed_at" is null order by "created_at" desc nulls last, "id" asc limit $4 offset $5',
      values: ["u'1", ['open', 'matched'], '2026-01-02T03:04:05.678Z', 10, 20],
    })
  })

  it('writes every comparison', () => {
    const { text } = trips.neq('id', 1).gt('id', 2).lt('id', 3).lte('id', 4).like('status', 'a%').ilike('status', 'B_').isNotNull('id').contains('tags', ['x']).contains('data', { a: 1 }).toSQL() // prettier-ignore
    expect(text).toBe(
      'select * from "trips" where "id" <> $1 and "id" > $2 and "id" < $3 and "id" <= $4 and "status" like $5' +
        ' and "status" ilike $6 and "id" is not null' +
        ` and "tags" @> (jsonb_populate_record(null::"trips", jsonb_build_object('tags', $7::jsonb)))."tags" and "data" @> $8`,
    )
  })

  it('nests or and not with brackets', () => {
    const { text, values } = trips
      .eq('id', 1)
      .or(
        (trip) => trip.eq('status', 'open').gt('id', 5),
        (trip) => trip.not((not) => not.isNull('closed_at')),
      )
      .toSQL()
    expect(text).toBe(
      'select * from "trips" where "id" = $1 and (("status" = $2 and "id" > $3) or not ("closed_at" is null))',
    )
    expect(values).toEqual([1, 'open', 5])
  })

  it('works an empty list into the conditions around it', () => {
    expect(trips.or((t) => t.in('id', []), (t) => t.eq('id', 1)).toSQL().text).toBe('select * from "trips" where "id" = $1') // prettier-ignore
    expect(trips.not((t) => t.in('id', [])).toSQL().text).toBe('select * from "trips"')
    expect(trips.eq('id', 1).in('id', []).toSQL().text).toBe('select * from "trips" where false')
  })

  it('takes columns as one string, and a schema before the table', () => {
    expect(trips.select('id, status').toSQL().text).toBe('select "id", "status" from "trips"')
    expect(trips.select('id').select('*').toSQL().text).toBe('select * from "trips"')
    expect(query(db, 'app.trips').toSQL().text).toBe('select * from "app"."trips"')
  })

  it('leaves the query it was called on as it was', () => {
    const open = trips.eq('status', 'open')
    open.eq('id', 1).orderBy('id').limit(1)
    expect(open.toSQL()).toEqual({ text: 'select * from "trips" where "status" = $1', values: ['open'] })
  })
})

describe('execute', () => {
  it('gives a page and whether there is a next one, from one row more', async () => {
    const { db, asked } = recorder([{ id: 1 }, { id: 2 }, { id: 3 }], [{ id: 3 }])
    const pages = query<Trip>(db, 'trips').orderBy('id')
    expect(await pages.paginate({ page: 1, pageSize: 2 }).execute()).toEqual({
      data: [{ id: 1 }, { id: 2 }],
      hasMore: true,
    })
    expect(await pages.paginate({ page: 2, pageSize: 2 }).execute()).toEqual({ data: [{ id: 3 }], hasMore: false })
    expect(asked.map(({ values }) => values)).toEqual([
      [3, 0],
      [3, 2],
    ])
  })

  it('counts by a second statement, and not at all when the end of the rows was seen', async () => {
    const { db, asked } = recorder([{ id: 1 }, { id: 2 }, { id: 3 }], [{ count: '41' }], [{ id: 9 }])
    const counted = query<Trip>(db, 'trips').eq('status', 'open').withCount()
    expect(await counted.paginate({ page: 1, pageSize: 2 }).execute()).toMatchObject({ count: 41, hasMore: true })
    expect(await counted.paginate({ page: 21, pageSize: 2 }).execute()).toEqual({
      data: [{ id: 9 }],
      count: 41,
      hasMore: false,
    })
    expect(asked.map(({ text }) => text.startsWith('select count(*)'))).toEqual([false, true, false])
    expect(asked[1]).toEqual({ text: 'select count(*) as "count" from "trips" where "status" = $1', values: ['open'] })
  })

  it('gives one row, or says that there is none or more than one', async () => {
    const one = (...rows: object[]) => query<Trip>(recorder(rows).db, 'trips')
    expect(await one({ id: 1 }).single().execute()).toEqual({ data: { id: 1 } })
    await expect(one().single().execute()).rejects.toMatchObject({
      code: 'ERR_PERF_QUERY',
      message: 'single() met no row of trips',
    })
    await expect(one({}, {}).single().execute()).rejects.toThrow('more than one row')
    await expect(one({}, {}).maybeSingle().execute()).rejects.toThrow('more than one row')
    expect(await one().maybeSingle().execute()).toEqual({ data: null })
    expect(await one().first().execute()).toEqual({ data: null })
    expect(await one({ id: 4 }).first().execute()).toEqual({ data: { id: 4 } })
    expect(await one({ one: 1 }).exists().execute()).toEqual({ data: true })
    expect(await one().exists().execute()).toEqual({ data: false })
  })

  it('asks for no more rows than it takes to tell', async () => {
    const { db, asked } = recorder()
    const all = query<Trip>(db, 'trips').orderBy('id')
    await all.maybeSingle().execute()
    await all.first().execute()
    await all.exists().execute()
    expect(asked).toEqual([
      { text: 'select * from "trips" order by "id" asc limit $1', values: [2] },
      { text: 'select * from "trips" order by "id" asc limit $1', values: [1] },
      { text: 'select 1 as "one" from "trips" limit $1', values: [1] },
    ])
  })

  it('sends no query for an empty list', async () => {
    const { db, asked } = recorder()
    const none = query<Trip>(db, 'trips').in('id', [])
    expect(await none.withCount().paginate({ page: 3, pageSize: 5 }).execute()).toEqual({
      data: [],
      count: 0,
      hasMore: false,
    })
    expect(await none.exists().execute()).toEqual({ data: false })
    expect(await none.maybeSingle().execute()).toEqual({ data: null })
    await expect(none.single().execute()).rejects.toThrow('no row')
    expect(asked).toHaveLength(0)
  })

  it('refuses text that no Postgres can hold, for both back ends, and sends nothing', async () => {
    for (const { db, asked } of [recorder(), restRecorder()])
      for (const text of ['a\0b', 'half \ud83d', '\udc00x']) {
        await expect(query<Trip>(db, 'trips').eq('status', text).execute()).rejects.toMatchObject({ sqlState: '22021' })
        await expect(query<Trip>(db, 'trips').in('status', ['ok', text]).execute()).rejects.toMatchObject({
          sqlState: '22021',
        })
        expect(asked).toHaveLength(0)
      }
  })

  it('ends at its deadline and tells the database that nobody waits', async () => {
    const clock = manualClock()
    let given = 0
    const frozen: Database = {
      kind: 'sql',
      run: (_, call) => {
        call.onGiveUp(() => (given += 1))
        return new Promise(() => undefined)
      },
    }
    const asking = query(frozen, 'trips', { host: createHost({ clock }) })
    const late = expect(asking.execute({ timeoutMs: 50 })).rejects.toMatchObject({
      code: 'ERR_PERF_TIMEOUT',
      message: 'the query of trips did not answer within 50 ms',
    })
    await clock.tick(50)
    await late
    expect(given).toBe(1)
    const abort = new AbortController()
    const gone = expect(asking.execute({ signal: abort.signal })).rejects.toThrow('left')
    abort.abort(new Error('left'))
    await gone
    expect(given).toBe(2)
  })

  it('wraps what the database throws without its message, and leaves errors of this package alone', async () => {
    const refusing = (error: unknown): Database => ({ kind: 'sql', run: () => Promise.reject(error) })
    const cause = Object.assign(new Error('invalid input syntax for type integer: "secret"'), { code: '22P02' })
    const error = await query(refusing(cause), 'trips').execute().catch((e: unknown) => e) // prettier-ignore
    expect(error).toMatchObject({ name: 'QueryError', code: 'ERR_PERF_QUERY', sqlState: '22P02', cause })
    expect(String(error)).toBe('QueryError: the query of trips failed (22P02)')
    const settled = await query(refusing(cause), 'trips').settle()
    expect(settled).toMatchObject({ data: null, count: null, error: { sqlState: '22P02' } })
    await expect(query(refusing(Object.assign(new Error('x'), { code: 'EPIPE' })), 't').execute()).rejects.toMatchObject({ sqlState: undefined }) // prettier-ignore
  })

  it('settles with the data, the count and no error', async () => {
    const { db } = recorder([{ id: 1 }])
    expect(await query<Trip>(db, 'trips').withCount().settle()).toEqual({ data: [{ id: 1 }], error: null, count: 1 })
  })
})

describe('over PostgREST', () => {
  it('asks for the count in the same request', async () => {
    const { db, asked } = restRecorder({ rows: [{ id: 1 }, { id: 2 }], total: 5 })
    const result = await query<Trip>(db, 'trips').withCount().paginate({ page: 1, pageSize: 2 }).execute()
    expect(result).toEqual({ data: [{ id: 1 }, { id: 2 }], count: 5, hasMore: true })
    expect(asked).toEqual([{ table: 'trips', search: 'select=*&limit=3', headers: { prefer: 'count=exact' } }])
  })

  it('looks behind a page that may have been cut by the server', async () => {
    const full = Array.from({ length: 1_000 }, (_, id) => ({ id }))
    const { db, asked } = restRecorder({ rows: full }, { rows: [{ id: 0 }] })
    const { data, hasMore } = await query<Trip>(db, 'trips').paginate({ page: 1, pageSize: 1_000 }).execute()
    expect([data.length, hasMore]).toEqual([1_000, true])
    expect(asked[1]?.search).toBe('select=*&limit=1&offset=1000')
  })

  it('says so when a count was asked for and none came', async () => {
    const { db } = restRecorder({ rows: [] })
    await expect(query(db, 'trips').withCount().execute()).rejects.toThrow('has no count')
  })
})

import { describe, expect, it } from 'vitest'
import type { Database } from '../core/database.ts'
import { query } from './query.ts'
import type { Query } from './types.ts'

type Any = Query<Record<string, unknown>>

/** Answers with rows that end at the positions given, one more than the page has. */
function database(...positions: readonly (readonly (string | null)[])[]): Database {
  const rows = positions.map((position, id) => ({ id, 'easymo position': JSON.stringify(position) }))
  return { kind: 'sql', run: async () => ({ rows }) }
}

const FAR = '2026-01-01 00:00:00.123456+00'

async function behind(order: (rows: Any) => Any, position: readonly (string | null)[]): Promise<Any> {
  const rows = order(query(database(position, [...position.slice(0, -1), 'z']), 'trips'))
  const { nextCursor } = await rows.paginate({ after: undefined, pageSize: 1 }).execute()
  return rows.paginate({ after: nextCursor, pageSize: 10 })
}

const whereOf = (rows: Any): string => / where (.*) order by/.exec(rows.toSQL().text)?.[1] ?? ''

describe('a keyset page', () => {
  it('asks for the order as text, and keeps that out of the rows', async () => {
    const rows = query(database(['a', '1'], ['a', '2']), 'trips')
      .select('id')
      .orderBy('created_at', 'desc')
      .orderBy('id')
    const start = rows.paginate({ after: undefined, pageSize: 1 })
    expect(start.toSQL()).toEqual({
      text: `select "id", case when current_setting('extra_float_digits')::int < 1 and array[pg_typeof("created_at"), pg_typeof("id")]::text[] && '{real,double precision}' then 'rounded' else json_build_array("created_at"::text, "id"::text)::text end as "easymo position" from "trips" order by "created_at" desc, "id" asc limit $1`,
      values: [2],
    })
    const { data, hasMore, nextCursor } = await start.execute()
    expect([data, hasMore, typeof nextCursor]).toEqual([[{ id: 0 }], true, 'string'])
    expect(nextCursor).toMatch(/^[\w-]+$/)
  })

  it('compares columns of one direction as a row, which an index serves', async () => {
    const rows = await behind((all) => all.orderBy('created_at', 'desc').orderBy('id', 'desc'), [FAR, '7'])
    expect(whereOf(rows)).toBe('("created_at", "id") < ($1, $2)')
    expect(rows.toSQL().values).toEqual([FAR, '7', 11])
    expect(whereOf(await behind((all) => all.orderBy('id'), ['7']))).toBe('"id" > $1')
    expect(whereOf(await behind((all) => all.orderBy('at', 'asc', { nulls: 'never' }).orderBy('id'), [FAR, '7']))).toBe(
      '("at", "id") > ($1, $2)',
    )
  })

  it('compares columns of mixed directions one by one, below a bound', async () => {
    const rows = await behind((all) => all.orderBy('created_at', 'desc').orderBy('id'), [FAR, '7'])
    expect(whereOf(rows)).toBe('"created_at" <= $1 and ("created_at" < $1 or ("created_at" = $1 and "id" > $2))')
  })

  it('finds the nulls where the order puts them', async () => {
    const last = (all: Any): Any => all.orderBy('a').orderBy('id')
    expect(whereOf(await behind(last, ['x', '7']))).toBe(
      '("a" >= $1 or "a" is null) and (("a" > $1 or "a" is null) or ("a" = $1 and "id" > $2))',
    )
    expect(whereOf(await behind(last, [null, '7']))).toBe('"a" is null and ("a" is null and "id" > $1)')
    const first = (all: Any): Any => all.orderBy('a', 'desc').orderBy('id', 'desc')
    expect(whereOf(await behind(first, [null, '7']))).toBe(
      '("a" is null or "a" is not null) and ("a" is not null or ("a" is null and "id" < $1))',
    )
  })

  it('has the bound over PostgREST too, without which it would be slower than an offset', async () => {
    const rows = await behind((all) => all.orderBy('created_at', 'desc').orderBy('id', 'desc'), [FAR, '7'])
    const { searchParams } = new URL(`http://x?${rows.toRequest().search}`)
    expect(searchParams.get('and')).toBe(
      `(created_at.lte."${FAR}",or(created_at.lt."${FAR}",and(created_at.eq."${FAR}",id.lt."7")))`,
    )
    expect(searchParams.get('select')).toBe('*,easymo_position_0:created_at::text,easymo_position_1:id::text')
  })

  it('counts on the whole and never what is behind the cursor', async () => {
    const asked: string[] = []
    const counting: Database = {
      kind: 'sql',
      run: async ({ text }) => {
        asked.push(text)
        return { rows: text.startsWith('select count') ? [{ count: '12' }] : [] }
      },
    }
    const order = (all: Any): Any => all.eq('a', 1).orderBy('id')
    const rows = query(counting, 'trips').eq('a', 1).orderBy('id')
    const { nextCursor } = await order(query(database(['1'], ['2']), 'trips')).paginate({ after: null, pageSize: 1 }).execute() // prettier-ignore
    expect((await rows.withCount().paginate({ after: nextCursor, pageSize: 2 }).execute()).count).toBe(12)
    expect(asked[1]).toBe('select count(*) as "count" from "trips" where "a" = $1')
  })

  it('that would lose rows is refused: equal ones at its end, a null where there should be none', async () => {
    const page = (db: Database, order: (all: Any) => Any) => order(query(db, 'trips')).paginate({ after: undefined, pageSize: 1 }).execute() // prettier-ignore
    await expect(page(database(['a'], ['a']), (all) => all.orderBy('a'))).rejects.toThrow('must end in a unique column')
    await expect(page(database([null], ['a']), (all) => all.orderBy('id'))).rejects.toThrow('a null in id')
    await expect(page(database([null, '1'], ['a', '2']), (all) => all.orderBy('a', 'asc', { nulls: 'never' }).orderBy('id'))).rejects.toThrow('a null in a') // prettier-ignore
    await expect(page(database(['a'], ['b']), (all) => all)).rejects.toThrow('needs orderBy()')
  })
})

describe('a cursor', () => {
  const order = (all: Any): Any => all.eq('a', 1).orderBy('created_at', 'desc').orderBy('id', 'desc')
  const cursor = async (position: readonly (string | null)[] = [FAR, '7']): Promise<string> => {
    const page = await order(query(database(position, [FAR, '8']), 'trips')).paginate({ after: undefined, pageSize: 1 }).execute() // prettier-ignore
    return page.nextCursor ?? ''
  }
  const trips = query(database(), 'trips')
  const use = (rows: Any, after: string): unknown => rows.paginate({ after, pageSize: 1 }).toSQL()

  it('carries any text', async () => {
    const text = 'é漢👋"\\\'; drop table trips; --'
    expect(order(trips).paginate({ after: await cursor([text, '7']), pageSize: 1 }).toSQL().values).toEqual([1, text, '7', 2]) // prettier-ignore
  })

  it('of the same query with other values, columns and page size is taken', async () => {
    const after = await cursor()
    expect(() => use(order(trips.select('id')), after)).not.toThrow()
    expect(() => use(trips.eq('a', 2).orderBy('created_at', 'desc').orderBy('id', 'desc'), after)).not.toThrow()
  })

  it('of another table, filter or order is an OptionError', async () => {
    const after = await cursor()
    const others = [
      order(query(database(), 'other')),
      trips.orderBy('created_at', 'desc').orderBy('id', 'desc'),
      trips.gt('a', 1).orderBy('created_at', 'desc').orderBy('id', 'desc'),
      trips.eq('a', 1).orderBy('created_at', 'desc').orderBy('id'),
      trips.eq('a', 1).orderBy('id', 'desc'),
    ]
    for (const other of others) expect(() => use(other, after)).toThrow('after must be the nextCursor')
  })

  it('that was changed or made up is an OptionError that does not repeat it', async () => {
    const after = await cursor()
    const text = atob(after.replaceAll('-', '+').replaceAll('_', '/'))
    const encoded = (forged: string): string => btoa(forged).replace(/=+$/, '')
    const forged = [
      'x', '!!!', 'eyJ9', `${after}A`, after.slice(0, -4), `A${after}`,
      encoded(text.replace('"7"', '"8"')), encoded(text.replace('1', '2')), encoded(`10000000["x","1"]`), encoded('10000000not json'),
    ] // prettier-ignore
    for (const one of forged) {
      expect(() => use(order(trips), one)).toThrow('after must be the nextCursor')
      await expect(order(trips).paginate({ after: one, pageSize: 1 }).execute()).rejects.toMatchObject({ code: 'ERR_PERF_OPTION' }) // prettier-ignore
    }
    expect(() => trips.paginate({ after: '', pageSize: 1 })).toThrow('after')
    expect(() => trips.paginate({ after: 7 as never, pageSize: 1 })).toThrow('after')
    expect(() => trips.paginate({ after: 'x', page: 2, pageSize: 1 } as never)).toThrow('not both')
    expect(() => trips.paginate({ pageSize: 1 } as never)).toThrow('page')
    expect(() => trips.paginate({ page: 1, pageSize: 1, cursor: 'x' } as never)).toThrow('unknown option')
  })
})

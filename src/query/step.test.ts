import { describe, expect, it } from 'vitest'
import type { Database } from '../core/database.ts'
import { constant } from './constant.ts'
import { planCacheStats, query } from './query.ts'

const database = (): Database => ({ kind: 'sql', run: async () => ({ rows: [] }) })

describe('the plan cache', () => {
  it('knows a shape again, whatever its values', () => {
    const db = database()
    const ask = (user: string) => query(db, 'trips').select('id', 'status').eq('user_id', user).limit(1).toSQL()
    const first = ask('a')
    const { steps } = planCacheStats(db)
    for (const user of ['b', 'c']) expect(ask(user)).toEqual({ text: first.text, values: [user, 1] })
    expect(planCacheStats(db)).toEqual({ steps, maxSteps: 5_000, resets: 0 })
  })

  it('is bounded, and queries that were made before it was emptied go on', () => {
    const db = database()
    const held = query(db, 'trips').eq('a', 1)
    const text = held.eq('b', 2).toSQL()
    for (let n = 0; n < 12_000; n += 1) held.eq(`column_${n}`, n).toSQL()
    const { steps, maxSteps, resets } = planCacheStats(db)
    expect(resets).toBe(2)
    expect(steps).toBeLessThanOrEqual(maxSteps)
    expect(held.eq('b', 2).toSQL()).toEqual(text)
    expect(held.eq('column_7', 7).toSQL().text).toBe('select * from "trips" where "a" = $1 and "column_7" = $2')
  })

  it('does not keep a name that was refused', () => {
    const db = database()
    const { steps } = planCacheStats(db)
    for (const name of ['a b', 'a b', '1']) expect(() => query(db, 'trips').eq(name, 1)).toThrow('a column must be')
    expect(planCacheStats(db).steps).toBe(steps + 1)
  })

  it('is each database’s own', () => {
    const [one, other] = [database(), database()]
    query(one, 'trips').eq('a', 1)
    expect([planCacheStats(one).steps, planCacheStats(other).steps]).toEqual([2, 0])
  })
})

describe('constant', () => {
  const trips = query(database(), 'trips')

  it('is written into the statement, and into a request like any value', () => {
    const rows = trips.eq('status', constant('open')).gt('seats', constant(2)).eq('active', constant(true)).eq('id', 7)
    expect(rows.toSQL()).toEqual({
      text: `select * from "trips" where "status" = 'open' and "seats" > 2 and "active" = true and "id" = $1`,
      values: [7],
    })
    expect(decodeURIComponent(rows.toRequest().search)).toBe(
      'select=*&and=(status.eq."open",seats.gt."2",active.eq."true",id.eq."7")',
    )
  })

  it('stands in lists, alone; beside other values it is one of them', () => {
    const all = trips.in('status', [constant('open'), constant('in progress')])
    expect(all.toSQL()).toEqual({ text: `select * from "trips" where "status" in ('open', 'in progress')`, values: [] })
    expect(trips.in('status', [constant('open'), 'x']).toSQL().values).toEqual([['open', 'x']])
    expect(decodeURIComponent(all.toRequest().search)).toBe('select=*&status=in.("open","in progress")')
  })

  it('is nothing that SQL could read as more than a word', () => {
    for (const value of [
      "o'hara",
      'a\\',
      'a"b',
      'x;y',
      '$1',
      '--\n',
      'é',
      'x'.repeat(64),
      Number.NaN,
      Infinity,
      {},
      null,
    ])
      expect(() => constant(value as never)).toThrow('constant() takes')
  })
})

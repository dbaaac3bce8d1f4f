import { describe, expect, it } from 'vitest'
import type { Database } from '../core/database.ts'
import { query } from './query.ts'

interface Trip {
  readonly id: number
  readonly created_at: Date
}

const db: Database = { kind: 'sql', run: async () => ({ rows: [] }) }
const trips = query<Trip>(db, 'trips')

describe('what is refused', () => {
  const hostile = ['id"; drop table trips; --', 'id" or 1=1', '', '1id', 'a b', 'a.b', 'x'.repeat(64), 'a\0', 'é']

  it('any name that is not a plain one, everywhere a name goes, without repeating it', () => {
    const untyped = query(db, 'trips')
    for (const name of hostile) {
      const uses = [
        () => untyped.eq(name, 1),
        () => untyped.in(name, [1]),
        () => untyped.isNull(name),
        () => untyped.like(name, 'x'),
        () => untyped.contains(name, ['x']),
        () => untyped.orderBy(name),
        () => untyped.or((t) => t.eq(name, 1)),
      ]
      for (const use of uses) {
        expect(use).toThrow('a column must be')
        expect(use).not.toThrow('drop table')
      }
      expect(() => untyped.select(name)).toThrow('column')
    }
    for (const table of ['trips; drop table x', 'a.b.c', '', 'a.', '"t"'])
      expect(() => query(db, table)).toThrow('a table must be')
  })

  it('directions and counts that are not words of ours', () => {
    expect(() => trips.orderBy('id', 'asc; drop' as never)).toThrow('direction')
    expect(() => trips.orderBy('id', 'asc', { nulls: 'x' as never })).toThrow('nulls')
    expect(() => trips.withCount('all' as never)).toThrow('count')
  })

  it('undefined, null, NaN and objects as values, with the way out', () => {
    expect(() => trips.eq('id', undefined as never)).toThrow('leave the filter out')
    expect(() => trips.eq('id', null as never)).toThrow('isNull()')
    expect(() => trips.in('id', [1, null as never])).toThrow('isNull()')
    expect(() => trips.eq('id', Number.NaN)).toThrow('finite')
    expect(() => trips.eq('id', { toString: () => '1' } as never)).toThrow('eq() takes')
    expect(() => trips.eq('created_at', new Date(Number.NaN))).toThrow('valid Date')
    expect(() => trips.in('id', 'abc' as never)).toThrow('array')
  })

  it('branches without a condition, which would be true for every row', () => {
    expect(() => trips.or((trip) => trip)).toThrow('a branch of or()')
    expect(() => trips.or((trip) => void trip.eq('id', 1) as never)).toThrow('a branch of or()')
    expect(() => trips.or()).toThrow('or()')
  })

  it('pages together with limit or offset, and pages out of range', () => {
    expect(() => trips.limit(1).paginate({ page: 1, pageSize: 1 })).toThrow('excludes')
    expect(() => trips.paginate({ page: 1, pageSize: 1 }).offset(1)).toThrow('excludes')
    expect(() => trips.paginate({ page: 0, pageSize: 1 })).toThrow('page')
    expect(() => trips.paginate({ page: 1, pageSize: 1_001 })).toThrow('at most 1000')
    expect(() => trips.limit(1.5)).toThrow('limit')
  })

  it('something that is no database', () => {
    expect(() => query({} as never, 'trips')).toThrow('pgDatabase()')
    expect(() => query(undefined as never, 'trips')).toThrow('pgDatabase()')
    expect(() => query(db, 'trips', { hosts: 1 } as never)).toThrow('unknown option')
  })
})

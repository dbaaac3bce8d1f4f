import { describe, expect, it } from 'vitest'
import type { Database } from '../core/database.ts'
import { constant } from './constant.ts'
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

  it('orders, counts and parts of another kind than a word, in our own words', () => {
    const orders = [[{}], [5], [null], [['asc']], [Symbol('asc')], ['asc', null], ['asc', 5], ['asc', { null: 'first' }], [{}, { nulls: 'first' }], ['asc', { nulls: {} }]] // prettier-ignore
    const anyTrips = trips as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
    const calls = [
      ...orders.map((rest) => () => anyTrips['orderBy']?.('id', ...rest)),
      ...[{}, 5, Symbol('exact'), null].map((how) => () => anyTrips['withCount']?.(how)),
      ...[{}, 5, Symbol('id'), null].map((column) => () => anyTrips['select']?.(column)),
      ...[{}, 5, null, 'x'].map((page) => () => anyTrips['paginate']?.(page)),
    ]
    for (const call of calls) expect(call).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })

  it('numbers that are not exact any more, wherever they stand', () => {
    const beyond = 2 ** 53
    for (const use of [
      () => trips.eq('id', beyond),
      () => trips.gt('id', -beyond),
      () => trips.in('id', [1, beyond]),
      () => trips.in('id', [constant(1), constant(beyond)]),
      () => trips.eq('id', constant(1e300)),
      () => trips.contains('id', [beyond]),
      () => trips.contains('id', { deep: [{ n: beyond }] }),
    ])
      expect(use).toThrow(/2\^53.*bigint|bigint/)
    expect(
      trips
        .eq('id', beyond - 1)
        .lt('id', 0.1)
        .toSQL().values,
    ).toEqual([beyond - 1, 0.1])
  })

  it('objects that JSON does not hold', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const value of [circle, { n: 1n }]) expect(() => trips.contains('id', value)).toThrow('writable as JSON')
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

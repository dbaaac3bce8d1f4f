import type { PGlite } from '@electric-sql/pglite'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import type postgres from 'postgres'
import type { Database } from '../core/database.ts'
import { pgClients, pgDatabase } from '../pg/index.ts'
import { createPool, type Pool } from '../pool/index.ts'
import { supabaseDatabase } from '../supabase/index.ts'
import { constant, query, type Query } from './index.ts'

interface Trip {
  readonly id: number
  readonly status: 'open' | 'matched'
  readonly user_id: string | null
  readonly created_at: Date
  readonly tags: string[]
}

declare const pglite: PGlite
declare const sql: postgres.Sql
declare const db: Database

// The real drivers fit.
export const pool: Pool<pg.Client> = createPool({
  ...pgClients({
    connect: async () => {
      const client = new pg.Client()
      await client.connect()
      return client
    },
  }),
  maxClients: 3,
})
export const databases: readonly Database[] = [
  pgDatabase(new pg.Pool()),
  pgDatabase(new pg.Client()),
  pgDatabase(pglite),
  pgDatabase(sql),
  pgDatabase(pool),
  supabaseDatabase(new PostgrestClient('http://localhost')),
]
// @ts-expect-error - a URL is not a client
pgDatabase('postgres://localhost')
// @ts-expect-error - a client of another kind
pgDatabase(new PostgrestClient('http://localhost'))
// @ts-expect-error - supabaseDatabase takes no pg.Pool
supabaseDatabase(new pg.Pool())

const trips: Query<Trip> = query<Trip>(db, 'trips')

export const rows: Promise<{ readonly data: Pick<Trip, 'id' | 'status'>[]; readonly count?: number }> = trips
  .select('id', 'status')
  .eq('user_id', 'u1')
  .in('status', ['open', 'matched'])
  .orderBy('created_at', 'desc', { nulls: 'last' })
  .paginate({ page: 1, pageSize: 10 })
  .withCount()
  .execute()
export const listed: Promise<{ readonly data: Pick<Trip, 'id' | 'tags'>[] }> = trips.select('id, tags').execute()
export const one: Promise<{ readonly data: Trip }> = trips.eq('id', 7).single().execute()
export const perhaps: Promise<{ readonly data: Pick<Trip, 'id'> | null }> = trips.maybeSingle().select('id').execute()
export const whether: Promise<{ readonly data: boolean }> = trips.exists().execute()
export const anything: Promise<{ readonly data: Record<string, unknown>[] }> = query(db, 'trips').eq('x', 1).execute()
trips.gte('created_at', new Date()).lt('created_at', '2026-01-01').contains('tags', ['a'])
trips.or((trip) => trip.eq('id', 1).isNull('user_id'), (trip) => trip.not((not) => not.eq('id', 2))) // prettier-ignore

export async function settled(): Promise<number> {
  const result = await trips.eq('id', 7).maybeSingle().settle()
  // @ts-expect-error - the data may be null after an error, and when there is no row
  void result.data.id
  if (result.error !== null) return 0
  return result.data?.id ?? 0
}

// @ts-expect-error - there is no such column
trips.eq('statu', 'open')
// @ts-expect-error - the value is not of the column's type
trips.eq('id', 'seven')
// @ts-expect-error - not one of the words of this column
trips.in('status', ['closed'])
// @ts-expect-error - null equals nothing; isNull() asks for it
trips.eq('user_id', null)
// @ts-expect-error - there is no such column
trips.select('id', 'nope')
// @ts-expect-error - there is no such column in the list
trips.select('id, nope')
// @ts-expect-error - there is no such column
trips.orderBy('nope')
// @ts-expect-error - a branch knows the columns too
trips.or((trip) => trip.eq('nope', 1))
// @ts-expect-error - exact or estimated
trips.withCount('planned')

trips
  .withCount('estimated')
  .eq('status', constant('open'))
  .in('status', [constant('open'), 'matched'])
  .eq('id', constant(7))
// @ts-expect-error - the constant is not one of the words of this column
trips.eq('status', constant('closed'))
// @ts-expect-error - the constant is of another type
trips.eq('id', constant('open'))
// @ts-expect-error - a moment is no constant
constant(new Date())

export async function walked(): Promise<number> {
  let after: string | null | undefined
  let rows = 0
  do {
    const page = await trips.select('id').orderBy('id').paginate({ after, pageSize: 10 }).execute({ retries: 1 })
    rows += page.data.length
    after = page.nextCursor
  } while (after !== undefined)
  return rows
}
// @ts-expect-error - a page has a number or a cursor, not both
trips.paginate({ page: 1, after: 'x', pageSize: 10 })
// @ts-expect-error - a page has a number or a cursor
trips.paginate({ pageSize: 10 })
trips.orderBy('created_at', 'asc', { nulls: 'never' })
// @ts-expect-error - pgDatabase prepares or does not
pgDatabase(new pg.Pool(), { prepare: 'yes' })

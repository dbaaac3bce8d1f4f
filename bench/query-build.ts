/** What it costs to build and write a query of a shape that was seen before: the CPU beside every round trip. */
import { pgDatabase } from '@easymo/perf/pg'
import { query, type Database } from '@easymo/perf/query'
import { supabaseDatabase } from '@easymo/perf/supabase'
import { PostgrestClient } from '@supabase/postgrest-js'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import pg from 'pg'
import { compare, type Candidate, type Comparison } from './harness.ts'

interface Trip {
  readonly id: number
  readonly status: string
  readonly vehicle_type: string
  readonly user_id: string
  readonly created_at: string
}

const OPS = 200
const USERS = Array.from({ length: 64 }, (_, number) => `user-${number}`)
let turn = 0
const user = (): string => USERS[(turn = (turn + 1) % USERS.length)] ?? ''

const kysely = new Kysely({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const postgrest = new PostgrestClient('http://localhost/rest/v1')

const ours = (db: Database) =>
  query<Trip>(db, 'trips')
    .select('id', 'status', 'vehicle_type')
    .eq('user_id', user())
    .in('status', ['open', 'matched'])
    .orderBy('created_at', 'desc')
    .limit(10)
    .offset(20)

function theirs(): { readonly url: URL } {
  const builder = postgrest
    .from('trips')
    .select('id,status,vehicle_type')
    .eq('user_id', user())
    .in('status', ['open', 'matched'])
    .order('created_at', { ascending: false })
    .range(20, 29)
  return builder as unknown as { readonly url: URL }
}

const many = (name: string, run: () => unknown): Candidate => ({
  name,
  ops: OPS,
  run() {
    let last: unknown
    for (let op = 0; op < OPS; op += 1) last = run()
    return last
  },
})

export async function built(): Promise<Comparison> {
  const sql = pgDatabase(new pg.Pool())
  const rest = supabaseDatabase(postgrest)
  return compare(
    'build and write a query of a repeated shape: 3 columns, eq, in(2), order, limit, offset',
    [
      many('easymo, to SQL', () => ours(sql).toSQL()),
      many('kysely', () =>
        kysely
          .selectFrom('trips')
          .select(['id', 'status', 'vehicle_type'])
          .where('user_id', '=', user())
          .where('status', 'in', ['open', 'matched'])
          .orderBy('created_at', 'desc')
          .limit(10)
          .offset(20)
          .compile(),
      ),
      many('postgrest-js, to an address', () => theirs().url.href),
      many('easymo, to an address', () => `http://localhost/rest/v1/trips?${ours(rest).toRequest().search}`),
    ],
    [
      { of: 'easymo, to SQL', against: 'kysely', atMost: 1 / 30 },
      { of: 'easymo, to SQL', against: 'postgrest-js, to an address', atMost: 1 / 20 },
      { of: 'easymo, to an address', against: 'postgrest-js, to an address', atMost: 1 / 4 },
    ],
  )
}

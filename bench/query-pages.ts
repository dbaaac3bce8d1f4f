/** Page 10 000 of a million trips, by offset and by cursor, over both back ends. */
import { pgDatabase } from '@easymo/perf/pg'
import { query, type Database } from '@easymo/perf/query'
import { supabaseDatabase } from '@easymo/perf/supabase'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import { startPostgres } from '../test/servers/index.ts'
import { postgrestRead } from '../test/support/postgrest-read.ts'
import { compare, type Candidate, type Comparison } from './harness.ts'
import { ROWS, TABLES } from './indexes-data.ts'

const PAGE = 10_000
/** A screen of a chat, and a screen of a browser; the shorter the page, the nearer is offset to the price of any request. */
const PAGE_SIZES = [10, 50]

interface Trip {
  readonly id: string
  readonly created_at: string
}

const newest = (db: Database) => query<Trip>(db, 'trips').orderBy('created_at', 'desc').orderBy('id', 'desc')

/** The cursor behind the page before, reached by cursors alone. */
async function cursorBefore(db: Database, size: number): Promise<string> {
  const pageSize = 1_000
  let rows = size * (PAGE - 1)
  let after: string | undefined
  while (rows > 0) {
    const { nextCursor } = await newest(db).select('id').paginate({ after, pageSize: Math.min(pageSize, rows) }).execute() // prettier-ignore
    if (nextCursor === undefined) throw new Error('the pages ended too early')
    after = nextCursor
    rows -= pageSize
  }
  if (after === undefined) throw new Error('there is no page before')
  return after
}

async function candidates(db: Database, pageSize: number): Promise<Candidate[]> {
  const after = await cursorBefore(db, pageSize)
  const byOffset = newest(db).paginate({ page: PAGE, pageSize })
  const byCursor = newest(db).paginate({ after, pageSize })
  const [one, other] = [await byOffset.execute(), await byCursor.execute()]
  if (JSON.stringify(one.data) !== JSON.stringify(other.data)) throw new Error('the pages differ')
  const byKey = query<Trip>(db, 'trips')
    .eq('id', one.data[0]?.id ?? '')
    .single()
  return [
    { name: 'by offset', run: () => byOffset.execute() },
    { name: 'by cursor', run: () => byCursor.execute() },
    { name: 'one row by its key: what any request costs', run: () => byKey.execute() },
  ]
}

async function paged(db: Database, how: string): Promise<Comparison[]> {
  const compared: Comparison[] = []
  for (const size of PAGE_SIZES)
    compared.push(
      await compare(`page 10 000 of ${size} rows in 1 000 000 trips, ${how}`, await candidates(db, size), [
        { of: 'by cursor', against: 'by offset', atMost: 1 / 30 },
      ]),
    )
  return compared
}

export async function pages(): Promise<Comparison[]> {
  const server = await startPostgres({ private: true })
  const pool = new pg.Pool({ connectionString: server.url, max: 2 })
  const rest = await postgrestRead({ postgresUrl: server.url })
  try {
    await pool.query(TABLES)
    for (const statement of ROWS.filter((row) => row.includes('trips') || row.startsWith('select'))) await pool.query(statement) // prettier-ignore
    await pool.query('create index trips_newest on trips (created_at desc, id desc)')
    await pool.query('vacuum analyze trips')
    // What was just written would otherwise be flushed to the disk while pages are read.
    await pool.query('checkpoint')
    return [
      ...(await paged(pgDatabase(pool), 'SQL over pg')),
      ...(await paged(supabaseDatabase(new PostgrestClient(rest.url)), 'over HTTP as PostgREST reads it')),
    ]
  } finally {
    await rest.close()
    await pool.end()
    await server.stop()
  }
}

/**
 * Reads a row's moments by a driver, asks for the row by what it read, and prints for each column how many rows that finds.
 * A process of its own: the zone (`TZ`) is the process's.
 */
import pg from 'pg'
import postgres from 'postgres'
import { pgDatabase, type PgDriver } from '../../src/pg/index.ts'
import { query } from '../../src/query/index.ts'

export interface Moments {
  readonly id: number
  readonly day: Date
  readonly plain: Date
  readonly zoned: Date
  readonly plains: Date[]
}

const [driver = '', url = '', schema = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, options: `-csearch_path=${schema}` })
const sql = postgres(url, { connection: { search_path: schema } })
const db = pgDatabase((driver === 'pg' ? pool : sql) as PgDriver)
const moments = query<Moments>(db, 'moments')

const counts: Record<string, number[]> = {}
// Its own `Date` is invalid for the others.
const { data: rows } = await moments
  .lte('id', driver === 'pg' ? 7 : 3)
  .orderBy('id')
  .execute()
for (const { id, day, plain, zoned, plains } of rows) {
  const count = async (asked: typeof moments): Promise<number> => (await asked.eq('id', id).execute()).data.length
  counts[id] = [
    await count(moments.eq('day', day)),
    await count(moments.eq('plain', plain)),
    await count(moments.eq('zoned', zoned)),
    await count(moments.in('plain', [plain, new Date(0)])),
    await count(moments.or((one) => one.eq('plain', plain), (one) => one.eq('id', -1))), // prettier-ignore
    ...(driver === 'pg' ? [await count(moments.contains('plains', plains))] : []),
  ]
}
console.log(JSON.stringify(counts))
await Promise.all([pool.end(), sql.end()])

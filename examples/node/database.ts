import { readFile } from 'node:fs/promises'
import { createPool } from '@easymo/perf/pool'
import { pgClients, pgDatabase } from '@easymo/perf/pg'
import type { Database } from '@easymo/perf/query'

/** Reads go through `db` and `query`; writes stay with the driver. */
export interface OpenDatabase {
  readonly name: string
  readonly db: Database
  readonly write: (text: string, values?: readonly unknown[]) => Promise<void>
  /** The pool's numbers, where there is a pool. */
  readonly poolStats?: () => ReturnType<ReturnType<typeof createPool>['stats']>
  readonly close: () => Promise<void>
}

/** The database at `url`, or, without one, a Postgres inside this process. */
export async function openDatabase(url: string | undefined): Promise<OpenDatabase> {
  const database = url === undefined ? await openInProcess() : await openServer(url)
  const schema = await readFile(new URL('schema.sql', import.meta.url), 'utf8')
  for (const statement of schema.split(';').filter((text) => text.trim() !== '')) await database.write(statement)
  return database
}

async function openInProcess(): Promise<OpenDatabase> {
  const { PGlite } = await import('@electric-sql/pglite')
  const lite = await PGlite.create()
  return {
    name: 'PGlite in this process',
    db: pgDatabase(lite),
    write: async (text, values = []) => void (await lite.query(text, [...values])),
    close: () => lite.close(),
  }
}

async function openServer(url: string): Promise<OpenDatabase> {
  const { default: pg } = await import('pg')
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return client
  }
  const pool = createPool({ ...pgClients({ connect }), name: 'example', maxClients: 10 })
  return {
    name: 'PostgreSQL by DATABASE_URL',
    db: pgDatabase(pool),
    write: (text, values = []) => pool.use(async (client) => void (await client.query(text, [...values]))),
    poolStats: () => pool.stats(),
    close: async () => void (await pool.drain({ timeoutMs: 5_000 })),
  }
}

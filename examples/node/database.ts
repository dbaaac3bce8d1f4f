import { readFile } from 'node:fs/promises'
import { createPool } from '@easymo/perf/pool'
import type { DedupStore } from '@easymo/perf/dedup'
import { pgClients, pgDatabase, pgDedupStore } from '@easymo/perf/pg'
import type { Database } from '@easymo/perf/query'

/** Reads go through `db` and `query`; writes stay with the driver. */
export interface OpenDatabase {
  readonly name: string
  readonly db: Database
  readonly write: (text: string, values?: readonly unknown[]) => Promise<void>
  /** Where it stands which updates are done: shared by all processes, and there after a restart. */
  readonly claims: DedupStore
  /** The pool's numbers, where there is a pool. */
  readonly poolStats?: () => ReturnType<ReturnType<typeof createPool>['stats']>
  readonly close: () => Promise<void>
}

interface Opened extends OpenDatabase {
  /** Runs a whole file of statements. */
  readonly run: (script: string) => Promise<unknown>
}

/** The database at `url`, or, without one, a Postgres inside this process. */
export async function openDatabase(url: string | undefined): Promise<OpenDatabase> {
  const database = url === undefined ? await openInProcess() : await openServer(url)
  for (const file of ['schema.sql', '../../migrations/0003_dedup.sql'])
    await database.run(await readFile(new URL(file, import.meta.url), 'utf8'))
  return database
}

async function openInProcess(): Promise<Opened> {
  const { PGlite } = await import('@electric-sql/pglite')
  const lite = await PGlite.create()
  return {
    name: 'PGlite in this process',
    db: pgDatabase(lite),
    write: async (text, values = []) => void (await lite.query(text, [...values])),
    claims: pgDedupStore(lite),
    run: (script) => lite.exec(script),
    close: () => lite.close(),
  }
}

async function openServer(url: string): Promise<Opened> {
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
    claims: pgDedupStore(pool),
    run: (script) => pool.use((client) => client.query(script)),
    poolStats: () => pool.stats(),
    close: async () => void (await pool.drain({ timeoutMs: 5_000 })),
  }
}

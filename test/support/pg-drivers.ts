import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import postgres from 'postgres'
import { pgClients, type PgDriver } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'
import type { SqlSchema } from './sql-schema.ts'

export interface StartedDriver {
  readonly driver: PgDriver
  /** Runs statements as the owner of the tables. */
  exec(sql: string): Promise<unknown>
  close(): Promise<unknown>
}

/** One of each kind that can be asked, on tables which the migration has made. */
export const pgDrivers: Readonly<Record<string, (own: SqlSchema, migration: string) => Promise<StartedDriver>>> = {
  async 'pg.Pool'({ url, admin }) {
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    return { driver: pool, exec: (sql) => admin.query(sql), close: () => pool.end() }
  },
  async 'postgres.js that knows no array types'({ postgresUrl, schema, admin }) {
    const sql = postgres(postgresUrl, {
      max: 4,
      fetch_types: false,
      // postgres.js reads no `options` of a URL.
      connection: { search_path: schema },
      onnotice: () => undefined,
    })
    return { driver: sql, exec: (text) => admin.query(text), close: () => sql.end() }
  },
  async 'our own pool'({ connect, admin }) {
    const pool = createPool({ ...pgClients({ connect: () => connect() }), maxClients: 4 })
    return { driver: pool, exec: (sql) => admin.query(sql), close: () => pool.drain() }
  },
  async PGlite(_, migration) {
    const pglite = new PGlite()
    await pglite.exec(migration)
    return { driver: pglite, exec: (sql) => pglite.exec(sql), close: () => pglite.close() }
  },
}

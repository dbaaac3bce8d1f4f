import { PGlite } from '@electric-sql/pglite'
import { PostgrestClient } from '@supabase/postgrest-js'
import pg from 'pg'
import postgres from 'postgres'
import { pgDatabase } from '../../src/pg/index.ts'
import type { Database } from '../../src/query/index.ts'
import { supabaseDatabase } from '../../src/supabase/index.ts'
import { ownSchema } from '../servers/index.ts'
import { postgrestRead } from './postgrest-read.ts'

export const DATABASES = ['pg', 'postgres.js', 'PGlite', 'PostgREST'] as const
export type DatabaseName = (typeof DATABASES)[number]

export interface QueryDatabases {
  readonly admin: pg.Client
  /** Of the schema in which the tables are. */
  readonly url: string
  of(name: DatabaseName): Database
  close(): Promise<void>
}

/** The same tables behind every way to ask for them. */
export async function queryDatabases(postgresUrl: string, setup: string): Promise<QueryDatabases> {
  const own = await ownSchema(postgresUrl)
  const admin = new pg.Client({ connectionString: own.url })
  await admin.connect()
  await admin.query(setup)
  const pool = new pg.Pool({ connectionString: own.url, max: 4 })
  // postgres.js reads no `options` of a URL.
  const sql = postgres(postgresUrl, { max: 2, connection: { search_path: own.schema }, onnotice: () => undefined })
  const pglite = new PGlite()
  await pglite.exec(setup)
  const rest = await postgrestRead({ postgresUrl: own.url })
  const all: Readonly<Record<DatabaseName, Database>> = {
    pg: pgDatabase(pool),
    'postgres.js': pgDatabase(sql),
    PGlite: pgDatabase(pglite),
    PostgREST: supabaseDatabase(new PostgrestClient(rest.url)),
  }
  return {
    admin,
    url: own.url,
    of: (name) => all[name],
    async close() {
      await Promise.all([pool.end(), sql.end(), pglite.close(), rest.close(), admin.end()])
      await own.drop()
    },
  }
}

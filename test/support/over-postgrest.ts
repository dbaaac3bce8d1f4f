import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { ownName } from '../servers/index.ts'
import { postgrestRpc, type PostgrestRpc } from './postgrest-rpc.ts'
import type { SqlSchema } from './sql-schema.ts'

/** A schema whose functions are called as PostgREST calls them, for one test file. */
export interface OverPostgrest {
  /** There from the first test on. */
  readonly own: SqlSchema
  /** What was asked since the test began. */
  recorded(): PostgrestRpc['recorded']
  /** A role that may do nothing in the schema. */
  readonly stranger: string
  client(options?: object): PostgrestClient
}

/** @param forget - the statement that empties the tables before each test */
export function overPostgrest(schemaOf: (url: string) => Promise<SqlSchema>, forget: string): OverPostgrest {
  const stranger = ownName()
  let own: SqlSchema
  let rest: PostgrestRpc

  beforeAll(async () => {
    own = await schemaOf(inject('postgresUrl'))
    rest = await postgrestRpc(own.url, own.schema)
    await own.admin.query(`create role ${stranger}; grant usage on schema ${own.schema} to ${stranger}`)
  })
  beforeEach(async () => {
    rest.recorded.length = 0
    await own.admin.query(forget)
  })
  afterAll(async () => {
    await rest.close()
    await own.admin.query(`drop owned by ${stranger}; drop role ${stranger}`)
    await own.end()
  })

  return {
    get own() {
      return own
    },
    recorded: () => rest.recorded,
    stranger,
    client: (options = {}) => new PostgrestClient(rest.url, { headers: { apikey: 'key' }, ...options }),
  }
}

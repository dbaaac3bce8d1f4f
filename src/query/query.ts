import { hasMethods, knownOptions } from '../core/check.ts'
import type { Database } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { QueryBuilder } from './builder.ts'
import { tableName } from './identifier.ts'
import type { Query } from './types.ts'

/** The host whose clock measures a query's time and that hears the query's facts. */
export interface QueryOptions {
  readonly host?: Host
}

/**
 * Starts a read of one table, in SQL or over PostgREST as the database is.
 *
 * Names come from an allow-list pattern, and values are always parameters (PostgREST: quoted), so that no text of a user
 * can become a part of the query. Rows come as the driver reads them: it says whether a `bigint` is text or a number.
 *
 * @param database - from `pgDatabase` or `supabaseDatabase`
 * @param table - a name, or `schema.name`
 * @throws OptionError `ERR_PERF_OPTION`, here and in the methods, for a name, a value or a number that cannot be
 */
export function query<Row extends object = Record<string, unknown>>(
  database: Database,
  table: string,
  options: QueryOptions = {},
): Query<Row> {
  const { host = defaultHost } = options
  knownOptions(options, 'host')
  hasMethods('host', host, 'observe')
  isDatabase(database)
  return new QueryBuilder<Row, Row, 'many'>(
    { database, host },
    {
      table: tableName(table),
      columns: [],
      filters: [],
      order: [],
      paging: { kind: 'slice', limit: undefined, offset: 0 },
      shape: 'many',
      count: 'none',
    },
  )
}

function isDatabase(database: Database): void {
  const method = { sql: 'run', postgrest: 'select' }[database?.kind]
  if (method === undefined) throw new OptionError('the database must come from pgDatabase() or supabaseDatabase()')
  hasMethods('database', database, method)
}

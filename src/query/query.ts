import { hasMethods, knownOptions } from '../core/check.ts'
import type { Database } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { QueryBuilder } from './builder.ts'
import type { Target } from './execute.ts'
import { tableName } from './identifier.ts'
import { Step, StepCache } from './step.ts'
import type { Query } from './types.ts'

/** The host whose clock measures a query's time and that hears the query's facts. */
export interface QueryOptions {
  readonly host?: Host
}

/** What is remembered of the queries of a database. */
export interface PlanCacheStats {
  /** Steps of queries, each one a method that was called with a column; what they mean is written once. */
  readonly steps: number
  /** With the next one after so many, all are forgotten. */
  readonly maxSteps: number
  /** How often that was so. More than a few a day: columns or constants come from users. */
  readonly resets: number
}

interface Known {
  readonly cache: StepCache
  readonly root: Step
  /** With the host of those that give none. */
  readonly target: Target
}

/** Goes with its database. */
const known = new WeakMap<Database, Known>()

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
  options?: QueryOptions,
): Query<Row> {
  const { root, target } = known.get(database) ?? remember(database)
  const step = root.next('from', table, tableName)
  return new QueryBuilder<Row, Row, 'many'>(step, undefined, options === undefined ? target : { database, host: hostOf(options) }) // prettier-ignore
}

function hostOf(options: QueryOptions): Host {
  knownOptions(options, 'host')
  const { host = defaultHost } = options
  hasMethods('host', host, 'observe')
  return host
}

/** Counts what is remembered of the queries of a database, for tests and for a look at a running process. */
export function planCacheStats(database: Database): PlanCacheStats {
  const { steps, maxSteps, resets } = (known.get(database) ?? remember(database)).cache
  return { steps, maxSteps, resets }
}

function remember(database: Database): Known {
  const method = { sql: 'run', postgrest: 'select' }[database?.kind]
  if (method === undefined) throw new OptionError('the database must come from pgDatabase() or supabaseDatabase()')
  hasMethods('database', database, method)
  const cache = new StepCache()
  const made = { cache, target: { database, host: defaultHost }, root: new Step(cache, { kind: 'many', name: '' }) }
  known.set(database, made)
  return made
}

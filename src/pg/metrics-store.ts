import type { MetricsStore } from '../core/metrics-store.ts'
import { sqlMetricsStore, type MetricsFunction } from '../core/sql-metrics-store.ts'
import type { PgDriver } from './drivers.ts'
import { pgFunctions } from './functions.ts'

const STATEMENTS: Readonly<Record<MetricsFunction, string>> = {
  easymo_metrics_add: 'select easymo_metrics_add($1::text::jsonb)::text as answer',
  easymo_metrics_read: 'select easymo_metrics_read()::text as answer',
}

/**
 * Creates a store of metrics in Postgres (15 or later), on the tables and functions of `migrations/0004_metrics.sql`: one
 * statement per flush, and one to read. All times are the server's.
 *
 * Deadlocks and serialization failures are repeated up to three times. The functions are found by the search path of the
 * connection; the role needs the right to run them, and to read and write the tables. Each flush takes away some of what
 * is past its time; `select easymo_metrics_cleanup()` also removes metrics that nobody has flushed for 30 days.
 *
 * A call that is given up is cancelled in the server; over a pool its connection is closed when it is not free a second
 * later. postgres.js cannot close one: once all its connections wait for answers that do not come, calls are refused.
 *
 * @param client - a `pg.Pool`, a `pg.Client`, a PGlite, the `sql` of postgres.js, or a pool of this package; the caller
 *   owns it, and closes it
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgMetricsStore(client: PgDriver): MetricsStore {
  return sqlMetricsStore(pgFunctions(client, STATEMENTS))
}

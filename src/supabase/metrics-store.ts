import type { MetricsStore } from '../core/metrics-store.ts'
import { sqlMetricsStore } from '../core/sql-metrics-store.ts'
import { supabaseFunctions } from './functions.ts'
import type { SupabaseLike } from './request.ts'

/**
 * Creates a store of metrics in a Supabase project, on the tables and functions of `migrations/0004_metrics.sql`: one
 * `POST /rpc/easymo_metrics_add` per flush, and one `POST /rpc/easymo_metrics_read` to read, with the address, the headers,
 * the schema and the `fetch` of the client. All times are the server's.
 *
 * The client has the service role: nobody else may run the functions. Deadlocks and serialization failures are repeated
 * up to three times. Each flush takes away some of what is past its time; `select easymo_metrics_cleanup()` also removes
 * metrics that nobody has flushed for 30 days.
 *
 * @param client - one of `@supabase/supabase-js` or `@supabase/postgrest-js`
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function supabaseMetricsStore(client: SupabaseLike): MetricsStore {
  return sqlMetricsStore(supabaseFunctions(client))
}

import type { DedupStore } from '../core/dedup-store.ts'
import { sqlDedupStore } from '../core/sql-dedup-store.ts'
import { supabaseFunctions } from './functions.ts'
import type { SupabaseLike } from './request.ts'

/**
 * Creates a store of claims in a Supabase project, on the table and functions of `migrations/0003_dedup.sql`: one
 * `POST /rpc/easymo_dedup_claim` and so on per call, with the address, the headers, the schema and the `fetch` of the
 * client. All times are the server's; tokens are compared there.
 *
 * The client has the service role: nobody else may run the functions. Deadlocks and serialization failures are repeated
 * up to three times. What is past its retention stays in the table until `select easymo_dedup_cleanup()` removes it.
 *
 * @param client - one of `@supabase/supabase-js` or `@supabase/postgrest-js`
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function supabaseDedupStore(client: SupabaseLike): DedupStore {
  return sqlDedupStore(supabaseFunctions(client))
}

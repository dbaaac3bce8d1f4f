import type { CacheStore } from '../core/cache-store.ts'
import { sqlCacheStore } from '../core/sql-cache-store.ts'
import { supabaseFunctions } from './functions.ts'
import type { SupabaseLike } from './request.ts'

/**
 * Creates the tier of a cache in a Supabase project, on the tables and functions of `migrations/0002_cache.sql`: one
 * `POST /rpc/easymo_cache_read` and so on per call, sent once, with the address, the headers, the schema and the `fetch`
 * of the client. All times are the server's.
 *
 * The client has the service role: nobody else may run the functions. What is past its keeping stays in the tables until
 * `select easymo_cache_cleanup()` removes it. Texts hold no NUL, and a key or a tag has at most 2600 bytes.
 *
 * @param client - one of `@supabase/supabase-js` or `@supabase/postgrest-js`
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function supabaseCacheStore(client: SupabaseLike): CacheStore {
  return sqlCacheStore(supabaseFunctions(client))
}

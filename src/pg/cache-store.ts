import type { CacheStore } from '../core/cache-store.ts'
import { sqlCacheStore, type CacheFunction } from '../core/sql-cache-store.ts'
import type { PgDriver } from './drivers.ts'
import { pgFunctions } from './functions.ts'

const STATEMENTS: Readonly<Record<CacheFunction, string>> = {
  easymo_cache_read: 'select easymo_cache_read($1::text::text[], $2::text::text[])::text as answer',
  easymo_cache_write: 'select easymo_cache_write($1::text::jsonb)',
  easymo_cache_delete: 'select easymo_cache_delete($1::text::text[], $2::text::bigint)',
  easymo_cache_stamp: 'select easymo_cache_stamp($1::text::text[], $2::text, $3::text::bigint)',
}

/**
 * Creates the tier of a cache in Postgres (15 or later), on the tables and functions of `migrations/0002_cache.sql`: one
 * statement per call, all times the server's.
 *
 * The functions are found by the search path of the connection; the role needs the right to run them, and to read and
 * write the tables. What is past its keeping stays in the tables until `select easymo_cache_cleanup()` removes it. Texts
 * hold no NUL, and a key or a tag has at most 2600 bytes. PGlite's clock has whole milliseconds: what happens within one
 * of them happens at the same time, so that a value set right after its tag was invalidated may be gone with it.
 *
 * A call that is given up is cancelled in the server; over a pool its connection is closed when it is not free a second
 * later. postgres.js cannot close one: once all its connections wait for answers that do not come, calls are refused.
 *
 * @param client - a `pg.Pool`, a `pg.Client`, a PGlite, the `sql` of postgres.js, or a pool of this package; the caller
 *   owns it, and closes it
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgCacheStore(client: PgDriver): CacheStore {
  return sqlCacheStore(pgFunctions(client, STATEMENTS))
}

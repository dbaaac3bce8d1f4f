import type { DedupStore } from '../core/dedup-store.ts'
import { sqlDedupStore, type DedupFunction } from '../core/sql-dedup-store.ts'
import type { PgDriver } from './drivers.ts'
import { pgFunctions } from './functions.ts'

const STATEMENTS: Readonly<Record<DedupFunction, string>> = {
  easymo_dedup_claim: 'select easymo_dedup_claim($1::text::text[], $2::text::text[], $3::text::bigint)::text as answer',
  easymo_dedup_begin: 'select easymo_dedup_begin($1::text::text[], $2::text::text[])::text as answer',
  easymo_dedup_renew:
    'select easymo_dedup_renew($1::text::text[], $2::text::text[], $3::text::text[], $4::text::bigint)::text as answer',
  easymo_dedup_complete:
    'select easymo_dedup_complete($1::text::text[], $2::text::text[], $3::text::text[], $4::text::text[], $5::text::bigint)::text as answer',
  easymo_dedup_release:
    'select easymo_dedup_release($1::text::text[], $2::text::text[], $3::text::text[])::text as answer',
  easymo_dedup_revive: 'select easymo_dedup_revive($1::text::text[])::text as answer',
}

/**
 * Creates a store of claims in Postgres (15 or later), on the table and functions of `migrations/0003_dedup.sql`: one
 * statement per call, all times the server's, tokens compared there.
 *
 * Made with a client inside a transaction, its `completeMany` commits, or is rolled back, together with the work. The
 * claim belongs outside: one that is not committed yet makes others who claim the same key wait.
 *
 * Deadlocks and serialization failures are repeated up to three times; in a transaction of the caller's they end it, and
 * are thrown as the driver gives them. The functions are found by the search path of the connection; the role needs the
 * right to run them, and to read and write the table. What is past its retention stays in the table until
 * `select easymo_dedup_cleanup()` removes it.
 *
 * @param client - a `pg.Pool`, a `pg.Client`, a PGlite, the `sql` of postgres.js, or a pool of this package; the caller
 *   owns it, and closes it
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgDedupStore(client: PgDriver): DedupStore {
  return sqlDedupStore(pgFunctions(client, STATEMENTS))
}

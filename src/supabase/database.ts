import type { RestAnswer, RestDatabase, RestRequest, DatabaseCall } from '../core/database.ts'
import { StoreUnavailable } from '../core/errors.ts'
import { PostgrestFailure, restError } from './errors.ts'
import { ask, isSupabase, jsonOf, type SupabaseLike } from './request.ts'

/**
 * Makes a client of supabase-js or postgrest-js a database for `query`.
 *
 * Of the client come the address, the headers, the schema and `fetch` (with the session that it adds); the address'
 * search is ours, so that values are quoted exactly, and every request is sent once: the client's own retries and its
 * builder are not used.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function supabaseDatabase(client: SupabaseLike): RestDatabase {
  isSupabase(client)
  return { kind: 'postgrest', select: (request, call) => select(client, request, call) }
}

async function select(client: SupabaseLike, request: RestRequest, call: DatabaseCall): Promise<RestAnswer> {
  const { table, search, headers } = request
  const sent = { method: 'GET', search, headers, signal: call.signal } as const
  const { status, range, body } = await ask(client.from(table), sent)
  if (status >= 200 && status < 300) return { rows: rowsOf(body), ...totalOf(range) }
  const failure = new PostgrestFailure(status, body)
  if (failure.code === 'PGRST103') return beyondTheEnd(failure, range)
  throw restError(failure)
}

function rowsOf(body: string): readonly object[] {
  const rows = jsonOf(body)
  if (!Array.isArray(rows)) throw new StoreUnavailable('PostgREST answered something that is not a list of rows')
  return rows as object[]
}

/** `0-9/120`, `*`/0, and `/*` when nobody asked for a count. */
function totalOf(range: string): { readonly total?: number } {
  const total = /\/(\d+)$/.exec(range)?.[1]
  return total === undefined ? {} : { total: Number(total) }
}

/** With a count, PostgREST calls an offset behind the last row an error (416); in SQL it is a page without rows. */
function beyondTheEnd(failure: PostgrestFailure, range: string): RestAnswer {
  const said = /only (\d+) rows/.exec(failure.details)?.[1]
  return { rows: [], ...(said === undefined ? totalOf(range) : { total: Number(said) }) }
}

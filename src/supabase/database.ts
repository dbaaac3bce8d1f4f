import { hasMethods } from '../core/check.ts'
import type { RestAnswer, RestDatabase, RestRequest, DatabaseCall } from '../core/database.ts'
import { OptionError, StoreUnavailable } from '../core/errors.ts'
import { PostgrestFailure, restError } from './errors.ts'

/** A client of supabase-js or postgrest-js, so far as it is called. */
export interface SupabaseLike {
  /** Starts a request to a table; nothing is sent by that. */
  from(table: string): unknown
  rpc: unknown
}

/** What `from` gives: where the table is, and how this client fetches. */
interface TableLike {
  readonly url: URL | string
  readonly headers: Headers | Record<string, string>
  readonly schema?: string
  readonly fetch?: typeof fetch
}

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
  try {
    hasMethods('client', client, 'from', 'rpc')
  } catch {
    throw new OptionError('the client must be one of @supabase/supabase-js or @supabase/postgrest-js')
  }
  return { kind: 'postgrest', select: (request, call) => select(client, request, call) }
}

async function select(client: SupabaseLike, request: RestRequest, call: DatabaseCall): Promise<RestAnswer> {
  const { url, headers, schema, fetch: own } = tableOf(client, request.table)
  const all = new Headers(headers)
  if (schema !== undefined) all.set('accept-profile', schema)
  for (const [name, value] of Object.entries(request.headers)) all.set(name, value)
  // Called as a bare function: some platforms refuse a `fetch` that is called as somebody's method.
  const send = own ?? fetch
  const { status, range, body } = await answerOf(() =>
    send(`${String(url)}?${request.search}`, { method: 'GET', headers: Object.fromEntries(all), signal: call.signal }),
  )
  if (status >= 200 && status < 300) return { rows: rowsOf(body), ...totalOf(range) }
  const failure = new PostgrestFailure(status, body)
  if (failure.code === 'PGRST103') return beyondTheEnd(failure, range)
  throw restError(failure)
}

function tableOf(client: SupabaseLike, table: string): TableLike {
  const found = client.from(table) as Partial<TableLike> | null | undefined
  const { url, headers } = found ?? {}
  if (!(typeof url === 'string' || url instanceof URL) || typeof headers !== 'object')
    throw new OptionError('the client must be one of @supabase/supabase-js or @supabase/postgrest-js')
  return found as TableLike
}

interface Answer {
  readonly status: number
  readonly range: string
  readonly body: string
}

async function answerOf(send: () => Promise<Response>): Promise<Answer> {
  try {
    const response = await send()
    return { status: response.status, range: response.headers.get('content-range') ?? '', body: await response.text() }
  } catch (error) {
    throw new StoreUnavailable('PostgREST cannot be reached', { cause: error })
  }
}

function rowsOf(body: string): readonly object[] {
  let rows: unknown
  try {
    rows = JSON.parse(body)
  } catch (error) {
    throw new StoreUnavailable('PostgREST answered something that is not JSON', { cause: error })
  }
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

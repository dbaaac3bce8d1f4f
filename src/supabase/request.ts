import { hasMethods } from '../core/check.ts'
import { OptionError, StoreUnavailable } from '../core/errors.ts'

/** A client of supabase-js or postgrest-js, so far as it is called. */
export interface SupabaseLike {
  /** Starts a request to a table; nothing is sent by that. */
  from(table: string): unknown
  /** Starts a call of a function; nothing is sent by that. */
  rpc(name: string): unknown
}

/** What `from` and `rpc` give: where the table or function is, and how this client fetches. */
interface TargetLike {
  readonly url: URL | string
  readonly headers: Headers | Record<string, string>
  readonly schema?: string
  readonly fetch?: typeof fetch
}

export interface SupabaseRequest {
  readonly method: 'GET' | 'POST'
  /** The encoded query, without the question mark. */
  readonly search?: string
  /** Added to the client's own, in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface SupabaseReply {
  readonly status: number
  /** The header `content-range`. */
  readonly range: string
  readonly body: string
}

const REFUSED = 'the client must be one of @supabase/supabase-js or @supabase/postgrest-js'

/** @throws OptionError `ERR_PERF_OPTION` for anything else than a client of Supabase */
export function isSupabase(client: unknown): void {
  try {
    hasMethods('client', client, 'from', 'rpc')
  } catch {
    throw new OptionError(REFUSED)
  }
}

/**
 * Sends one request to what the client's `from` or `rpc` gave, once: the client's own retries and its builder are not
 * used.
 *
 * @throws StoreUnavailable when no answer came
 */
export async function ask(target: unknown, request: SupabaseRequest): Promise<SupabaseReply> {
  const { url, fetch: own, ...where } = targetOf(target)
  const { method, search, body, signal } = request
  const address = search === undefined ? String(url) : `${String(url)}?${search}`
  const init: RequestInit = { method, headers: headersOf(where, request) }
  if (body !== undefined) init.body = body
  if (signal !== undefined) init.signal = signal
  // Called as a bare function: some platforms refuse a `fetch` that is called as somebody's method.
  const send = own ?? fetch
  try {
    const response = await send(address, init)
    return { status: response.status, range: response.headers.get('content-range') ?? '', body: await response.text() }
  } catch (error) {
    throw new StoreUnavailable('PostgREST cannot be reached', { cause: error })
  }
}

function targetOf(target: unknown): TargetLike {
  const found = target as Partial<TargetLike> | null | undefined
  const { url, headers } = found ?? {}
  if (!(typeof url === 'string' || url instanceof URL) || typeof headers !== 'object') throw new OptionError(REFUSED)
  return found as TargetLike
}

function headersOf(where: Pick<TargetLike, 'headers' | 'schema'>, request: SupabaseRequest): Record<string, string> {
  const all = new Headers(where.headers)
  if (where.schema !== undefined) all.set(request.method === 'GET' ? 'accept-profile' : 'content-profile', where.schema)
  if (request.body !== undefined) all.set('content-type', 'application/json')
  for (const [name, value] of Object.entries(request.headers ?? {})) all.set(name, value)
  return Object.fromEntries(all)
}

/** @throws StoreUnavailable for a page of something else, such as a proxy */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new StoreUnavailable('PostgREST answered something that is not JSON', { cause: error })
  }
}

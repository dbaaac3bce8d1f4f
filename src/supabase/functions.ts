import type { OnGiveUp } from '../core/deadline.ts'
import type { SqlFunctionCall } from '../core/sql-functions.ts'
import { PostgrestFailure, restError } from './errors.ts'
import { ask, isSupabase, jsonOf, type SupabaseLike, type SupabaseRequest } from './request.ts'

/**
 * Calls functions by one `POST /rpc/NAME` each, sent once.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything else than a client of Supabase
 */
export function supabaseFunctions<Name extends string>(client: SupabaseLike): SqlFunctionCall<Name> {
  isSupabase(client)
  return async (name, args, { onGiveUp } = {}) => {
    const request: SupabaseRequest = { method: 'POST', body: JSON.stringify(args) }
    const { status, body } = await ask(client.rpc(name), {
      ...request,
      ...(onGiveUp && { signal: signalOf(onGiveUp) }),
    })
    if (status < 200 || status >= 300) throw restError(new PostgrestFailure(status, body))
    // Functions without a result answer nothing, with status 204.
    return body === '' ? undefined : jsonOf(body)
  }
}

/** The socket is freed with it; a statement that PostgREST has begun goes on until the role's `statement_timeout`. */
function signalOf(onGiveUp: OnGiveUp): AbortSignal {
  const given = new AbortController()
  onGiveUp(() => given.abort())
  return given.signal
}

import { isPerfError, StoreSetupError, StoreUnavailable } from '../core/errors.ts'
import { sqlStateMeans } from '../core/sql-state.ts'

/** Codes of the sockets of Node, and of postgres.js. */
const CONNECTION =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENOENT|CONNECT_TIMEOUT|CONNECTION_(?:CLOSED|ENDED|DESTROYED|CONNECT_TIMEOUT))$/
/** pg gives its own connection errors no code. */
const PG_CONNECTION =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|timeout exceeded when trying to connect|timeout expired|Query read timeout)/

/** What the service has closed itself. */
const PG_ENDED = /^(?:Cannot use a pool after calling end|Client was closed)/

/** `query_timeout` of pg: its connection is still waiting for the answer, and serves nobody until that comes. */
export function isReadTimeout(error: unknown): boolean {
  return (error as { readonly message?: unknown } | null | undefined)?.message === 'Query read timeout'
}

/**
 * Translates what a Postgres driver throws: an unreachable server becomes `StoreUnavailable`, a missing table, right,
 * credential or database `StoreSetupError`; everything else stays as it is. Messages hold the SQLSTATE and no value.
 */
export function pgError(error: unknown): unknown {
  if (isPerfError(error)) return error
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string') {
    const meaning = sqlStateMeans(code)
    if (meaning === 'outage' || CONNECTION.test(code))
      return new StoreUnavailable(`Postgres cannot be reached (${code})`, { cause: error })
    if (meaning === 'setup') return new StoreSetupError(`Postgres is not set up for this (${code})`, { cause: error })
    return error
  }
  if (typeof message === 'string' && PG_ENDED.test(message))
    return new StoreUnavailable('the pool or client of Postgres is closed', { cause: error })
  if (typeof message === 'string' && PG_CONNECTION.test(message))
    return new StoreUnavailable('the connection to Postgres was lost', { cause: error })
  return error
}

import { isPerfError, StoreSetupError, StoreUnavailable } from '../core/errors.ts'

/** Classes of SQLSTATE after which a later call may succeed: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNAVAILABLE = /^(?:08...|57P0.|53300)$/
/** A syntax error, a missing or wrongly used table, column or right; credentials; a missing database. */
const SETUP = /^(?:42...|28...|3D000|3F000)$/
/** Codes of the sockets of Node, and of postgres.js. */
const CONNECTION =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENOENT|CONNECT_TIMEOUT|CONNECTION_(?:CLOSED|ENDED|DESTROYED|CONNECT_TIMEOUT))$/
/** pg gives its own connection errors no code. */
const PG_CONNECTION =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|timeout exceeded when trying to connect|timeout expired)/

/**
 * Translates what a Postgres driver throws: an unreachable server becomes `StoreUnavailable`, a missing table, right,
 * credential or database `StoreSetupError`; everything else stays as it is. Messages hold the SQLSTATE and no value.
 */
export function pgError(error: unknown): unknown {
  if (isPerfError(error)) return error
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string') {
    if (UNAVAILABLE.test(code) || CONNECTION.test(code))
      return new StoreUnavailable(`Postgres cannot be reached (${code})`, { cause: error })
    if (SETUP.test(code)) return new StoreSetupError(`Postgres is not set up for this (${code})`, { cause: error })
    return error
  }
  if (typeof message === 'string' && PG_CONNECTION.test(message))
    return new StoreUnavailable('the connection to Postgres was lost', { cause: error })
  return error
}

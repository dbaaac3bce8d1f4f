import { StoreSetupError, StoreUnavailable } from '../core/errors.ts'
import { sqlStateMeans } from '../core/sql-state.ts'

/** What PostgREST says when it refuses; only ever a `cause`, because the message may hold values. */
export class PostgrestFailure extends Error {
  override readonly name = 'PostgrestFailure'
  readonly status: number
  /** The SQLSTATE, or PostgREST's own code; empty when something else answered. */
  readonly code: string
  readonly details: string

  constructor(status: number, body: string) {
    const { code, message, details } = parsed(body)
    super(text(message) || `HTTP ${status}`)
    this.status = status
    this.code = text(code)
    this.details = text(details)
  }
}

/** PostgREST's own: it cannot reach the database, or waits for a connection. */
const OUTAGE = /^PGRST00[0-3]$/
/** PostgREST's own: an unknown schema, table, column or function; a refused token. */
const SETUP = /^PGRST(?:106|20[02-5]|30.)$/

/** A code, where there is one, tells more than the status. */
export function restError(failure: PostgrestFailure): Error {
  const { code, status } = failure
  const what = code === '' ? `HTTP ${status}` : code
  const meaning = sqlStateMeans(code)
  if (meaning === 'outage' || OUTAGE.test(code) || (code === '' && (status >= 500 || status === 429)))
    return new StoreUnavailable(`PostgREST cannot serve (${what})`, { cause: failure })
  if (meaning === 'setup' || SETUP.test(code) || (code === '' && (status === 401 || status === 403 || status === 404)))
    return new StoreSetupError(`PostgREST is not set up for this (${what})`, { cause: failure })
  return failure
}

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // A proxy's page, not PostgREST.
    return {}
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

import { isPerfError, PerfError } from '../core/errors.ts'

/** What a {@link QueryError} carries besides its message: the database's code, and the `cause`. */
export interface QueryErrorOptions extends ErrorOptions {
  readonly sqlState?: string | undefined
}

/** The database refused a query, or answered something else than was asked for. Its message holds no value; `cause` may. */
export class QueryError extends PerfError {
  override readonly name: string = 'QueryError'
  /** The SQLSTATE of Postgres, or the `PGRST…` code of PostgREST, when there is one. */
  readonly sqlState: string | undefined

  constructor(message: string, { sqlState, ...options }: QueryErrorOptions = {}) {
    super('ERR_PERF_QUERY', message, options)
    this.sqlState = sqlState
  }
}

/** Every SQLSTATE has a digit; `EPIPE` has five capitals too. */
const STATE = /^(?:(?=.*\d)[0-9A-Z]{5}|PGRST[0-9A-Z]+)$/

/** What a failed query throws: errors of this package as they are, everything else as a `QueryError`. */
export function queryError(error: unknown, what: string): PerfError {
  if (isPerfError(error)) return error
  const code = (error as { code?: unknown } | null | undefined)?.code
  const sqlState = typeof code === 'string' && STATE.test(code) ? code : undefined
  return new QueryError(`${what} failed${sqlState === undefined ? '' : ` (${sqlState})`}`, { sqlState, cause: error })
}

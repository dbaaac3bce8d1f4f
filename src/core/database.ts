import type { Call, OnGiveUp } from './deadline.ts'

/** What a database hears of the call it works for. */
export interface DatabaseCall extends Call {
  readonly onGiveUp: OnGiveUp
}

/** One statement with its values apart: `$1` in the text is `values[0]`. */
export interface SqlStatement {
  readonly text: string
  /** Strings, numbers, bigints, booleans, plain objects (json), and arrays of them. */
  readonly values: readonly unknown[]
  /** Under which a connection may prepare the statement; the same name always has the same text. */
  readonly name?: string
}

/** A database that is asked in SQL. */
export interface SqlDatabase {
  readonly kind: 'sql'
  /**
   * Runs one statement.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when it cannot be reached
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP` for a missing table, right or credential
   * @throws everything else unchanged; an error of the database carries its SQLSTATE as `code`
   */
  run(statement: SqlStatement, call: DatabaseCall): Promise<{ readonly rows: readonly object[] }>
}

/** One read of a table over PostgREST. */
export interface RestRequest {
  /** The last part of the path; an identifier. */
  readonly table: string
  /** The encoded query, without the question mark. */
  readonly search: string
  /** Added to the client's own, in lower case: `prefer` for a count, `accept-profile` for a schema. */
  readonly headers: Readonly<Record<string, string>>
}

/** What PostgREST answered to one read, its JSON already parsed. */
export interface RestAnswer {
  readonly rows: readonly object[]
  /** How many rows match without limit and offset, when `prefer` asked for it. */
  readonly total?: number
}

/** A database that is asked over HTTP, through PostgREST. */
export interface RestDatabase {
  readonly kind: 'postgrest'
  /** Sends one GET, once; throws like {@link SqlDatabase.run}. */
  select(request: RestRequest, call: DatabaseCall): Promise<RestAnswer>
}

/** What a query is put to. */
export type Database = SqlDatabase | RestDatabase

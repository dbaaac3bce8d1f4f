/** The shapes of the drivers, so far as they are called. Written here so that this package imports no driver. */

/** A row as a driver gives it, by column names. */
export type PgRow = Record<string, unknown>

/** `pg.Client`, and what looks like it (Neon's). */
export interface PgClientLike {
  /** Runs one statement; a `name` prepares it, once per connection. */
  query(config: { text: string; values: unknown[]; name?: string }): Promise<{ rows: PgRow[] }>
  /** Never called: tells a client of pg from other drivers. */
  escapeLiteral(text: string): string
  /** While a client is borrowed from a pool, only this listener keeps its death from ending the process. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Takes that listener off again before the client goes back to its pool. */
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** `pg.Pool`. */
export interface PgPoolLike {
  /** Lends a connection for one statement. */
  connect(): Promise<
    PgClientLike & {
      /** Gives the connection back; with `true` it is closed, and not lent again. */
      release(broken?: boolean): void
    }
  >
  readonly totalCount: number
}

/** PGlite. */
export interface PgliteLike {
  /** Runs one statement; arrays arrive as text, because PGlite can write only those of built-in types. */
  query(
    text: string,
    values?: unknown[],
    options?: { serializers?: Record<number, (value: unknown) => string> },
  ): Promise<{ rows: unknown[] }>
  /** Never called: tells a PGlite from other drivers. */
  exec(text: string): Promise<unknown>
  readonly waitReady: Promise<void>
}

/** The `sql` of postgres.js. */
export interface PostgresJsLike {
  /** Runs one statement; without a name it is not prepared, as a pooler in transaction mode wants. */
  unsafe(text: string, values?: never[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>
  /** Says of which type a value is, by its OID. */
  typed(value: string, type: number): unknown
  begin: unknown
  readonly options?: {
    /** How many connections there are at most. */
    readonly max: number
  }
}

/** A pool of this package whose clients are any of the single connections above. */
export interface PerfPoolLike {
  /** Lends a connection for one statement. */
  acquire(): Promise<{
    readonly client: PgClientLike | PgliteLike
    /** Gives the connection back; a broken one is destroyed, and not lent again. */
    release(options?: { broken?: boolean }): void
  }>
  use: unknown
  /** Never called: tells a pool of this package from other drivers. */
  stats(): unknown
}

/** Everything that can be asked in SQL. */
export type PgDriver = PgPoolLike | PgClientLike | PgliteLike | PostgresJsLike | PerfPoolLike

const has = (value: object, ...methods: readonly string[]): boolean =>
  methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function')

export const isPgClient = (driver: object): driver is PgClientLike => has(driver, 'query', 'escapeLiteral', 'on')
export const isPgPool = (driver: object): driver is PgPoolLike =>
  has(driver, 'query', 'connect') && 'totalCount' in driver
export const isPglite = (driver: object): driver is PgliteLike => has(driver, 'query', 'exec') && 'waitReady' in driver
export const isPostgresJs = (driver: object): driver is PostgresJsLike =>
  typeof driver === 'function' && has(driver, 'unsafe', 'begin')
export const isPerfPool = (driver: object): driver is PerfPoolLike => has(driver, 'acquire', 'use', 'stats')

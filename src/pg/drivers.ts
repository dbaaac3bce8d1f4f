/** The shapes of the drivers, so far as they are called. Written here so that this package imports no driver. */

/** A row as a driver gives it, by column names. */
export type PgRow = Record<string, unknown>

/** `pg.Client`, and what looks like it (Neon's). */
export interface PgClientLike {
  query(config: { text: string; values: unknown[]; name?: string }): Promise<{ rows: PgRow[] }>
  escapeLiteral(text: string): string
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** `pg.Pool`. */
export interface PgPoolLike {
  connect(): Promise<PgClientLike & { release(broken?: boolean): void }>
  readonly totalCount: number
}

/** PGlite. */
export interface PgliteLike {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
  exec(text: string): Promise<unknown>
  readonly waitReady: Promise<void>
}

/** The `sql` of postgres.js. */
export interface PostgresJsLike {
  unsafe(text: string, values?: never[], options?: { prepare?: boolean }): PromiseLike<readonly unknown[]>
  begin: unknown
}

/** A pool of this package whose clients are any of the single connections above. */
export interface PerfPoolLike {
  acquire(): Promise<{ readonly client: PgClientLike | PgliteLike; release(options?: { broken?: boolean }): void }>
  use: unknown
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

import type { RestRequest } from '../core/database.ts'
import type { PerfError } from '../core/errors.ts'
import type { Constant } from './constant.ts'

/** The names of a row's columns. */
export type Column<Row> = Extract<keyof Row, string>

/**
 * What a column may be compared with: its own type, or a constant of it; moments as `Date` or as text, however the driver
 * reads them. In SQL a `Date` is written in the zone of the process, with its offset, as `pg` reads it. A whole number beyond
 * 2^53 is refused; give a bigint, or text.
 */
export type Comparable<V> =
  | NonNullable<V>
  | Constant<Extract<V, string | number | boolean>>
  | (Date extends V ? string : never)
  | (string extends V ? Date : never)
  | (bigint extends V ? string : never)

/** The columns named in `'id, status'`; spaces around a name do not count. */
export type Listed<Text extends string> = Text extends `${infer First},${infer Rest}`
  ? Listed<First> | Listed<Rest>
  : Text extends ` ${infer Rest}`
    ? Listed<Rest>
    : Text extends `${infer Rest} `
      ? Listed<Rest>
      : Text

/** Conditions, all of which must hold. Every method gives a new object and leaves this one as it is. */
export interface Filters<Row> {
  /** The same value. Null is not one: ask with {@link Filters.isNull}. */
  eq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** Not equal; rows where the column is null do not match, as in SQL. */
  neq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** Greater than the value, in the order of the database; rows where the column is null do not match. */
  gt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** Greater than the value or the same; rows where the column is null do not match. */
  gte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** Less than the value, in the order of the database; rows where the column is null do not match. */
  lt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** Less than the value or the same; rows where the column is null do not match. */
  lte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this
  /** One of these. An empty list matches no row, and then no query is sent. */
  in<C extends Column<Row>>(column: C, values: readonly Comparable<Row[C]>[]): this
  /** `%` stands for any text, `_` for one character, `\` takes the meaning from the next; `*` means itself. */
  like(column: Column<Row>, pattern: string): this
  /** {@link Filters.like} without regard to case. */
  ilike(column: Column<Row>, pattern: string): this
  /** Only rows that have no value in this column. */
  isNull(column: Column<Row>): this
  /** Only rows that have some value in this column, be it false, 0 or the empty string. */
  isNotNull(column: Column<Row>): this
  /**
   * An array, or an array in json, that has all these elements; json that has these fields. A string is taken as Postgres
   * writes either. `contains('tags', ['new'])`, `contains('data', { kind: 'trip' })`.
   */
  contains(column: Column<Row>, value: readonly unknown[] | object | string): this
  /** At least one of these holds: `or((trip) => trip.eq('role', 'driver'), (trip) => trip.isNull('role'))`. */
  or(...branches: readonly ((filters: Filters<Row>) => Filters<Row>)[]): this
  /** These do not hold together; rows where that is unknown, because of a null, do not match, as in SQL. */
  not(branch: (filters: Filters<Row>) => Filters<Row>): this
}

/** How many rows a query gives, and in what form. */
export type Shape = 'many' | 'single' | 'maybeSingle' | 'first' | 'exists'

/** What `data` is. */
export type Data<Selected, S extends Shape> = S extends 'many'
  ? Selected[]
  : S extends 'single'
    ? Selected
    : S extends 'exists'
      ? boolean
      : Selected | null

/** What {@link Query.execute} gives: the rows in the form asked for, and what was asked for besides. */
export interface QueryResult<D> {
  readonly data: D
  /** How many rows match, whatever the limit; after `withCount()`. */
  readonly count?: number
  /** Whether there is a further page; after `paginate()`. */
  readonly hasMore?: boolean
  /** What `paginate({ after })` takes for the next page, opaque; after such a page, and only when there is a next one. */
  readonly nextCursor?: string
}

/** What {@link Query.settle} gives. `error` is null after a success, and only then; `data` may be null then too. */
export type Settled<D> =
  | {
      readonly data: D
      readonly error: null
      readonly count: number | null
      readonly hasMore?: boolean
      readonly nextCursor?: string
    }
  | { readonly data: null; readonly error: PerfError; readonly count: null }

/** How long one run of a query may take, and what ends it sooner. */
export interface ExecuteOptions {
  /** Gives the query up when it aborts. */
  readonly signal?: AbortSignal | undefined
  /** For all that the query asks of the database together, in milliseconds. @defaultValue 10_000 */
  readonly timeoutMs?: number
  /**
   * How often each statement is put again, within that time, when the connection was lost, the server is starting, or a
   * transaction failed to be serialized (40001, 40P01); after 100 ms, 400 ms, then a second each, more or less by half.
   *
   * @defaultValue 2
   */
  readonly retries?: number
}

/** Where {@link Query.orderBy} puts the rows whose column is null. */
export interface OrderOptions {
  /**
   * `never` says that the column has none (`not null`), which makes a keyset page fast that is ascending by it.
   *
   * @defaultValue last when ascending, first when descending
   */
  readonly nulls?: 'first' | 'last' | 'never'
}

/** How many rows a page has. */
export interface PageSize {
  /**
   * At most 1 000. Where a PostgREST gives fewer rows at once (`db-max-rows`), a page by number takes several requests, and
   * one by cursor is shorter.
   */
  readonly pageSize: number
}

/** The page that {@link Query.paginate} reads, by its number; the server walks over all the rows before it. */
export interface NumberedPage extends PageSize {
  /** From 1. */
  readonly page: number
  readonly after?: undefined
}

/**
 * The page behind a row, as fast far behind as at the start. Rows that come or go meanwhile shift nothing.
 *
 * The order must end in a column that is unique and never null, the primary key; whichever that is, only the caller knows.
 */
export interface KeysetPage extends PageSize {
  /** The `nextCursor` of the page before; undefined, or null, for the start. */
  readonly after: string | null | undefined
  readonly page?: undefined
}

/** Either way to page. */
export type Page = NumberedPage | KeysetPage

/** A read of one table. Every method but the last four gives a new query and leaves this one as it is. */
export interface Query<Row, Selected = Row, S extends Shape = 'many'> extends Filters<Row> {
  /** Reads every column of the table, as a query does that never calls `select`. */
  select(all: '*'): Query<Row, Row, S>
  /** The columns to read, instead of all. */
  select<C extends Column<Row>>(...columns: readonly [C, ...C[]]): Query<Row, Pick<Row, C>, S>
  /** The columns in one string, with commas between. */
  select<Text extends string>(
    columns: Listed<Text> extends Column<Row> ? Text : never,
  ): Query<Row, Pick<Row, Listed<Text> & Column<Row>>, S>
  /** Sorts by this column, within the order given before. */
  orderBy(column: Column<Row>, direction?: 'asc' | 'desc', options?: OrderOptions): this
  /** At most so many rows. Over PostgREST, no more than the server's `db-max-rows` come, whatever is asked for. */
  limit(rows: number): this
  /** Leaves out so many rows at the start of the order asked for. @defaultValue 0 */
  offset(rows: number): this
  /**
   * One page, and whether there is a next one. Excludes `limit` and `offset`.
   *
   * A cursor is checked when the query is run: one of another query or order is an OptionError then. Should the order not
   * tell the last row of a page from the next, or meet a null where it has none, so that rows would be lost, that is a
   * QueryError: at the page where it shows, at the latest at the end of the walk.
   */
  paginate(page: Page): this
  /**
   * Counts all rows that match, on whatever page. `estimated` is what the planner expects (over PostgREST: beyond its
   * `db-max-rows`), and costs no more than a look at its plan; when the last row was seen, the count is exact.
   */
  withCount(how?: 'exact' | 'estimated'): this
  /** Exactly one row; none, and more than one, is an error. */
  single(): Query<Row, Selected, 'single'>
  /** One row or `null`; more than one is an error. */
  maybeSingle(): Query<Row, Selected, 'maybeSingle'>
  /** The first row in the order asked for, or `null`. */
  first(): Query<Row, Selected, 'first'>
  /** Whether there is such a row. */
  exists(): Query<Row, Selected, 'exists'>
  /** The statement that reads the rows; for tests and for logs of yours (`values` are a user's). */
  toSQL(): { readonly text: string; readonly values: readonly unknown[] }
  /** The request that reads the rows over PostgREST, for the same. */
  toRequest(): RestRequest
  /**
   * Puts the query to the database.
   *
   * @throws OptionError `ERR_PERF_OPTION` for a cursor of another query; over PostgREST for a list that is too long (8 000
   * characters in all)
   * @throws QueryError `ERR_PERF_QUERY` when the database refuses it, or `single()` met none or several
   * @throws TimeoutError `ERR_PERF_TIMEOUT`
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE` when the database cannot be reached
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP` for a missing table, column, right or credential
   * @throws the reason of `signal`
   */
  execute(options?: ExecuteOptions): Promise<QueryResult<Data<Selected, S>>>
  /** {@link Query.execute} that never throws: errors come as a value. */
  settle(options?: ExecuteOptions): Promise<Settled<Data<Selected, S>>>
}

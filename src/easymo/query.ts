import { wholeAtLeast } from '../core/check.ts'
import type { PerfError } from '../core/errors.ts'
import { query as start, type Column, type Comparable, type ExecuteOptions, type Filters, type OrderOptions, type Query, type Shape } from '../query/index.ts' // prettier-ignore
import { databaseOf, type EasymoClient } from './client.ts'
import { branchesOf, type Branch } from './or-text.ts'

/** What a query gives: rows, or what went wrong; `count` after `withCount` and `paginate`. */
export type EasymoResult<Data> =
  | { readonly data: Data; readonly error: null; readonly count?: number }
  | { readonly data: null; readonly error: PerfError; readonly count?: undefined }

/** One row or null, or what went wrong. */
export type EasymoSingle<Row> =
  { readonly data: Row | null; readonly error: null } | { readonly data: null; readonly error: PerfError }

/** One page, by its number from 1. */
export interface PaginationOptions {
  readonly page: number
  /** At most 1000. */
  readonly pageSize: number
}

type AnyRow = Record<string, unknown>
type Inner = Query<AnyRow, AnyRow, Shape>

/**
 * A read of one table. **Every method changes this very query** and gives it back, so that a filter in an `if` holds whether or
 * not its result is used; the builder of `@easymo/perf/query` makes new ones instead.
 */
export class EasymoQuery<Row extends object = Record<string, unknown>> {
  #query: Inner
  #limit: number | undefined
  #offset: number | undefined

  /** Use {@link query}. */
  constructor(client: EasymoClient, table: string) {
    this.#query = start<AnyRow>(databaseOf(client), table)
  }

  /** The columns to read, in one string with commas between. @defaultValue all */
  select(columns = '*'): this {
    return this.#with((query) => query.select(columns as '*'))
  }

  /** The same value. Null is not one, nor is undefined, which must not read everybody's rows: both throw. */
  eq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.eq(column, value))
  }

  /** Not equal; rows where the column is null do not match, as in SQL. */
  neq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.neq(column, value))
  }

  /** Greater than the value, in the order of the database. */
  gt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.gt(column, value))
  }

  /** Greater than the value, or the same. */
  gte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.gte(column, value))
  }

  /** Less than the value, in the order of the database. */
  lt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.lt(column, value))
  }

  /** Less than the value, or the same. */
  lte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.#where((row) => row.lte(column, value))
  }

  /** One of these. An empty list matches no row. */
  in<C extends Column<Row>>(column: C, values: readonly Comparable<Row[C]>[]): this {
    return this.#where((row) => row.in(column, values))
  }

  /** `%` stands for any text, `_` for one character. */
  like(column: Column<Row>, pattern: string): this {
    return this.#where((row) => row.like(column, pattern))
  }

  /** {@link EasymoQuery.like} without regard to case. */
  ilike(column: Column<Row>, pattern: string): this {
    return this.#where((row) => row.ilike(column, pattern))
  }

  /** Only rows that have no value in this column. */
  isNull(column: Column<Row>): this {
    return this.#where((row) => row.isNull(column))
  }

  /** Only rows that have some value in this column. */
  isNotNull(column: Column<Row>): this {
    return this.#where((row) => row.isNotNull(column))
  }

  /**
   * At least one of these holds: PostgREST's text, `or('status.eq.open,status.is.null')`, or functions.
   *
   * **Never put into the text what a user wrote**: a comma in it would be one more condition. Its conditions are read here,
   * and what is not of the form `column.operator.value` throws; a value with anything but letters, digits, spaces and
   * `_ - + : @ . %` has to stand in double quotes. For values that come from outside there are functions:
   * `or((row) => row.eq('wa_id', text), (row) => row.eq('phone_number', text))`.
   *
   * @throws OptionError `ERR_PERF_OPTION`
   */
  or(...branches: readonly [text: string] | readonly Branch[]): this {
    const [first] = branches
    const all = typeof first === 'string' ? branchesOf(first) : (branches as readonly Branch[])
    return this.#where((row) => row.or(...all))
  }

  /** Sorts by this column, within the order given before. @defaultValue `desc` */
  orderBy(column: Column<Row>, direction: 'asc' | 'desc' = 'desc', options?: OrderOptions): this {
    return this.#with((query) => query.orderBy(column, direction, options))
  }

  /** At most so many rows; the last word counts. */
  limit(rows: number): this {
    wholeAtLeast(1, 'limit', rows)
    this.#limit = rows
    return this
  }

  /** Leaves out so many rows at the start; the last word counts. */
  offset(rows: number): this {
    wholeAtLeast(0, 'offset', rows)
    this.#offset = rows
    return this
  }

  /** Counts all rows that match, whatever the limit. */
  withCount(): this {
    return this.#with((query) => query.withCount())
  }

  /** One page, and the count of all rows. */
  paginate({ page, pageSize }: PaginationOptions): this {
    wholeAtLeast(1, 'page', page)
    wholeAtLeast(1, 'pageSize', pageSize)
    this.#offset = (page - 1) * pageSize
    return this.limit(pageSize).withCount()
  }

  /** Puts the query to the database; never rejects: the database's errors come as `error`. */
  async execute(options: ExecuteOptions = {}): Promise<EasymoResult<Row[]>> {
    let query = this.#query
    if (this.#limit !== undefined) query = query.limit(this.#limit)
    if (this.#offset !== undefined) query = query.offset(this.#offset)
    const { data, error, count } = await query.settle(options)
    if (error !== null) return { data: null, error }
    return { data: data as unknown as Row[], error: null, ...(count === null ? {} : { count }) }
  }

  /** The first row in the order asked for, or null; that there are more is no error. */
  async single(options: ExecuteOptions = {}): Promise<EasymoSingle<Row>> {
    const { data, error } = await this.limit(1).execute(options)
    return error === null ? { data: data[0] ?? null, error } : { data: null, error }
  }

  #with(next: (query: Inner) => unknown): this {
    this.#query = next(this.#query) as Inner
    return this
  }

  #where(condition: (row: Filters<AnyRow>) => unknown): this {
    return this.#with((query) => condition(query))
  }
}

/**
 * Starts a read of one table whose result is `{ data, error, count }`: what goes wrong in the database comes as `error`,
 * and `data` is null then.
 *
 * @param client - a client of supabase-js, a Postgres driver, or a database made of one
 * @throws OptionError `ERR_PERF_OPTION`, here and in the methods, for a name, a value or a number that cannot be: such as
 *   `eq('user_id', undefined)`, which must not read everybody's rows
 *
 * @example
 * const { data, error, count } = await query(client, 'trips')
 *   .select('id, status')
 *   .in('status', ['open', 'matched'])
 *   .orderBy('created_at')
 *   .paginate({ page: 1, pageSize: 20 })
 *   .execute()
 */
export function query<Row extends object = Record<string, unknown>>(
  client: EasymoClient,
  table: string,
): EasymoQuery<Row> {
  return new EasymoQuery<Row>(client, table)
}

import { query as start, type Column, type ExecuteOptions, type Filters, type Listed, type OrderOptions, type Page, type Query, type Settled, type Shape, type Data } from '../query/index.ts' // prettier-ignore
import { databaseOf, type EasymoClient } from './client.ts'

/**
 * A read of one table whose result is `{ data, error, count }`: by `await`, as with supabase-js, or by `execute()`. The
 * other methods are those of `query` of `@easymo/perf/query`, and give a new query each.
 */
export interface EasymoQuery<Row, Selected = Row, S extends Shape = 'many'>
  extends Filters<Row>, PromiseLike<Settled<Data<Selected, S>>> {
  /** Reads every column of the table, as a query does that never calls `select`. */
  select(all: '*'): EasymoQuery<Row, Row, S>
  /** The columns to read, instead of all. */
  select<C extends Column<Row>>(...columns: readonly [C, ...C[]]): EasymoQuery<Row, Pick<Row, C>, S>
  /** The columns in one string, with commas between. */
  select<Text extends string>(
    columns: Listed<Text> extends Column<Row> ? Text : never,
  ): EasymoQuery<Row, Pick<Row, Listed<Text> & Column<Row>>, S>
  /** Sorts by this column, within the order given before. */
  orderBy(column: Column<Row>, direction?: 'asc' | 'desc', options?: OrderOptions): this
  /** At most so many rows. */
  limit(rows: number): this
  /** Leaves out so many rows at the start of the order asked for. */
  offset(rows: number): this
  /** One page, and whether there is a next one, by its number or by the cursor of the page before. Excludes `limit` and `offset`. */
  paginate(page: Page): this
  /** Counts all rows that match. */
  withCount(how?: 'exact' | 'estimated'): this
  /** Exactly one row; none, and more than one, is an error. */
  single(): EasymoQuery<Row, Selected, 'single'>
  /** One row or `null`; more than one is an error. */
  maybeSingle(): EasymoQuery<Row, Selected, 'maybeSingle'>
  /** The first row in the order asked for, or `null`. */
  first(): EasymoQuery<Row, Selected, 'first'>
  /** Whether there is such a row. */
  exists(): EasymoQuery<Row, Selected, 'exists'>
  /** The statement that reads the rows. */
  toSQL(): { readonly text: string; readonly values: readonly unknown[] }
  /** Puts the query to the database; never rejects, the database's errors come as `error`. */
  execute(options?: ExecuteOptions): Promise<Settled<Data<Selected, S>>>
}

/**
 * Starts a read of one table that keeps `{ data, error, count }`: what goes wrong in the database comes as `error`, and
 * `data` is null then.
 *
 * @param client - a client of supabase-js, a Postgres driver, or a database made of one
 * @throws OptionError `ERR_PERF_OPTION`, here and in the methods, for a name, a value or a number that cannot be: such as
 *   `eq('user_id', undefined)`, which must not read everybody's rows
 */
export function query<Row extends object = Record<string, unknown>>(
  client: EasymoClient,
  table: string,
): EasymoQuery<Row> {
  return settled(start<Row>(databaseOf(client), table)) as unknown as EasymoQuery<Row>
}

type AnyQuery = Query<Record<string, unknown>, unknown, Shape>
type Method = (...args: readonly unknown[]) => unknown

/** Passes on every method of the builder, also those that it gets later, and answers with `settle` where it would run. */
function settled<Row>(builder: Query<Row> | AnyQuery): object {
  const settle: Method = (options = {}) => (builder as AnyQuery).settle(options as ExecuteOptions)
  return new Proxy(builder, {
    get(target, name) {
      if (name === 'execute' || name === 'settle') return settle
      if (name === 'then')
        return (onSettled?: Method, onFailed?: Method) =>
          (target as AnyQuery).settle().then(onSettled as never, onFailed as never)
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function' || name === 'toSQL') return boundTo(target, member)
      return (...args: readonly unknown[]) => settled(Reflect.apply(member, target, args) as AnyQuery)
    },
  })
}

/** Builders keep what they hold in private fields, which a proxy has not. */
function boundTo(target: object, member: unknown): unknown {
  return typeof member === 'function' ? (...args: readonly unknown[]) => Reflect.apply(member, target, args) as unknown : member // prettier-ignore
}

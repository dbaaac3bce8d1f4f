import { isText, oneOf as isOneOf, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { queryError } from './error.ts'
import { execute, type Target } from './execute.ts'
import type { Filter } from './filter.ts'
import { Filterable } from './filterable.ts'
import { columnName } from './identifier.ts'
import type { Plan } from './plan.ts'
import { selectSql } from './sql.ts'
import type { Column, Data, ExecuteOptions, OrderOptions, Page, Query, QueryResult, Settled, Shape } from './types.ts'

const LARGEST_PAGE = 1_000

/** A plan and the methods that make another plan of it. */
export class QueryBuilder<Row, Selected, S extends Shape> extends Filterable<Row> implements Query<Row, Selected, S> {
  readonly #target: Target
  readonly #plan: Plan

  constructor(target: Target, plan: Plan) {
    super()
    this.#target = target
    this.#plan = plan
  }

  protected where(filter: Filter): this {
    return this.#with({ filters: [...this.#plan.filters, filter] })
  }

  #with(change: Partial<Plan>): this {
    return this.#as<Selected, S>(change) as this
  }

  #as<Other, T extends Shape>(change: Partial<Plan>): QueryBuilder<Row, Other, T> {
    return new QueryBuilder(this.#target, { ...this.#plan, ...change })
  }

  // One body for the three forms; which columns come back is the interface's to say.
  select<Other>(...columns: readonly string[]): QueryBuilder<Row, Other, S> {
    if (columns.length === 0) throw new OptionError('select() takes at least one column')
    for (const column of columns) isText('a column', column)
    const names = columns.flatMap((column) => column.split(',').map((name) => name.trim()))
    if (names.length === 1 && names[0] === '*') return this.#as({ columns: [] })
    return this.#as({ columns: [...new Set(names.map(columnName))] })
  }

  orderBy(column: Column<Row>, direction: 'asc' | 'desc' = 'asc', { nulls }: OrderOptions = {}): this {
    isOneOf(['asc', 'desc'], 'the direction of orderBy()', direction)
    if (nulls !== undefined) isOneOf(['first', 'last'], 'nulls', nulls)
    return this.#with({ order: [...this.#plan.order, { column: columnName(column), direction, nulls }] })
  }

  limit(rows: number): this {
    wholeAtLeast(0, 'limit', rows)
    return this.#with({ paging: { ...this.#slice(), limit: rows } })
  }

  offset(rows: number): this {
    wholeAtLeast(0, 'offset', rows)
    return this.#with({ paging: { ...this.#slice(), offset: rows } })
  }

  paginate({ page, pageSize }: Page): this {
    wholeAtLeast(1, 'page', page)
    wholeAtLeast(1, 'pageSize', pageSize)
    if (pageSize > LARGEST_PAGE) throw new OptionError(`pageSize must be at most ${LARGEST_PAGE}, not ${pageSize}`)
    const { limit, offset } = this.#slice('paginate')
    if (limit !== undefined || offset > 0) throw mixed()
    return this.#with({ paging: { kind: 'page', page, pageSize } })
  }

  #slice(caller?: 'paginate'): Extract<Plan['paging'], { kind: 'slice' }> {
    const { paging } = this.#plan
    if (paging.kind === 'slice') return paging
    if (caller === 'paginate') return { kind: 'slice', limit: undefined, offset: 0 }
    throw mixed()
  }

  withCount(how: 'exact' = 'exact'): this {
    isOneOf(['exact'], 'the count', how)
    return this.#with({ count: how })
  }

  single(): QueryBuilder<Row, Selected, 'single'> {
    return this.#as({ shape: 'single' })
  }

  maybeSingle(): QueryBuilder<Row, Selected, 'maybeSingle'> {
    return this.#as({ shape: 'maybeSingle' })
  }

  first(): QueryBuilder<Row, Selected, 'first'> {
    return this.#as({ shape: 'first' })
  }

  exists(): QueryBuilder<Row, Selected, 'exists'> {
    return this.#as({ shape: 'exists' })
  }

  toSQL(): { readonly text: string; readonly values: readonly unknown[] } {
    return selectSql(this.#plan)
  }

  async execute(options: ExecuteOptions = {}): Promise<QueryResult<Data<Selected, S>>> {
    // Rows come without types; that they are what the caller named is the caller's word.
    return (await execute(this.#target, this.#plan, options)) as QueryResult<Data<Selected, S>>
  }

  async settle(options: ExecuteOptions = {}): Promise<Settled<Data<Selected, S>>> {
    try {
      const { count = null, ...result } = await this.execute(options)
      return { ...result, error: null, count }
    } catch (error) {
      return { data: null, error: queryError(error, `the query of ${this.#plan.table.name}`), count: null }
    }
  }
}

function mixed(): OptionError {
  return new OptionError('paginate() excludes limit() and offset()')
}

import { isFunction, isText, knownOptions, oneOf as isOneOf, wholeAtLeast } from '../core/check.ts'
import type { RestRequest } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { Constant, literalOf } from './constant.ts'
import { queryError } from './error.ts'
import { execute, type Target } from './execute.ts'
import { questionOf, type Question } from './question.ts'
import type { Comparison } from './filter.ts'
import { columnName, listedColumns } from './identifier.ts'
import type { PageValue } from './plan.ts'
import { planOf } from './plan-reader.ts'
import { restRequest } from './postgrest.ts'
import { selectSql } from './sql.ts'
import { List } from './list.ts'
import type { Moment } from './moment.ts'
import { Values, type Ordering, type Step, type StepKind } from './step.ts'
import type {
  Column,
  Comparable,
  Data,
  Filters,
  ExecuteOptions,
  OrderOptions,
  Page,
  Query,
  QueryResult,
  Settled,
  Shape,
} from './types.ts'
import { contained, scalar, valuesOf, type Dialect, type Scalar } from './value.ts'

const LARGEST_PAGE = 1_000

type Branch<Row> = (filters: Filters<Row>) => Filters<Row>
type AnyBuilder = QueryBuilder<never, unknown, Shape>

/**
 * The steps of a query with their values, and the methods that add another step; also the conditions of one branch of `or`
 * or `not`.
 *
 * One class without a parent, private methods or fields with a value: V8 makes such an object in no time, and any of these
 * costs as much as the rest of a step (13 to 28 ns on Node 20).
 */
export class QueryBuilder<Row, Selected, S extends Shape> implements Query<Row, Selected, S> {
  declare readonly step: Step
  declare readonly values: Values | undefined
  /** Whom the finished query is put to; a branch is put to nobody. */
  declare readonly target: Target | undefined

  constructor(step: Step, values?: Values, target?: Target) {
    this.step = step
    this.values = values
    this.target = target
  }

  eq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('eq', column, value)
  }
  neq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('neq', column, value)
  }
  gt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('gt', column, value)
  }
  gte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('gte', column, value)
  }
  lt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('lt', column, value)
  }
  lte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.compared('lte', column, value)
  }
  like(column: Column<Row>, text: string): this {
    return this.matched('like', column, text)
  }
  ilike(column: Column<Row>, text: string): this {
    return this.matched('ilike', column, text)
  }
  isNull(column: Column<Row>): this {
    return this.at(this.step.next('null', column, columnName), this.values)
  }
  isNotNull(column: Column<Row>): this {
    return this.at(this.step.next('not null', column, columnName), this.values)
  }
  contains(column: Column<Row>, value: readonly unknown[] | object | string): this {
    const part = contained(value)
    return this.put(part instanceof List ? 'contains list' : 'contains', part, column)
  }

  in<C extends Column<Row>>(column: C, list: readonly Comparable<Row[C]>[]): this {
    if (!Array.isArray(list)) throw new OptionError('in() takes an array')
    if (list.length === 0) return this.at(this.step.next('never', column, columnName), this.values)
    if (list.every(isConstant)) {
      const literals = list.reduce<Step>((step, value) => step.next('literal', literalOf(value)), this.step)
      return this.at(literals.next('in', column, columnName), this.values)
    }
    return this.put('in', list.map(scalarOfList), column)
  }

  or(...branches: readonly Branch<Row>[]): this {
    if (branches.length === 0) throw new OptionError('or() takes a function per branch')
    return this.grouped('or', branches)
  }
  not(branch: Branch<Row>): this {
    return this.grouped('not', [branch])
  }

  /** A step with a value. */
  private put(kind: StepKind, value: unknown, column?: string): this {
    const step = this.step.next(kind, column, column === undefined ? undefined : columnName)
    return this.at(step, new Values(this.values, value))
  }

  private compared(kind: Comparison, column: string, value: unknown): this {
    if (isConstant(value))
      return this.at(this.step.next('literal', literalOf(value)).next(kind, column, columnName), this.values)
    const step = this.step.next(kind, column, columnName)
    return this.at(step, new Values(this.values, scalar(value, kind)))
  }

  private matched(kind: 'like' | 'ilike', column: string, text: unknown): this {
    if (typeof text !== 'string') throw new OptionError(`${kind}() takes a pattern as a string`)
    return this.compared(kind, column, text)
  }

  private grouped(kind: 'or' | 'not', branches: readonly Branch<Row>[]): this {
    let { step, values } = this as Pick<AnyBuilder, 'step' | 'values'>
    step = step.next(kind)
    for (const branch of branches) {
      isFunction(`a branch of ${kind}()`, branch)
      const start = step.next('branch')
      const result = branch(new QueryBuilder<Row, Row, 'many'>(start, values))
      // A branch without a condition is true for every row: most likely the function forgot to return its filters.
      if (!(result instanceof QueryBuilder) || result.step === start || !comesOf(start, result.step))
        throw new OptionError(`a branch of ${kind}() must return the filters it was given, with a condition added`)
      ;({ step, values } = result as unknown as AnyBuilder)
    }
    return this.at(step.next('end'), values)
  }

  private at(step: Step, values: Values | undefined): this {
    return new QueryBuilder(step, values, this.target) as unknown as this
  }

  private as<Other, T extends Shape>(step: Step): QueryBuilder<Row, Other, T> {
    return new QueryBuilder(step, this.values, this.target)
  }

  // One body for the three forms; which columns come back is the interface's to say.
  select<Other>(first: string, ...columns: readonly string[]): QueryBuilder<Row, Other, S> {
    let step = this.step.next('select', first, listedColumns)
    for (const column of columns) step = step.next('column', column, listedColumns)
    return this.as(step)
  }

  orderBy(column: Column<Row>, direction: 'asc' | 'desc' = 'asc', options?: OrderOptions): this {
    const ordering = options === undefined ? direction : orderingOf(direction, options)
    return this.at(this.step.next(ordering, column, isOrder), this.values)
  }

  limit(rows: number): this {
    return this.sliced('limit', rows)
  }

  offset(rows: number): this {
    return this.sliced('offset', rows)
  }

  private sliced(kind: 'limit' | 'offset', rows: number): this {
    wholeAtLeast(0, kind, rows)
    if (this.step.paging === 'page') throw mixed()
    return this.put(kind, rows)
  }

  paginate(options: Page): this {
    knownOptions(options, 'page', 'pageSize', 'after')
    const { page, pageSize, after } = options as Partial<PageValue> & { readonly pageSize: number }
    wholeAtLeast(1, 'pageSize', pageSize)
    if (pageSize > LARGEST_PAGE) throw new OptionError(`pageSize must be at most ${LARGEST_PAGE}, not ${pageSize}`)
    if (this.step.paging === 'slice') throw mixed()
    if (page !== undefined || !('after' in options)) {
      wholeAtLeast(1, 'page', page)
      if (after !== undefined) throw new OptionError('paginate() takes page or after, not both')
      return this.put('page', { page, pageSize })
    }
    // Null as well: that is what a missing parameter of a URL is.
    const isStart = after === undefined || after === null
    if (!isStart) isText('after', after)
    return this.put(isStart ? 'start' : 'after', { page: 1, pageSize, after })
  }

  withCount(how: 'exact' | 'estimated' = 'exact'): this {
    return this.at(this.step.next('count', how, () => isOneOf(['exact', 'estimated'], 'the count', how)), this.values) // prettier-ignore
  }

  single(): QueryBuilder<Row, Selected, 'single'> {
    return this.as(this.step.next('single'))
  }

  maybeSingle(): QueryBuilder<Row, Selected, 'maybeSingle'> {
    return this.as(this.step.next('maybeSingle'))
  }

  first(): QueryBuilder<Row, Selected, 'first'> {
    return this.as(this.step.next('first'))
  }

  exists(): QueryBuilder<Row, Selected, 'exists'> {
    return this.as(this.step.next('exists'))
  }

  toSQL(): { readonly text: string; readonly values: readonly unknown[] } {
    const { plan, values, position } = this.question('sql')
    const statement = selectSql(plan, values, position)
    return { text: statement.text, values: statement.values }
  }

  toRequest(): RestRequest {
    const { plan, values, position } = this.question('postgrest')
    return restRequest(plan, values, { position })
  }

  private question(dialect: Dialect): Question {
    return questionOf(planOf(this.step), valuesOf(this.values, dialect))
  }

  async execute(options: ExecuteOptions = {}): Promise<QueryResult<Data<Selected, S>>> {
    // Rows come without types; that they are what the caller named is the caller's word.
    return (await execute(this.target as Target, this, options)) as QueryResult<Data<Selected, S>>
  }

  async settle(options: ExecuteOptions = {}): Promise<Settled<Data<Selected, S>>> {
    try {
      const { count = null, ...result } = await this.execute(options)
      return { ...result, error: null, count }
    } catch (error) {
      return { data: null, error: queryError(error, `the query of ${planOf(this.step).table.name}`), count: null }
    }
  }
}

function orderingOf(direction: 'asc' | 'desc', options: OrderOptions): Ordering {
  knownOptions(options, 'nulls')
  const { nulls } = options
  isOneOf(DIRECTIONS, 'the direction of orderBy()', direction)
  if (nulls === undefined) return direction
  isOneOf(['first', 'last', 'never'], 'nulls', nulls)
  return `${direction} ${nulls}`
}

const DIRECTIONS = ['asc', 'desc']

function isOrder(column: string, ordering: unknown): void {
  // With nulls it was looked at before.
  const [direction] = typeof ordering === 'string' ? ordering.split(' ') : [ordering]
  isOneOf(DIRECTIONS, 'the direction of orderBy()', direction)
  columnName(column)
}

function mixed(): OptionError {
  return new OptionError('paginate() excludes limit() and offset()')
}

function isConstant(value: unknown): value is Constant<string | number | boolean> {
  return value instanceof Constant
}

function scalarOfList(value: unknown): Scalar | Moment {
  return scalar(isConstant(value) ? value.value : value, 'in')
}

function comesOf(start: Step, last: Step | undefined): boolean {
  let step = last
  while (step !== undefined && step !== start) step = step.parent
  return step !== undefined
}

import { isFunction } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { all, among, any, compare, contains, isNull, negated, pattern, type Filter } from './filter.ts'
import type { Column, Comparable, Filters } from './types.ts'

type Branch<Row> = (filters: Filters<Row>) => Filters<Row>

/** The methods that add a condition; what they are added to is the subclass's business. */
export abstract class Filterable<Row> implements Filters<Row> {
  protected abstract where(filter: Filter): this

  eq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('eq', column, value))
  }
  neq<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('neq', column, value))
  }
  gt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('gt', column, value))
  }
  gte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('gte', column, value))
  }
  lt<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('lt', column, value))
  }
  lte<C extends Column<Row>>(column: C, value: Comparable<Row[C]>): this {
    return this.where(compare('lte', column, value))
  }
  in<C extends Column<Row>>(column: C, values: readonly Comparable<Row[C]>[]): this {
    return this.where(among(column, values))
  }
  like(column: Column<Row>, text: string): this {
    return this.where(pattern('like', column, text))
  }
  ilike(column: Column<Row>, text: string): this {
    return this.where(pattern('ilike', column, text))
  }
  isNull(column: Column<Row>): this {
    return this.where(isNull(column, true))
  }
  isNotNull(column: Column<Row>): this {
    return this.where(isNull(column, false))
  }
  contains(column: Column<Row>, value: readonly unknown[] | object | string): this {
    return this.where(contains(column, value))
  }
  or(...branches: readonly Branch<Row>[]): this {
    if (branches.length === 0) throw new OptionError('or() takes a function per branch')
    return this.where(any(branches.map((branch) => filterOf(branch, 'or'))))
  }
  not(branch: Branch<Row>): this {
    return this.where(negated(filterOf(branch, 'not')))
  }
}

/** The conditions of one branch of `or` or `not`. */
class BranchFilters<Row> extends Filterable<Row> {
  readonly filters: readonly Filter[]

  constructor(filters: readonly Filter[]) {
    super()
    this.filters = filters
  }

  protected where(filter: Filter): this {
    return new BranchFilters<Row>([...this.filters, filter]) as this
  }
}

function filterOf<Row>(branch: Branch<Row>, method: string): Filter {
  isFunction(`a branch of ${method}()`, branch)
  const result = branch(new BranchFilters<Row>([]))
  // A branch without a condition is true for every row: most likely the function forgot to return its filters.
  if (!(result instanceof BranchFilters) || result.filters.length === 0)
    throw new OptionError(`a branch of ${method}() must return the filters it was given, with a condition added`)
  return all(result.filters)
}

import type { SqlStatement } from '../core/database.ts'
import type { Comparison, Contained, Filter } from './filter.ts'
import { conditionOf, sliceOf, type Order, type Plan } from './plan.ts'
import type { Table } from './identifier.ts'
import { possible, type Scalar } from './value.ts'

const OPERATORS: Readonly<Record<Comparison, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  ilike: 'ilike',
}

/** Writes the statement that reads the rows. Names were checked where they entered; values never reach the text. */
export function selectSql(plan: Plan): SqlStatement {
  const { limit, offset } = sliceOf(plan)
  const values: unknown[] = []
  let text = `select ${columns(plan)} from ${table(plan.table)}${where(plan, values)}`
  if (plan.order.length > 0 && plan.shape !== 'exists') text += ` order by ${plan.order.map(orderTerm).join(', ')}`
  if (limit !== undefined) text += ` limit ${parameter(limit, values)}`
  if (offset > 0) text += ` offset ${parameter(offset, values)}`
  return { text, values }
}

/** Writes the statement that counts the rows, in a column named `count`. */
export function countSql(plan: Plan): SqlStatement {
  const values: unknown[] = []
  return { text: `select count(*) as "count" from ${table(plan.table)}${where(plan, values)}`, values }
}

function columns({ columns, shape }: Plan): string {
  if (shape === 'exists') return '1 as "one"'
  return columns.length === 0 ? '*' : columns.map(quoted).join(', ')
}

function table({ schema, name }: Table): string {
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
}

function where(plan: Plan, values: unknown[]): string {
  const filter = conditionOf(plan)
  if (filter.kind === 'always') return ''
  // The outermost `and` needs no brackets.
  if (filter.kind === 'and') return ` where ${filter.filters.map((part) => condition(part, values)).join(' and ')}`
  return ` where ${condition(filter, values)}`
}

function condition(filter: Filter, values: unknown[]): string {
  switch (filter.kind) {
    case 'compare':
      return `${quoted(filter.column)} ${OPERATORS[filter.operator]} ${parameter(checked(filter.value), values)}`
    case 'in':
      // One text for lists of every length, and no ceiling of 65,535 parameters.
      return `${quoted(filter.column)} = any(${parameter(filter.values.map(checked), values)})`
    case 'contains':
      return `${quoted(filter.column)} @> ${parameter(contained(filter.value), values)}`
    case 'null':
      return `${quoted(filter.column)} is ${filter.is ? '' : 'not '}null`
    case 'and':
    case 'or':
      return `(${filter.filters.map((part) => condition(part, values)).join(` ${filter.kind} `)})`
    case 'not':
      return `not (${condition(filter.filter, values)})`
    case 'always':
      return 'true'
    case 'never':
      return 'false'
  }
}

function contained(value: Contained): unknown {
  if (value.kind === 'array') return value.values.map(checked)
  return value.kind === 'json' ? value.value : possible(value.text)
}

function checked(value: Scalar): Scalar {
  return typeof value === 'string' ? possible(value) : value
}

function parameter(value: unknown, values: unknown[]): string {
  return `$${values.push(value)}`
}

function orderTerm({ column, direction, nulls }: Order): string {
  return `${quoted(column)} ${direction}${nulls === undefined ? '' : ` nulls ${nulls}`}`
}

function quoted(name: string): string {
  return `"${name}"`
}

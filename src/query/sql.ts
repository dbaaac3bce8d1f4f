import type { SqlStatement } from '../core/database.ts'
import { hash } from './cursor.ts'
import { all, type Comparison, type Filter, type Operand } from './filter.ts'
import type { Table } from './identifier.ts'
import { behind, nullsOf, type Position } from './keyset.ts'
import { isKeyset, limitOf, offsetOf, type Order, type Parameter, type Plan, type SqlForm } from './plan.ts'

/** The column that holds the order's values as text; no name of a column may have a space. */
export const SQL_POSITION = 'easymo position'

/** What stands there when the texts do not tell the values. */
export const ROUNDED = 'rounded'

/** Which statement of a plan is meant. */
type Purpose = 'rows' | 'count' | 'estimate'

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

/** The statement that reads the rows behind a position, or from the start. */
export function selectSql(plan: Plan, values: readonly unknown[], position?: Position): SqlStatement {
  const form = formOf(plan, 'rows', position)
  return statement(form, plan, position === undefined ? values : [...values, ...position])
}

/** The statement that counts the rows, in a column named `count`, or asks the planner how many it expects. */
export function countSql(plan: Plan, values: readonly unknown[]): SqlStatement {
  return statement(formOf(plan, plan.count === 'estimated' ? 'estimate' : 'count'), plan, values)
}

function statement({ text, name, parameters }: SqlForm, plan: Plan, values: readonly unknown[]): SqlStatement {
  const found = parameters?.map((place) => (typeof place === 'number' ? values[place] : place(plan, values)))
  return { text, values: found ?? values, name }
}

function formOf(plan: Plan, purpose: Purpose, position?: Position): SqlForm {
  const variant = position === undefined ? purpose : nullsOf(position)
  const known = plan.sql.get(variant)
  if (known !== undefined) return known
  const form = new SqlWriter(plan, purpose, position).form()
  plan.sql.set(variant, form)
  return form
}

/** Writes one statement. Names were checked where they entered; values never reach the text, but for constants. */
class SqlWriter {
  readonly #plan: Plan
  readonly #purpose: Purpose
  readonly #position: Position | undefined
  readonly #parameters: Parameter[] = []

  constructor(plan: Plan, purpose: Purpose, position: Position | undefined) {
    this.#plan = plan
    this.#purpose = purpose
    this.#position = position
  }

  form(): SqlForm {
    const text = this.#text()
    // Two hashes: two texts under one name would be an error of the driver, or another query's rows.
    const name = `easymo_${hash(text, 0x811c9dc5)}${hash(text, 0x9e3779b9)}`
    const isAsGiven = this.#parameters.length === this.#plan.values && this.#parameters.every((place, index) => place === index) // prettier-ignore
    return { text, name, parameters: isAsGiven ? undefined : this.#parameters }
  }

  #text(): string {
    const { table, shape, order } = this.#plan
    const from = `from ${tableSql(table)}${this.#where()}`
    if (this.#purpose === 'estimate') return `explain (format json) select ${from}`
    if (this.#purpose === 'count') return `select count(*) as "count" ${from}`
    let text = `select ${columns(this.#plan)} ${from}`
    if (order.length > 0 && shape !== 'exists') text += ` order by ${order.map(orderTerm).join(', ')}`
    const { limit, offset } = slicing(this.#plan)
    if (limit !== undefined) text += ` limit ${this.#parameter(limit)}`
    if (offset !== undefined) text += ` offset ${this.#parameter(offset)}`
    return text
  }

  #where(): string {
    const { condition } = this.#plan
    const filter = this.#position === undefined ? condition : all([condition, behind(this.#plan, this.#position, true)])
    if (filter.kind === 'always') return ''
    // The outermost `and` needs no brackets.
    const parts = filter.kind === 'and' ? filter.filters : [filter]
    return ` where ${parts.map((part) => this.#condition(part)).join(' and ')}`
  }

  #condition(filter: Filter): string {
    switch (filter.kind) {
      case 'compare':
        return `${quoted(filter.column)} ${OPERATORS[filter.operator]} ${this.#operand(filter.operand)}`
      case 'in':
        // One text for lists of every length, and no ceiling of 65,535 parameters.
        return typeof filter.operand === 'number'
          ? `${quoted(filter.column)} = any(${this.#operand(filter.operand)})`
          : `${quoted(filter.column)} in (${this.#operand(filter.operand)})`
      case 'row': {
        const places = filter.columns.map((_, index) => this.#parameter(filter.operand + index))
        return `(${filter.columns.map(quoted).join(', ')}) ${OPERATORS[filter.operator]} (${places.join(', ')})`
      }
      case 'contains':
        return `${quoted(filter.column)} @> ${this.#operand(filter.operand)}`
      case 'contains list':
        return `${quoted(filter.column)} @> ${this.#asColumn(filter.column, filter.operand)}`
      case 'null':
        return `${quoted(filter.column)} is ${filter.is ? '' : 'not '}null`
      case 'and':
      case 'or':
        return `(${filter.filters.map((part) => this.#condition(part)).join(` ${filter.kind} `)})`
      case 'not':
        return `not (${this.#condition(filter.filter)})`
      case 'always':
        return 'true'
      case 'never':
        return 'false'
    }
  }

  /**
   * A list that came as json, as the type of the column: an array, or json as it is. Nobody here knows that type, but the
   * table does; and an index serves it, because nothing of a row is in it.
   */
  #asColumn(column: string, operand: number): string {
    const object = `jsonb_build_object('${column}', ${this.#operand(operand)}::jsonb)`
    return `(jsonb_populate_record(null::${tableSql(this.#plan.table)}, ${object})).${quoted(column)}`
  }

  #operand(operand: Operand): string {
    return typeof operand === 'number' ? this.#parameter(operand) : operand.join(', ')
  }

  #parameter(place: Parameter): string {
    // A place that is named twice, as in the bound of a page, is one parameter.
    const known = this.#parameters.indexOf(place)
    return `$${known < 0 ? this.#parameters.push(place) : known + 1}`
  }
}

/** What a statement says of them. */
function slicing({ paging, shape }: Plan): Readonly<Record<'limit' | 'offset', Parameter | undefined>> {
  if (paging.kind !== 'slice') return { limit: limitOf, offset: paging.kind === 'page' ? offsetOf : undefined }
  return { limit: shape === 'many' ? paging.limit : limitOf, offset: paging.offset }
}

function columns(plan: Plan): string {
  const { columns, shape, order } = plan
  if (shape === 'exists') return '1 as "one"'
  const list = columns.length === 0 ? '*' : columns.map(quoted).join(', ')
  if (!isKeyset(plan)) return list
  // As text of the database: a driver would read a moment as a `Date`, which has no microseconds.
  const texts = order.map(({ column }) => `${quoted(column)}::text`).join(', ')
  const types = order.map(({ column }) => `pg_typeof(${quoted(column)})`).join(', ')
  // Below 1 a float is written with less digits than it has: its text is its neighbour's, too.
  const rounds = `current_setting('extra_float_digits')::int < 1 and array[${types}]::text[] && '{real,double precision}'`
  return `${list}, case when ${rounds} then '${ROUNDED}' else json_build_array(${texts})::text end as "${SQL_POSITION}"`
}

function tableSql({ schema, name }: Table): string {
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`
}

function orderTerm({ column, direction, nulls }: Order): string {
  return `${quoted(column)} ${direction}${nulls === undefined || nulls === 'never' ? '' : ` nulls ${nulls}`}`
}

function quoted(name: string): string {
  return `"${name}"`
}

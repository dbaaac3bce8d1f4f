import type { RestRequest } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { textOf } from './constant.ts'
import { all, type Comparison, type Filter, type Operand } from './filter.ts'
import { behind, nullsOf, type Position } from './keyset.ts'
import { likeRegex } from './like.ts'
import { List } from './list.ts'
import { isKeyset, sliceOf, type Condition, type Order, type Plan, type RestForm, type Slice } from './plan.ts'

/** Names that PostgREST reads as its own parameters; a column of that name is filtered inside `and=(…)`. */
const RESERVED = new Set(['select', 'order', 'limit', 'offset', 'and', 'or', 'not', 'columns', 'on_conflict'])

/** What gateways before PostgREST take in a line, and postgrest-js warns at. */
const LONGEST = 8_000

/** Before the number of the column of the order whose text it is. */
export const REST_POSITION = 'easymo_position_'

type Values = readonly unknown[]
type Writer = (values: Values) => string

/**
 * Writes a plan as a request to PostgREST, which knows two places for a condition: a parameter of its own, whose text is
 * taken as it stands to its end, and `and=(…)`, where a value stands in double quotes. In neither can a value end its own
 * condition. Grammar: https://docs.postgrest.org/en/stable/references/api/url_grammar.html#reserved-characters
 *
 * PostgREST reads any value rightly in both. Which one is used is chosen so that Supabase Lite (0.10) does too: outside of
 * quotes it takes `+1` and long digits for numbers, inside of them it reads no escapes and no patterns.
 *
 * @throws OptionError `ERR_PERF_OPTION` when the request is longer than gateways take
 */
export function restRequest(
  plan: Plan,
  values: Values,
  { position, slice = sliceOf(plan, values) }: RestOptions = {},
): RestRequest {
  const form = formOf(plan, position)
  let search = form.select + conditionsText(form.conditions, position === undefined ? values : [...values, ...position])
  search += form.order
  if (slice.limit !== undefined) search += `&limit=${slice.limit}`
  if (slice.offset > 0) search += `&offset=${slice.offset}`
  if (search.length > LONGEST)
    throw new OptionError(
      `a request of ${search.length} characters is longer than the ${LONGEST} that servers take; shorten the list of in(), or ask in SQL`,
    )
  return { table: plan.table.name, search, headers: form.headers }
}

export interface RestOptions {
  readonly position?: Position | undefined
  /** Other rows than the plan's own. */
  readonly slice?: Slice
}

function formOf(plan: Plan, position?: Position): RestForm {
  const variant = position === undefined ? '' : nullsOf(position)
  const known = plan.rest.get(variant)
  if (known !== undefined) return known
  const { condition, table, count, order, shape } = plan
  const filter = position === undefined ? condition : all([condition, behind(plan, position, false)])
  const parts = filter.kind === 'always' ? [] : filter.kind === 'and' ? filter.filters : [filter]
  const form: RestForm = {
    select: `select=${encodeURIComponent(columns(plan))}`,
    conditions: parts.map((part) => ({ inside: writer(part), alone: alone(part) })),
    order: order.length > 0 && shape !== 'exists' ? `&order=${encodeURIComponent(order.map(orderTerm).join(','))}` : '',
    headers: {
      ...(table.schema === undefined ? {} : { 'accept-profile': table.schema }),
      ...(count === 'none' || position !== undefined ? {} : { prefer: `count=${count}` }),
    },
  }
  plan.rest.set(variant, form)
  return form
}

function conditionsText(conditions: readonly Condition[], values: Values): string {
  let parameters = ''
  let bracketed = ''
  for (const { alone, inside } of conditions) {
    const parameter = alone?.(values)
    if (parameter !== undefined) parameters += `&${parameter}`
    else bracketed += `${bracketed === '' ? '' : COMMA}${inside(values)}`
  }
  return bracketed === '' ? parameters : `${parameters}&and=(${bracketed})`
}

/** A condition as a parameter of its own, if it is better off so. */
function alone(filter: Filter): Condition['alone'] {
  if (!('column' in filter) || RESERVED.has(filter.column)) return undefined
  const { column } = filter
  if (filter.kind === 'contains' || filter.kind === 'contains list')
    return (values) => `${column}=cs.${encodeURIComponent(containedText(values[filter.operand]))}`
  if (filter.kind !== 'compare') {
    const inside = writer(filter)
    return (values) => `${column}=${inside(values).slice(column.length + 1)}`
  }
  return (values) => {
    const text = textAt(filter.operand, values)
    if (isPattern(filter.operator)) return `${column}=${patternText(filter.operator, text).map(encodeURIComponent).join('.')}` // prettier-ignore
    return NEEDS_ESCAPE.test(text) ? `${column}=${filter.operator}.${encodeURIComponent(text)}` : undefined
  }
}

const NEEDS_ESCAPE = /["\\]/
const COMMA = encodeURIComponent(',')

/** What is encoded once is a text; only values are encoded at each request. */
function writer(filter: Filter): Writer {
  switch (filter.kind) {
    case 'compare': {
      const { column, operator, operand } = filter
      if (!isPattern(operator)) return (values) => `${column}.${operator}.${quoted(textAt(operand, values))}`
      return (values) => {
        const [how, text] = patternText(operator, textAt(operand, values))
        return `${column}.${how}.${quoted(text)}`
      }
    }
    case 'in':
      return (values) => `${filter.column}.in.(${textsAt(filter.operand, values).map(quoted).join(COMMA)})`
    case 'contains':
    case 'contains list':
      return (values) => `${filter.column}.cs.${quoted(containedText(values[filter.operand]))}`
    case 'null':
      return () => `${filter.column}.${filter.is ? '' : 'not.'}is.null`
    case 'and':
    case 'or':
      return list(filter.kind, filter.filters)
    case 'not':
      return list('not.and', filter.filter.kind === 'and' ? filter.filter.filters : [filter.filter])
    case 'row':
    case 'always':
    case 'never':
      // The first is not made for PostgREST; the others were worked into the conditions around them.
      throw new TypeError(`a condition ${filter.kind} cannot be written`)
  }
}

function list(before: string, filters: readonly Filter[]): Writer {
  const writers = filters.map(writer)
  return (values) => `${before}(${writers.map((write) => write(values)).join(COMMA)})`
}

function textAt(operand: Operand, values: Values): string {
  return typeof operand === 'number' ? String(values[operand]) : textOf(operand[0] ?? '')
}

function textsAt(operand: Operand, values: Values): readonly string[] {
  return typeof operand === 'number' ? (values[operand] as readonly unknown[]).map(String) : operand.map(textOf)
}

/** In a pattern PostgREST reads `*` as `%`, quoted or not, and has no escape for it: a regular expression says it exactly. */
function patternText(operator: Comparison, text: string): [operator: string, text: string] {
  return text.includes('*') ? [operator === 'like' ? 'match' : 'imatch', likeRegex(text)] : [operator, text]
}

function isPattern(operator: Comparison): boolean {
  return operator === 'like' || operator === 'ilike'
}

function containedText(value: unknown): string {
  return value instanceof List ? value.array() : String(value)
}

/** Stands for itself in an address, and between quotes. */
const PLAIN = /^[\w.-]*$/

function quoted(text: string): string {
  if (PLAIN.test(text)) return `%22${text}%22`
  return `%22${encodeURIComponent(NEEDS_ESCAPE.test(text) ? text.replace(/["\\]/g, '\\$&') : text)}%22`
}

function columns(plan: Plan): string {
  const { columns, shape, condition, order } = plan
  // Any column will do to see whether there is a row; one that is filtered by is sure to exist.
  if (shape === 'exists') return columnOf(condition) ?? '*'
  const list = columns.length === 0 ? ['*'] : columns
  if (!isKeyset(plan)) return list.join(',')
  // As text: a large number would lose digits in JSON.
  return [...list, ...order.map(({ column }, index) => `${REST_POSITION}${index}:${column}::text`)].join(',')
}

function columnOf(filter: Filter): string | undefined {
  if ('column' in filter) return filter.column
  return filter.kind === 'and' ? filter.filters.map(columnOf).find((column) => column !== undefined) : undefined
}

function orderTerm({ column, direction, nulls }: Order): string {
  return `${column}.${direction}${nulls === undefined || nulls === 'never' ? '' : `.nulls${nulls}`}`
}

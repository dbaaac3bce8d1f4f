import type { RestRequest } from '../core/database.ts'
import type { Comparison, Contained, Filter } from './filter.ts'
import { conditionOf, sliceOf, type Order, type Plan } from './plan.ts'
import { arrayText, possible, type Scalar } from './value.ts'
import { likeRegex } from './like.ts'

/** Names that PostgREST reads as its own parameters; a column of that name is filtered inside `and=(…)`. */
const RESERVED = new Set(['select', 'order', 'limit', 'offset', 'and', 'or', 'not', 'columns', 'on_conflict'])

/**
 * Writes a plan as a request to PostgREST, which knows two places for a condition: a parameter of its own, whose text is
 * taken as it stands to its end, and `and=(…)`, where a value stands in double quotes. In neither can a value end its own
 * condition. Grammar: https://docs.postgrest.org/en/stable/references/api/url_grammar.html#reserved-characters
 *
 * PostgREST reads any value rightly in both. Which one is used is chosen so that Supabase Lite (0.10) does too: outside of
 * quotes it takes `+1` and long digits for numbers, inside of them it reads no escapes and no patterns.
 */
export function restRequest(plan: Plan): RestRequest {
  const { limit, offset } = sliceOf(plan)
  const { table, count } = plan
  const search = [parameter('select', columns(plan)), ...conditions(conditionOf(plan))]
  if (plan.order.length > 0 && plan.shape !== 'exists')
    search.push(parameter('order', plan.order.map(orderTerm).join(',')))
  if (limit !== undefined) search.push(`limit=${limit}`)
  if (offset > 0) search.push(`offset=${offset}`)
  return {
    table: table.name,
    search: search.join('&'),
    headers: {
      ...(table.schema === undefined ? {} : { 'accept-profile': table.schema }),
      ...(count === 'none' ? {} : { prefer: `count=${count}` }),
    },
  }
}

function conditions(filter: Filter): string[] {
  if (filter.kind === 'always') return []
  const parameters: string[] = []
  const bracketed: Filter[] = []
  for (const part of filter.kind === 'and' ? filter.filters : [filter]) {
    const bare = bareCondition(part)
    if (bare === undefined) bracketed.push(part)
    else parameters.push(bare)
  }
  if (bracketed.length > 0) parameters.push(parameter('and', list(bracketed)))
  return parameters
}

/** A condition as a parameter of its own, if it is better off so. */
function bareCondition(filter: Filter): string | undefined {
  if (!('column' in filter) || RESERVED.has(filter.column)) return undefined
  if (filter.kind === 'contains') return parameter(filter.column, `cs.${possible(contained(filter.value))}`)
  if (filter.kind !== 'compare') return parameter(filter.column, condition(filter).slice(filter.column.length + 1))
  const [operator, text] = comparison(filter)
  const plain = !/["\\]/.test(text) && !isPattern(filter.operator)
  return plain ? undefined : parameter(filter.column, `${operator}.${possible(text)}`)
}

function columns({ columns, shape, filters }: Plan): string {
  // Any column will do to see whether there is a row; one that is filtered by is sure to exist.
  if (shape === 'exists') return filters.map(columnOf).find((column) => column !== undefined) ?? '*'
  return columns.length === 0 ? '*' : columns.join(',')
}

function columnOf(filter: Filter): string | undefined {
  return 'column' in filter ? filter.column : undefined
}

function parameter(name: string, text: string): string {
  return `${name}=${encodeURIComponent(text)}`
}

function list(filters: readonly Filter[]): string {
  return `(${filters.map(condition).join(',')})`
}

function condition(filter: Filter): string {
  switch (filter.kind) {
    case 'compare': {
      const [operator, text] = comparison(filter)
      return `${filter.column}.${operator}.${quoted(text)}`
    }
    case 'in':
      return `${filter.column}.in.(${filter.values.map(quoted).join(',')})`
    case 'contains':
      return `${filter.column}.cs.${quoted(contained(filter.value))}`
    case 'null':
      return `${filter.column}.${filter.is ? '' : 'not.'}is.null`
    case 'and':
    case 'or':
      return `${filter.kind}${list(filter.filters)}`
    case 'not':
      return `not.and${list(filter.filter.kind === 'and' ? filter.filter.filters : [filter.filter])}`
    case 'always':
    case 'never':
      // Worked into the conditions around them where they were made; alone they need no query.
      throw new TypeError('a constant condition cannot be written')
  }
}

/** The operator and the text of the value. */
function comparison({ operator, value }: Extract<Filter, { kind: 'compare' }>): [operator: string, text: string] {
  const text = String(value)
  // In a pattern PostgREST reads `*` as `%`, quoted or not, and has no escape for it: a regular expression says it exactly.
  if (isPattern(operator) && text.includes('*')) return [operator === 'like' ? 'match' : 'imatch', likeRegex(text)]
  return [operator, text]
}

function isPattern(operator: Comparison): boolean {
  return operator === 'like' || operator === 'ilike'
}

function contained(value: Contained): string {
  if (value.kind === 'array') return arrayText(value.values)
  return value.kind === 'json' ? JSON.stringify(value.value) : value.text
}

function quoted(value: Scalar): string {
  return `"${possible(String(value)).replace(/["\\]/g, '\\$&')}"`
}

function orderTerm({ column, direction, nulls }: Order): string {
  return `${column}.${direction}${nulls === undefined ? '' : `.nulls${nulls}`}`
}

import { OptionError } from '../core/errors.ts'
import type { Filters } from '../query/index.ts'

/** One of the conditions of `or`. */
export type Branch = (row: Filters<Record<string, unknown>>) => Filters<Record<string, unknown>>

/** A condition: a column, an operator, and a value that is bare or stands in double quotes. */
const CONDITION =
  /([a-z_]\w*)\.(eq|neq|gte?|lte?|i?like|is|not\.is|in)\.("(?:[^"\\]|\\.)*"|\([^()]*\)|[\w \-+:@.%*]*)(?:,|$)/iy
/** One of a list, with the blanks around it. */
const ITEM = /(\s*"(?:[^"\\]|\\.)*"\s*|[\w\s\-+:@.]+)(?:,|$)/y

/**
 * Reads the text that PostgREST takes for `or`, so that each value goes to the database as a value.
 *
 * @throws OptionError `ERR_PERF_OPTION`; its message does not hold the text
 * @see https://docs.postgrest.org/en/v12/references/api/tables_views.html#logical-operators
 */
export function branchesOf(text: string): Branch[] {
  const branches: Branch[] = []
  for (let at = 0; at < text.length || at === 0;) {
    CONDITION.lastIndex = at
    const [whole, column = '', operator = '', value = ''] = CONDITION.exec(text) ?? []
    // A comma at the end would be one more condition that is not there.
    if (whole === undefined || (whole.endsWith(',') && at + whole.length === text.length)) throw unreadable()
    branches.push(branchOf(column, operator.toLowerCase(), value))
    at += whole.length
  }
  return branches
}

function branchOf(column: string, operator: string, value: string): Branch {
  switch (operator) {
    case 'is':
    case 'not.is':
      return isOf(column, operator, value)
    case 'in': {
      const values = listOf(value)
      return (row) => row.in(column, values)
    }
    case 'like':
    case 'ilike': {
      // PostgREST's word for the sign that an address cannot hold.
      const pattern = bare(value).replaceAll('*', '%')
      return (row) => row[operator](column, pattern)
    }
    default: {
      const compared = bare(value)
      return (row) => row[operator as 'eq'](column, compared)
    }
  }
}

function isOf(column: string, operator: 'is' | 'not.is', value: string): Branch {
  if (value === 'null') return (row) => (operator === 'is' ? row.isNull(column) : row.isNotNull(column))
  if (operator === 'is' && (value === 'true' || value === 'false')) return (row) => row.eq(column, value === 'true')
  throw unreadable()
}

function listOf(value: string): string[] {
  if (!value.startsWith('(')) throw unreadable()
  const inner = value.slice(1, -1)
  const items: string[] = []
  for (let at = 0; at < inner.length;) {
    ITEM.lastIndex = at
    const [whole, item = ''] = ITEM.exec(inner) ?? []
    if (whole === undefined || item.trim() === '') throw unreadable()
    items.push(bare(item.trim()))
    at += whole.length
  }
  return items
}

function bare(value: string): string {
  if (value.startsWith('(')) throw unreadable()
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

const unreadable = (): OptionError =>
  new OptionError(
    'or() takes conditions of the form column.operator.value, with commas between; for values from outside write or((row) => row.eq(column, value))',
  )

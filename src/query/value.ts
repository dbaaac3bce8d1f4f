import { OptionError } from '../core/errors.ts'
import { QueryError } from './error.ts'
import { exact } from './exact.ts'
import { List, type Element } from './list.ts'
import { Moment } from './moment.ts'
import type { Values } from './step.ts'

/** A value that every driver writes in the same way. */
export type Scalar = string | number | boolean

/** Who is to read a value. */
export type Dialect = 'sql' | 'postgrest'

/**
 * Checks one value of a filter. A bigint becomes digits, and a date a moment that is written for whom it is put to, because
 * drivers differ in how they write them.
 */
export function scalar(value: unknown, method: string): Scalar | Moment {
  // First what is most: a query is built in half a microsecond.
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) return value
  const element = elementOf(value, method)
  return typeof element === 'bigint' ? element.toString() : element
}

function elementOf(value: unknown, method: string): Element {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return exact(value, `${method}()`)
  if (isDate(value) && Number.isFinite(value.getTime())) return new Moment(value)
  if (value === undefined) throw new OptionError(`${method}() got undefined; leave the filter out instead`)
  if (value === null) throw new OptionError(`${method}() got null, which equals nothing; use isNull() or isNotNull()`)
  throw new OptionError(`${method}() takes a string, a finite number, a bigint, a boolean or a valid Date`)
}

/** What a column can contain: elements of a list, or a part of a json document or an array as Postgres writes it. */
export function contained(value: unknown): List | string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return new List(value.map((element) => elementOf(element, 'contains')))
  if (typeof value === 'object' && value !== null && !isDate(value)) return jsonOf(value)
  throw new OptionError('contains() takes an array, a plain object, or a string as Postgres writes one')
}

function jsonOf(value: object): string {
  const checked = (_: string, part: unknown): unknown =>
    typeof part === 'number' ? exact(part, 'an object of contains()') : part
  try {
    return JSON.stringify(value, checked)
  } catch (error) {
    if (error instanceof OptionError) throw error
    throw new OptionError('an object of contains() must be writable as JSON, without bigints and circles')
  }
}

/** Also for a date of another realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/**
 * The values in the order in which they were given, as they are written for the database.
 *
 * Text that would reach the database as another text is refused here and not where it was given: it comes from users, so it
 * is an error of the query and not of the program.
 *
 * @throws QueryError with the SQLSTATE that Postgres gives for it
 */
export function valuesOf(last: Values | undefined, dialect: Dialect): unknown[] {
  const values = new Array<unknown>(last?.count ?? 0)
  for (let link = last; link !== undefined; link = link.before)
    values[link.count - 1] = typeof link.value === 'number' ? link.value : written(link.value, dialect)
  return values
}

function written(value: unknown, dialect: Dialect): unknown {
  if (typeof value === 'string' && !isPossible(value)) throw impossible()
  if (Array.isArray(value)) return writtenList(value, dialect)
  if (value instanceof Moment) return value[dialect]
  if (!(value instanceof List)) return value
  writtenList(value.elements, dialect)
  // Over PostgREST it is not known yet in which form.
  return dialect === 'sql' ? value.json(dialect) : value
}

/** The list itself, when there is nothing to be written. */
function writtenList(list: readonly unknown[], dialect: Dialect): readonly unknown[] {
  let hasMoments = false
  for (const element of list)
    if (typeof element === 'string') {
      if (!isPossible(element)) throw impossible()
    } else if (element instanceof Moment) hasMoments = true
  return hasMoments ? list.map((element) => (element instanceof Moment ? element[dialect] : element)) : list
}

function impossible(): QueryError {
  return new QueryError('a filter holds a NUL or half a surrogate pair, which no Postgres text can', {
    sqlState: '22021',
  })
}

/** Known to every runtime of ours, but not yet to the types. */
interface WellFormed {
  isWellFormed(): boolean
}

/** Whether there is nothing in the text that Postgres cannot hold: a NUL, or half of a surrogate pair. */
export function isPossible(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed() && !text.includes('\0')
}

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
  for (let link = last; link !== undefined; link = link.before) {
    if (!isPossible(link.value))
      throw new QueryError('a filter holds a NUL or half a surrogate pair, which no Postgres text can', {
        sqlState: '22021',
      })
    values[link.count - 1] = written(link.value, dialect)
  }
  return values
}

function written(value: unknown, dialect: Dialect): unknown {
  if (typeof value !== 'object') return value
  if (value instanceof Moment) return value[dialect]
  // Over PostgREST it is not known yet in which form.
  if (value instanceof List) return dialect === 'sql' ? value.json(dialect) : value
  if (!Array.isArray(value) || !value.some(isMoment)) return value
  return value.map((element: unknown) => (element instanceof Moment ? element[dialect] : element))
}

const isMoment = (value: unknown): boolean => value instanceof Moment

/** Known to every runtime of ours, but not yet to the types. */
interface WellFormed {
  isWellFormed(): boolean
}

/** Whether there is no text in it that Postgres cannot hold: a NUL, or half of a surrogate pair. */
export function isPossible(value: unknown): boolean {
  if (typeof value === 'string') return (value as unknown as WellFormed).isWellFormed() && !value.includes('\0')
  const elements = value instanceof List ? value.elements : value
  if (!Array.isArray(elements)) return true
  for (const element of elements as readonly unknown[]) if (!isPossible(element)) return false
  return true
}

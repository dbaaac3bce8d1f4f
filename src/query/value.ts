import { OptionError } from '../core/errors.ts'
import { QueryError } from './error.ts'
import type { Values } from './step.ts'

/** A value that every driver writes in the same way. */
export type Scalar = string | number | boolean

/**
 * Checks one value of a filter. A date becomes ISO text and a bigint digits, because drivers differ in how they write
 * them (one of them in the zone of the process).
 */
export function scalar(value: unknown, method: string): Scalar {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'bigint') return value.toString()
  if (isDate(value) && Number.isFinite(value.getTime())) return value.toISOString()
  if (value === undefined) throw new OptionError(`${method}() got undefined; leave the filter out instead`)
  if (value === null) throw new OptionError(`${method}() got null, which equals nothing; use isNull() or isNotNull()`)
  throw new OptionError(`${method}() takes a string, a finite number, a bigint, a boolean or a valid Date`)
}

/** What a column can contain: elements of an array, a part of a json document, or either one as Postgres writes it. */
export type Contained = readonly Scalar[] | object | string

export function contained(value: unknown): Contained {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((element) => scalar(element, 'contains'))
  if (typeof value === 'object' && value !== null && !isDate(value)) return value
  throw new OptionError('contains() takes an array, a plain object, or a string as Postgres writes one')
}

/** Also for a date of another realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/**
 * The values in the order in which they were given.
 *
 * Text that would reach the database as another text is refused here and not where it was given: it comes from users, so it
 * is an error of the query and not of the program.
 *
 * @throws QueryError with the SQLSTATE that Postgres gives for it
 */
export function valuesOf(last: Values | undefined): unknown[] {
  const values = new Array<unknown>(last?.count ?? 0)
  for (let link = last; link !== undefined; link = link.before) {
    values[link.count - 1] = link.value
    if (!isPossible(link.value))
      throw new QueryError('a filter holds a NUL or half a surrogate pair, which no Postgres text can', {
        sqlState: '22021',
      })
  }
  return values
}

/** Known to every runtime of ours, but not yet to the types. */
interface WellFormed {
  isWellFormed(): boolean
}

/** Whether there is no text in it that Postgres cannot hold: a NUL, or half of a surrogate pair. */
export function isPossible(value: unknown): boolean {
  if (typeof value === 'string') return (value as unknown as WellFormed).isWellFormed() && !value.includes('\0')
  if (!Array.isArray(value)) return true
  for (const element of value) if (!isPossible(element)) return false
  return true
}

/** Writes an array as Postgres does, every element quoted: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export function arrayText(values: readonly Scalar[]): string {
  return `{${values.map((value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

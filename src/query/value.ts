import { OptionError } from '../core/errors.ts'
import { QueryError } from './error.ts'

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

/** Also for a date of another realm. */
export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/** Text that Postgres cannot hold: a NUL, and half of a surrogate pair. */
const IMPOSSIBLE = /[\0\p{Surrogate}]/u

/**
 * Refuses text that would reach the database as another text. It comes from users, so it is an error of the query and
 * not of the program.
 *
 * @throws QueryError with the SQLSTATE that Postgres gives for it
 */
export function possible(text: string): string {
  if (IMPOSSIBLE.test(text))
    throw new QueryError('a filter holds a NUL or half a surrogate pair, which no Postgres text can', {
      sqlState: '22021',
    })
  return text
}

/** Writes an array as Postgres does, every element quoted: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export function arrayText(values: readonly Scalar[]): string {
  return `{${values.map((value) => `"${String(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

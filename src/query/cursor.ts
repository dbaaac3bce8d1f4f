import { OptionError } from '../core/errors.ts'
import { QueryError } from './error.ts'
import type { Position } from './keyset.ts'
import type { Plan } from './plan.ts'
import { isPossible } from './value.ts'

/** The format, the check, and the values as JSON: `1`, seven digits, `["2026-01-01 00:00:00.123456+00","7"]`. */
const FORMAT = /^1(.{7})(.*)$/s

/**
 * Writes where a page ended.
 *
 * @throws QueryError when the order cannot tell the row from others
 */
export function cursorOf(plan: Plan, position: Position): string {
  plan.order.forEach(({ column, nulls }, index) => {
    if (position[index] === null && (nulls === 'never' || index === plan.order.length - 1))
      throw new QueryError(`a keyset page met a null in ${column}, of which the order says that it has none`)
  })
  // In ASCII, which is all that btoa takes.
  const json = JSON.stringify(position).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) // prettier-ignore
  return btoa(`1${check(plan, json)}${json}`)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={1,2}$/, '')
}

/**
 * Reads a cursor. It comes back from a client, so all of it is looked at; the check finds accidents and cursors of other
 * queries. It is no signature: what it guards is a place in an order, and a value that is a parameter like any other.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function positionOf(plan: Plan, cursor: string): Position {
  const [, written, json = ''] = FORMAT.exec(decoded(cursor)) ?? []
  const values = written === check(plan, json) ? (JSON.parse(json) as unknown) : undefined
  if (
    !Array.isArray(values) ||
    values.length !== plan.order.length ||
    !values.every((value) => value === null || (typeof value === 'string' && isPossible(value)))
  )
    throw new OptionError('after must be the nextCursor of the same query in the same order, or undefined to start')
  return values as Position
}

function decoded(cursor: string): string {
  try {
    return atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return ''
  }
}

/** FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
function check({ position }: Plan, json: string): string {
  return hash(`${position}\n${json}`, 0x811c9dc5)
}

/** Seven digits. */
export function hash(text: string, seed: number): string {
  let state = seed
  for (let index = 0; index < text.length; index += 1) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return (state >>> 0).toString(36).padStart(7, '0')
}

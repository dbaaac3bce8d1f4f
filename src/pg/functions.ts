import type { SqlFunctionCall } from '../core/sql-functions.ts'
import { arrayText } from './array-text.ts'
import type { PgDriver } from './drivers.ts'
import { pgPort } from './port.ts'

/**
 * Calls functions by one statement each. All values go and come as text, so that no driver's own way with arrays, JSON
 * and big numbers gets between: the statements cast them, and name their result `answer`.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything else than a driver of Postgres
 */
export function pgFunctions<Name extends string>(
  client: PgDriver,
  statements: Readonly<Record<Name, string>>,
): SqlFunctionCall<Name> {
  const port = pgPort(client)
  return async (name, args, options) => {
    const [row] = await port.query(statements[name], Object.values(args).map(written), options)
    const answer = row?.['answer']
    return typeof answer === 'string' && answer !== '' ? (JSON.parse(answer) as unknown) : undefined
  }
}

function written(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  const isTexts = Array.isArray(value) && typeof value[0] !== 'object'
  return isTexts ? arrayText(value) : JSON.stringify(value)
}

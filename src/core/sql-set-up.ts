import { hasCode, StoreSetupError } from './errors.ts'
import type { SqlFunctionCall } from './sql-functions.ts'

/** A table, a function or a schema that is not there, as Postgres and as PostgREST say it. */
const MISSING = new Set<unknown>(['42P01', '42883', '3F000', 'PGRST202', 'PGRST205'])

/** Adds to the error of a database without our tables the command that makes them. */
export function namingSetUp<Name extends string>(part: string, call: SqlFunctionCall<Name>): SqlFunctionCall<Name> {
  return async (...asked) => {
    try {
      return await call(...asked)
    } catch (error) {
      if (!hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
      const { cause } = error
      if (!MISSING.has((cause as { code?: unknown } | null | undefined)?.code)) throw error
      const command = `npx easymo-perf migrate --only ${part} --apply env`
      throw new StoreSetupError(`${error.message}; make its tables by: ${command}`, { cause })
    }
  }
}

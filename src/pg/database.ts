import type { SqlDatabase } from '../core/database.ts'
import type { PgDriver } from './drivers.ts'
import { pgPort } from './port.ts'

/**
 * Makes a Postgres driver a database for `query`. The caller owns the driver, and closes it.
 *
 * @param client - a `pg.Pool`, a `pg.Client`, a PGlite, the `sql` of postgres.js, or a pool of this package
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgDatabase(client: PgDriver): SqlDatabase {
  const port = pgPort(client)
  return {
    kind: 'sql',
    async run({ text, values, name }, call) {
      return { rows: await port.query(text, values, { name, onGiveUp: (listener) => call.onGiveUp(listener) }) }
    },
  }
}

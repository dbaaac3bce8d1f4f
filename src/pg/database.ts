import { knownOptions } from '../core/check.ts'
import type { SqlDatabase } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import type { PgDriver } from './drivers.ts'
import { pgPort } from './port.ts'
import { preparing } from './prepared.ts'

/** How statements are put to Postgres. */
export interface PgDatabaseOptions {
  /**
   * Prepares each statement once per connection, under a name that is made of its text. Saves the parsing, which a plain
   * read hardly notices; PgBouncer in transaction mode, and others like it, must know of prepared statements (PgBouncer from
   * 1.21 on, with `max_prepared_statements`). PGlite takes no names. A statement that was outdated by a change of its table is
   * put again unprepared, then prepared anew.
   *
   * @defaultValue false
   */
  readonly prepare?: boolean
}

/**
 * Makes a Postgres driver a database for `query`. The caller owns the driver, and closes it.
 *
 * A statement that nobody waits for any more is cancelled in the server, so that its connection is free again; a single
 * `pg.Client` and PGlite cannot do that, and are busy until it ends.
 *
 * @param client - a `pg.Pool`, a `pg.Client`, a PGlite, the `sql` of postgres.js, or a pool of this package
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgDatabase(client: PgDriver, options: PgDatabaseOptions = {}): SqlDatabase {
  knownOptions(options, 'prepare')
  const { prepare = false } = options
  if (typeof prepare !== 'boolean') throw new OptionError('prepare must be true or false')
  const port = pgPort(client)
  const prepared = preparing(port)
  return {
    kind: 'sql',
    async run({ text, values, name }, call) {
      const options = { onGiveUp: (listener: () => void): void => call.onGiveUp(listener) }
      const mayPrepare = prepare && name !== undefined
      return {
        rows: await (mayPrepare ? prepared({ text, values, name }, options) : port.query(text, values, options)),
      }
    },
  }
}

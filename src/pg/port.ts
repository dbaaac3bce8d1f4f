import { OptionError } from '../core/errors.ts'
import { askConnection, type Ask, type PgQueryOptions } from './ask.ts'
import { askLent, pgLease } from './ask-lent.ts'
import { askPostgresJs } from './ask-postgres-js.ts'
import { isPerfPool, isPgClient, isPglite, isPgPool, isPostgresJs, type PgDriver, type PgRow } from './drivers.ts'
import { pgError } from './errors.ts'

/** What this room needs of Postgres, whichever driver is behind it. */
export interface PgPort {
  /**
   * Runs one statement and gives its rows. It sets no deadline.
   *
   * @throws StoreUnavailable, StoreSetupError as `pgError` says; everything else as the driver throws it
   */
  query(text: string, values: readonly unknown[], options?: PgQueryOptions): Promise<readonly PgRow[]>
}

/**
 * Recognises the driver by its methods, once.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything else
 */
export function pgPort(driver: PgDriver): PgPort {
  const ask = askOf(driver)
  return {
    async query(text, values, options = {}) {
      try {
        // A copy: drivers want an array of their own, and some change it.
        return (await ask(text, [...values], options)) as readonly PgRow[]
      } catch (error) {
        throw pgError(error)
      }
    },
  }
}

function askOf(driver: unknown): Ask {
  if ((typeof driver === 'object' && driver !== null) || typeof driver === 'function') {
    if (isPostgresJs(driver)) return askPostgresJs(driver)
    if (isPerfPool(driver)) return askLent(async () => driver.acquire())
    if (isPgPool(driver)) return askLent(async () => pgLease(await driver.connect()))
    if (isPgClient(driver) || isPglite(driver)) return askConnection(driver)
  }
  throw new OptionError('the client must be a pg.Pool, a pg.Client, a PGlite, a postgres.js or a pool of this package')
}

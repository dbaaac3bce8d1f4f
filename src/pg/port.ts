import { OptionError, StoreUnavailable } from '../core/errors.ts'
import { arrayText } from './array-text.ts'
import {
  isPerfPool,
  isPgClient,
  isPglite,
  isPgPool,
  isPostgresJs,
  type PgClientLike,
  type PgDriver,
  type PgliteLike,
  type PgRow,
  type PostgresJsLike,
} from './drivers.ts'
import { pgError } from './errors.ts'

export interface PgQueryOptions {
  /** Prepares the statement under this name, once per connection. */
  readonly name?: string | undefined
  /** Registers what to do when nobody waits for the answer any more; then a connection from a pool is ended, not reused. */
  readonly onGiveUp?: (listener: () => void) => void
}

/** What this room needs of Postgres, whichever driver is behind it. */
export interface PgPort {
  /**
   * Runs one statement and gives its rows. It sets no deadline.
   *
   * @throws StoreUnavailable, StoreSetupError as `pgError` says; everything else as the driver throws it
   */
  query(text: string, values: readonly unknown[], options?: PgQueryOptions): Promise<readonly PgRow[]>
}

type Ask = (text: string, values: unknown[], options: PgQueryOptions) => PromiseLike<readonly unknown[]>

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

function askConnection(client: PgClientLike | PgliteLike): Ask {
  return isPglite(client) ? askPglite(client) : askPg(client)
}

function askPg(client: PgClientLike): Ask {
  return async (text, values, { name }) =>
    (await client.query(name === undefined ? { text, values } : { text, values, name })).rows
}

function askPglite(client: PgliteLike): Ask {
  // It knows how to write arrays of built-in types only; as text they fit every type.
  const written = (value: unknown): unknown => (Array.isArray(value) ? arrayText(value) : value)
  return async (text, values) => (await client.query(text, values.map(written))).rows
}

function askPostgresJs(sql: PostgresJsLike): Ask {
  // Without a name it is not prepared either: that is what works behind a pooler in transaction mode.
  return (text, values, { name }) => sql.unsafe(text, values as never[], { prepare: name !== undefined })
}

interface Lent {
  readonly client: PgClientLike | PgliteLike
  release(options?: { readonly broken?: boolean }): void
}

/** Makes a lease of a client that a `pg.Pool` lent. */
function pgLease(client: Awaited<ReturnType<Extract<PgDriver, { connect: unknown }>['connect']>>): Lent {
  // pg.Pool listens on idle clients only: the death of a borrowed one would end the process.
  client.on('error', ignore)
  let released = false
  return {
    client,
    release(options) {
      if (released) return
      released = true
      client.removeListener('error', ignore)
      client.release(options?.broken === true)
    },
  }
}

const ignore = (): void => undefined

/** Borrows a connection per statement; one whose answer nobody waited for is in an unknown state, and is ended. */
function askLent(lend: () => Promise<Lent>): Ask {
  return async (text, values, options) => {
    let over = false
    let giveUp = (): void => void (over = true)
    options.onGiveUp?.(() => giveUp())
    const lease = await lend()
    giveUp = () => lease.release({ broken: true })
    let broken = false
    try {
      if (over) throw new StoreUnavailable('the connection came after its query was given up')
      return await askConnection(lease.client)(text, values, options)
    } catch (error) {
      broken = isLost(error) && !over
      throw error
    } finally {
      lease.release({ broken })
    }
  }
}

function isLost(error: unknown): boolean {
  return (pgError(error) as { code?: unknown } | null | undefined)?.code === 'ERR_PERF_STORE_UNAVAILABLE'
}

import { systemClock } from '../core/clock.ts'
import type { OnGiveUp } from '../core/deadline.ts'
import { OptionError, StoreUnavailable } from '../core/errors.ts'
import { arrayText } from './array-text.ts'
import { cancelStatement } from './cancel.ts'
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
  /**
   * Registers what to do when nobody waits for the answer any more: the server is asked to cancel the statement, and a
   * connection from a pool that is not free again a second later is ended.
   */
  readonly onGiveUp?: OnGiveUp | undefined
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

/** PGlite writes nothing but booleans for one, and the order of a page is text. */
const BOOLEAN_AS_TEXT = { serializers: { 16: String } }

function askPglite(client: PgliteLike): Ask {
  // It knows how to write arrays of built-in types only; as text they fit every type.
  const written = (value: unknown): unknown => (Array.isArray(value) ? arrayText(value) : value)
  return async (text, values) => (await client.query(text, values.map(written), BOOLEAN_AS_TEXT)).rows
}

/** The type of a text that Postgres is to read as whatever the statement needs. */
const UNKNOWN = 705

function askPostgresJs(sql: PostgresJsLike): Ask {
  // Left to itself it writes a text by the type of the column: a moment through `Date`, which has no microseconds.
  const written = (value: unknown): unknown => {
    if (typeof value === 'string') return sql.typed(value, UNKNOWN)
    return Array.isArray(value) ? sql.typed(arrayText(value), UNKNOWN) : value
  }
  return (text, values, { name, onGiveUp }) => {
    // Without a name it is not prepared either: that is what works behind a pooler in transaction mode.
    const pending = sql.unsafe(text, values.map(written) as never[], { prepare: name !== undefined })
    onGiveUp?.(() => void cancelPending(pending))
    return pending
  }
}

/** Its own `cancel()` leaves a rejection unhandled when the server is away, which would end the process. */
async function cancelPending(pending: object & { canceller?: unknown }): Promise<void> {
  const { canceller } = pending
  try {
    if (typeof canceller === 'function') await (canceller as (query: object) => unknown)(pending)
  } catch {
    // The server is away, and the statement with it.
  }
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

/** How long a statement may take to end that was cancelled; then its connection is ended. */
const CANCEL_MS = 1_000

/** Borrows a connection per statement. */
function askLent(lend: () => Promise<Lent>): Ask {
  return async (text, values, options) => {
    let over = false
    let giveUp = (): void => void (over = true)
    options.onGiveUp?.(() => giveUp())
    const lease = await lend()
    let cancelled: Promise<void> | undefined
    let stopWaiting = (): void => undefined
    giveUp = () => {
      cancelled = cancelStatement(lease.client)
      stopWaiting = systemClock.whileAlive(CANCEL_MS, () => lease.release({ broken: true }))
    }
    let broken = false
    try {
      if (over) throw new StoreUnavailable('the connection came after its query was given up')
      return await askConnection(lease.client)(text, values, { name: options.name })
    } catch (error) {
      broken = isLost(error) && !over
      throw error
    } finally {
      // What comes now would meet the next borrower.
      giveUp = ignore
      // Not before the request to cancel is through: it would meet the next borrower's statement.
      await cancelled
      stopWaiting()
      lease.release({ broken })
    }
  }
}

function isLost(error: unknown): boolean {
  return (pgError(error) as { code?: unknown } | null | undefined)?.code === 'ERR_PERF_STORE_UNAVAILABLE'
}

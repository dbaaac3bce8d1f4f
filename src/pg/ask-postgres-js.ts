import { systemClock } from '../core/clock.ts'
import { StoreUnavailable } from '../core/errors.ts'
import { arrayText } from './array-text.ts'
import type { Ask } from './ask.ts'
import type { PostgresJsLike } from './drivers.ts'

/** The type of a text that Postgres is to read as whatever the statement needs. */
const UNKNOWN = 705

/** What a statement of postgres.js has besides its promise. */
interface Pending extends PromiseLike<readonly unknown[]> {
  readonly canceller?: unknown
  /** The same object for all statements of one connection; null while it has none. */
  readonly state?: object | null
}

export function askPostgresJs(sql: PostgresJsLike): Ask {
  // Left to itself it writes a text by the type of the column: a moment through `Date`, which has no microseconds.
  const written = (value: unknown): unknown => {
    if (typeof value === 'string') return sql.typed(value, UNKNOWN)
    return Array.isArray(value) ? sql.typed(arrayText(value), UNKNOWN) : value
  }
  const abandoned = new Abandoned(sql.options?.max ?? 1)
  return async (text, values, { name, onGiveUp }) => {
    let over = false
    let giveUp = (): void => void (over = true)
    onGiveUp?.(() => giveUp())
    const put = async (): Promise<readonly unknown[]> => {
      abandoned.refuse()
      if (over) throw new StoreUnavailable('the query was given up before it began')
      // Without a name it is not prepared either: that is what works behind a pooler in transaction mode.
      const pending = sql.unsafe(text, values.map(written) as never[], { prepare: name !== undefined }) as Pending
      giveUp = () => {
        over = true
        abandoned.add(pending)
      }
      return pending
    }
    const startedAt = systemClock.elapsed()
    try {
      return await put()
    } catch (error) {
      if (over || !abandoned.mayHaveCancelled(error, startedAt)) throw error
      // What is cancelled has done nothing. In a transaction of the caller's it ends that, and this is for the caller.
      return put().catch((again: unknown) => {
        throw codeOf(again) === IN_FAILED_TRANSACTION ? error : again
      })
    }
  }
}

const CANCELLED = '57014'
const IN_FAILED_TRANSACTION = '25P02'

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code
}

/** How long a request to cancel may be on its way. */
const ON_ITS_WAY_MS = 2_000
const CANCEL_EVERY_MS = 1_000
const LOOK_EVERY_MS = 100
/** A statement that has been asked to end so often is taken for one whose connection is dead. */
const CANCELS = 5

/**
 * The statements that were given up. Each is cancelled every second until it has settled: one request may be lost in a
 * pooler's queue. The driver has no way to close one connection, so a statement on a silent one stays; once every
 * connection is held by such statements, new ones would only wait behind them, and are refused.
 */
class Abandoned {
  readonly #connections: number
  /** By the connections that they hold. */
  readonly #stuck = new Map<Pending, object>()
  #cancelledAt = -Infinity

  constructor(connections: number) {
    this.#connections = connections
  }

  /** @throws StoreUnavailable when there is no connection that could answer */
  refuse(): void {
    if (this.#stuck.size === 0 || new Set(this.#stuck.values()).size < this.#connections) return
    throw new StoreUnavailable('all connections of postgres.js wait for answers that do not come')
  }

  /**
   * Whether a statement that nobody gave up may have been ended by a request for another: that had just ended, and its
   * connection was free for this one. The driver does not let a connection be kept until the request is through.
   */
  mayHaveCancelled(error: unknown, startedAt: number): boolean {
    return codeOf(error) === CANCELLED && this.#cancelledAt > startedAt - ON_ITS_WAY_MS
  }

  add(pending: Pending): void {
    let settled = false
    let stop = (): void => undefined
    let cancels = 0
    const cancel = (): void => {
      if (settled) return
      // Until it has a connection there is nothing to be cancelled; told before, the driver would lose the connection.
      const { state } = pending
      if (state === null || state === undefined) return again(LOOK_EVERY_MS)
      if (cancels >= CANCELS) this.#stuck.set(pending, state)
      cancels += 1
      this.#cancelledAt = systemClock.elapsed()
      void cancelPending(pending)
      again(CANCEL_EVERY_MS)
    }
    const again = (ms: number): void => void (stop = systemClock.whileAlive(ms, cancel))
    const end = (): void => {
      settled = true
      stop()
      this.#stuck.delete(pending)
    }
    pending.then(end, end)
    cancel()
  }
}

/** Its own `cancel()` leaves a rejection unhandled when the server is away, which would end the process. */
async function cancelPending(pending: Pending): Promise<void> {
  const { canceller } = pending
  try {
    if (typeof canceller === 'function') await (canceller as (query: object) => unknown)(pending)
  } catch {
    // The server is away, and the statement with it.
  }
}

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
  return (text, values, { name, onGiveUp }) => {
    abandoned.refuse()
    // Without a name it is not prepared either: that is what works behind a pooler in transaction mode.
    const pending = sql.unsafe(text, values.map(written) as never[], { prepare: name !== undefined }) as Pending
    onGiveUp?.(() => abandoned.add(pending))
    return pending
  }
}

const CANCEL_EVERY_MS = 1_000
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

  constructor(connections: number) {
    this.#connections = connections
  }

  /** @throws StoreUnavailable when there is no connection that could answer */
  refuse(): void {
    if (this.#stuck.size === 0 || new Set(this.#stuck.values()).size < this.#connections) return
    throw new StoreUnavailable('all connections of postgres.js wait for answers that do not come')
  }

  add(pending: Pending): void {
    let settled = false
    let stop = (): void => undefined
    const cancel = (times: number): void => {
      if (settled) return
      if (times === CANCELS) this.#stuck.set(pending, pending.state ?? pending)
      void cancelPending(pending)
      stop = systemClock.whileAlive(CANCEL_EVERY_MS, () => cancel(times + 1))
    }
    const end = (): void => {
      settled = true
      stop()
      this.#stuck.delete(pending)
    }
    pending.then(end, end)
    cancel(0)
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

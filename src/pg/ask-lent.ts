import { systemClock } from '../core/clock.ts'
import { hasCode, StoreUnavailable } from '../core/errors.ts'
import { askConnection, type Ask } from './ask.ts'
import { cancelStatement } from './cancel.ts'
import type { PgClientLike, PgliteLike, PgPoolLike } from './drivers.ts'
import { isReadTimeout, pgError } from './errors.ts'

/** A connection for one statement. */
export interface Lent {
  readonly client: PgClientLike | PgliteLike
  release(options?: { readonly broken?: boolean }): void
}

/** Makes a lease of a client that a `pg.Pool` lent. */
export function pgLease(client: Awaited<ReturnType<PgPoolLike['connect']>>): Lent {
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

/** A statement is cancelled so often, and so long after each other; then its connection is ended. */
const CANCELS = 5
const CANCEL_EVERY_MS = 250

/** Borrows a connection per statement. */
export function askLent(lend: () => Promise<Lent>): Ask {
  return async (text, values, { name, onGiveUp }) => {
    let over = false
    let giveUp = (): void => void (over = true)
    onGiveUp?.(() => giveUp())
    const lease = await lend()
    let ending: Ending | undefined
    giveUp = () => void (ending = endStatement(lease))
    let broken = false
    try {
      if (over) throw new StoreUnavailable('the connection came after its query was given up')
      return await askConnection(lease.client)(text, values, { name })
    } catch (error) {
      broken = !over && hasCode(pgError(error), 'ERR_PERF_STORE_UNAVAILABLE')
      // The driver has stopped waiting, the server may be at work on it, and its answer would be the next borrower's.
      if (isReadTimeout(error)) await cancelStatement(lease.client)
      throw error
    } finally {
      // What comes now would meet the next borrower.
      giveUp = ignore
      // Not before the last request to cancel is through, for the same reason.
      await ending?.stop()
      lease.release({ broken })
    }
  }
}

interface Ending {
  /** No further request; resolves when the last one is through. */
  stop(): Promise<void>
}

/**
 * Has a statement cancelled by the server, and then ends its connection if nothing has come back. Asked several times,
 * because a request may come before the statement does, or while that stands in a pooler's queue; and before the
 * connection is ended, because the server goes on with a statement of whose client it no longer hears.
 */
function endStatement(lease: Lent): Ending {
  let cancelled: Promise<void> = Promise.resolve()
  let cancel = (): void => undefined
  const request = async (asked: number): Promise<void> => {
    cancelled = cancelStatement(lease.client)
    if (asked < CANCELS) cancel = systemClock.whileAlive(CANCEL_EVERY_MS, () => void request(asked + 1))
    else await cancelled.then(() => lease.release({ broken: true }))
  }
  void request(1)
  return {
    stop() {
      cancel()
      return cancelled
    },
  }
}

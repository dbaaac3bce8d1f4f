import { systemClock } from '../core/clock.ts'

/** What a `pg.Client` has besides its methods. */
interface Cancelling {
  readonly processID?: number | null
  readonly secretKey?: unknown
  readonly host?: string
  readonly port?: number
  readonly ssl?: unknown
  readonly constructor: new (config: object) => {
    cancel?(client: object, query: object): void
    readonly connection?: {
      readonly stream?: { destroy(): void }
      on(event: 'error' | 'end', listener: () => void): void
    }
  }
}

/** How long the request may take; a server that has stopped answers nothing. */
const REQUEST_MS = 1_000

/**
 * Asks the server, by a connection of its own, to end what a `pg.Client` is running; resolves when the request is through,
 * or cannot be made. See https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS.
 */
export async function cancelStatement(client: object): Promise<void> {
  const { processID, secretKey, host, port, ssl, constructor: Client } = client as Cancelling
  if (typeof processID !== 'number' || typeof Client !== 'function') return
  const canceller = new Client({ host, port, ssl })
  const { connection } = canceller
  if (connection === undefined || canceller.cancel === undefined) return
  const running = {}
  await new Promise<void>((resolve) => {
    const stop = systemClock.whileAlive(REQUEST_MS, resolve)
    const end = (): void => {
      stop()
      resolve()
    }
    connection.on('error', end)
    connection.on('end', end)
    canceller.cancel?.({ activeQuery: running, processID, secretKey }, running)
  })
  connection.stream?.destroy()
}

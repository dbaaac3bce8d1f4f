import { isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'

/** What `pgClients` needs of a connection: a connected `pg.Client`. */
export interface PgConnection {
  /** Called with `rollback`, when a borrower left a transaction open, and with `select 1`, to see whether the server answers. */
  query(text: string): Promise<unknown>
  /** Says goodbye to the server and closes the socket. */
  end(): Promise<void>
  /** Both events mean that the connection is lost; without a listener an `error` would end a Node process. */
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown
}

/** How {@link pgClients} gets at a connection; address and password stay with the caller's driver. */
export interface PgClientsOptions<Client> {
  /** Opens one connection; resolves when it is connected. */
  readonly connect: (call: Call) => PromiseLike<Client>
}

/** The part of `createPool`'s options that knows Postgres. */
export interface PgClients<Client> {
  /** Connects a client, and watches from then on for its loss. */
  create(call: Call): Promise<Client>
  /** Ends a client; cuts its socket when `call` gives up before the server has answered. */
  destroy(client: Client, call: Call): Promise<void>
  /** True once the connection is lost; does not ask the server. */
  isLost(client: Client): boolean
  /** Asks the server for an answer, for what a lost connection does not tell: a frozen server, a network that swallows. */
  validate(client: Client): Promise<boolean>
  /** How long that need not be asked again, in milliseconds: 30 000. Name another one after these to change it. */
  readonly healthCheckIntervalMs: number
  /** Rolls back what the borrower left open; false when the connection is lost. */
  reset(client: Client): boolean | Promise<boolean>
}

/** What pg's clients have besides, not all of it in every version. */
interface Internals {
  readonly readyForQuery?: boolean
  readonly connection?: { readonly stream?: { destroy(): void } }
  getTransactionStatus?(): string | null
}

/**
 * Makes `pg.Client`s for `createPool`: `createPool({ ...pgClients({ connect }) })`.
 *
 * Each client has an error listener from its first moment, so that the death of a connection ends no process; a dead one
 * is never lent. A transaction that its borrower left open is rolled back before the client is lent again. Neither check
 * asks the server when nothing is wrong; twice a minute a client that is about to be lent is asked for a `select 1`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function pgClients<Client extends PgConnection>(options: PgClientsOptions<Client>): PgClients<Client> {
  knownOptions(options, 'connect')
  const { connect } = options
  isFunction('connect', connect)
  const lost = new WeakSet<Client>()

  return {
    async create(call) {
      const client = await connect(call)
      const onLost = (): void => void lost.add(client)
      client.on('error', onLost)
      client.on('end', onLost)
      return client
    },
    async destroy(client, call) {
      // A server that has stopped never says goodbye, and its open socket would keep the process alive.
      call.signal.addEventListener('abort', () => (client as Internals).connection?.stream?.destroy())
      await client.end()
    },
    isLost: (client) => lost.has(client),
    validate: (client) => client.query('select 1').then(() => !lost.has(client)),
    healthCheckIntervalMs: 30_000,
    reset(client) {
      if (lost.has(client)) return false
      const { readyForQuery } = client as Internals
      const status = (client as Internals).getTransactionStatus?.()
      // Without pending statements the status is the truth; else the rollback queues behind them.
      if (readyForQuery === true && status === 'I') return true
      return client.query('rollback').then(() => !lost.has(client))
    },
  }
}

import { isFunction, knownOptions, oneOf } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'

/** What `pgClients` needs of a connection: a connected `pg.Client`. */
export interface PgConnection {
  /** Called with `rollback` and `discard all` when a borrower is done, and with `select 1`, to see whether the server answers. */
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
  /**
   * What is undone before a client is lent again. `rollback`: a transaction that was left open, and nothing else; what was
   * set by `set` or `set_config`, temporary tables, `listen`, advisory locks of the session and prepared statements go to the
   * next borrower. `discard all` undoes these too, by a statement at every return (0.1 ms and the way to the server).
   * See https://www.postgresql.org/docs/current/sql-discard.html.
   *
   * @defaultValue 'rollback'
   */
  readonly reset?: 'rollback' | 'discard all'
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
  /** Undoes what the borrower left, as the option `reset` says; false when the connection is lost. */
  reset(client: Client): boolean | Promise<boolean>
}

/** What pg's clients have besides, not all of it in every version. */
interface Internals {
  readonly readyForQuery?: boolean
  readonly connection?: { readonly stream?: { destroy(): void }; parsedStatements?: object }
  getTransactionStatus?(): string | null
}

/**
 * Makes `pg.Client`s for `createPool`: `createPool({ ...pgClients({ connect }) })`.
 *
 * Each client has an error listener from its first moment, so that the death of a connection ends no process; a dead one
 * is never lent. A transaction that its borrower left open is rolled back before the client is lent again; what else a
 * session holds (settings, temporary tables, `listen`, advisory locks) is undone with `reset: 'discard all'` alone. By
 * default neither check asks the server when nothing is wrong; a client that is about to be lent is asked for a `select 1`
 * twice a minute, and when nobody has asked the pool for half a second.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function pgClients<Client extends PgConnection>(options: PgClientsOptions<Client>): PgClients<Client> {
  knownOptions(options, 'connect', 'reset')
  const { connect, reset = 'rollback' } = options
  isFunction('connect', connect)
  oneOf(['rollback', 'discard all'], 'reset', reset)
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
      const open = mayBeInTransaction(client as Internals) ? client.query('rollback') : undefined
      if (reset === 'discard all') return discardAll(client, open).then(() => !lost.has(client))
      return open === undefined ? true : open.then(() => !lost.has(client))
    },
  }
}

/** Without pending statements the status is the truth; else a rollback queues behind them. */
function mayBeInTransaction(client: Internals): boolean {
  return client.readyForQuery !== true || client.getTransactionStatus?.() !== 'I'
}

async function discardAll(client: PgConnection, open: Promise<unknown> | undefined): Promise<void> {
  await open
  await client.query('discard all')
  // The server has forgotten them, and the client would name them.
  const { connection } = client as Internals
  if (connection?.parsedStatements !== undefined) connection.parsedStatements = {}
}

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from '../command.ts'

/** What the commands need of a client of `pg`. */
export interface SqlClient {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>
  /** Calls `listener` with what the server says besides its answers. */
  onNotice(listener: (text: string) => void): void
}

export type Row = Readonly<Record<string, unknown>>

const CONNECT_TIMEOUT_MS = 10_000

/**
 * Connects to a Postgres for as long as `work` takes.
 *
 * @param url - `postgres://...`, or the word `env` for `DATABASE_URL`, which keeps the password out of the process list
 * @throws UsageError when it is no such address
 */
export async function connected<T>(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  work: (client: SqlClient) => Promise<T>,
): Promise<T> {
  const address = addressOf(url, env)
  const Client = await driver()
  const client = clientOf(() => new Client({ connectionString: address, connectionTimeoutMillis: CONNECT_TIMEOUT_MS }))
  // Without a listener the end of an idle connection would end the process.
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    throw new Error(`the database cannot be reached: ${reasonOf(error)}`)
  })
  try {
    return await work({
      query: (text, values = []) => client.query(text, [...values]),
      onNotice: (listener) => void client.on('notice', ({ message }) => listener(message ?? '')),
    })
  } finally {
    await client.end()
  }
}

function addressOf(url: string, env: Readonly<Record<string, string | undefined>>): string {
  const address = url === 'env' ? env['DATABASE_URL'] : url
  if (address === undefined || address === '') throw new UsageError('DATABASE_URL is not set')
  // Not repeated: it holds the password.
  if (!/^postgres(?:ql)?:\/\/./.test(address))
    throw new UsageError('URL must begin with postgres://, or be the word env')
  return address
}

/** The driver reads the address when the client is made. */
function clientOf<Client>(make: () => Client): Client {
  try {
    return make()
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_INVALID_URL') throw error
    throw new UsageError('URL cannot be read: in a password, / ? # and % must be written as %2F %3F %23 and %25')
  }
}

/** The class `Client` of `pg`, as far as it is used here. Written here so that this package never imports a driver. */
type PgClient = new (options: { readonly connectionString: string; readonly connectionTimeoutMillis: number }) => {
  on(event: 'error', listener: () => void): unknown
  on(event: 'notice', listener: (notice: { readonly message?: string | undefined }) => void): unknown
  connect(): Promise<unknown>
  query(text: string, values: unknown[]): Promise<{ readonly rows: Row[] }>
  end(): Promise<void>
}

/** The driver of the project in which the command runs, else one that stands beside this package. */
async function driver(): Promise<PgClient> {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url])
    try {
      const file = createRequire(from).resolve('pg')
      const { default: pg } = (await import(pathToFileURL(file).href)) as { default: { Client: PgClient } }
      return pg.Client
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error
    }
  throw new Error('this command needs the driver: npm install pg')
}

/** The driver's words and code; they name hosts and roles, and never a password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const said = typeof message === 'string' && message !== '' ? message : 'no answer'
  return typeof code === 'string' && !said.includes(code) ? `${said} (${code})` : said
}

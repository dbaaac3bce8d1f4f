import type pg from 'pg'
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
  const { Client } = await driver()
  const client = new Client({ connectionString: address, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  // Without a listener the end of an idle connection would end the process.
  client.on('error', () => undefined)
  await client.connect().catch((error: unknown) => {
    throw new Error(`the database cannot be reached: ${reasonOf(error)}`)
  })
  try {
    return await work({
      query: (text, values = []) => client.query<Row>(text, [...values]),
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

/** Loaded when a command needs it: the package itself depends on no driver. */
async function driver(): Promise<Pick<typeof pg, 'Client'>> {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw new Error('this command needs the driver: npm install pg', { cause: error })
  }
}

/** The driver's words and code; they name hosts and roles, and never a password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const said = typeof message === 'string' && message !== '' ? message : 'no answer'
  return typeof code === 'string' && !said.includes(code) ? `${said} (${code})` : said
}

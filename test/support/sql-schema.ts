import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { ownSchema } from '../servers/index.ts'

/** The SQL of a file in `migrations/`. */
export const migration = (name: string): Promise<string> =>
  readFile(new URL(`../../migrations/${name}.sql`, import.meta.url), 'utf8')

export interface SqlSchema {
  readonly schema: string
  /** The server's URL, with this schema as the search path. */
  readonly url: string
  /** The server's URL, without it. */
  readonly postgresUrl: string
  /** A connection of its owner. */
  readonly admin: pg.Client
  connect(settings?: string): Promise<pg.Client>
  end(): Promise<void>
}

/** A schema of one's own in which a migration has run. */
export async function sqlSchema(postgresUrl: string, sql: string): Promise<SqlSchema> {
  const { schema, url, drop } = await ownSchema(postgresUrl)
  const clients: pg.Client[] = []
  const connect = async (settings = ''): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    clients.push(client)
    await client.query(settings)
    return client
  }
  const admin = await connect()
  await admin.query(sql)
  const end = async (): Promise<void> => {
    for (const client of clients) await client.end()
    await drop()
  }
  return { schema, url, postgresUrl, admin, connect, end }
}

/** Resolves when the connection waits for a lock. */
export async function waitsForLock(admin: pg.Client, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { processID: number }
  const waits = "select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'"
  while ((await admin.query(waits, [processID])).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

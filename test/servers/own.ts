import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

/** A name that no other test file and no earlier run uses: a key prefix, a schema. */
export function ownName(): string {
  return `t${randomBytes(6).toString('hex')}`
}

export interface OwnSchema {
  readonly schema: string
  /** The server's URL, with this schema as the search path of every connection. */
  readonly url: string
  drop(): Promise<void>
}

/** An empty schema for one test file. */
export async function ownSchema(postgresUrl: string): Promise<OwnSchema> {
  const schema = ownName()
  await execute(postgresUrl, `create schema ${schema}`)
  const url = new URL(postgresUrl)
  url.searchParams.set('options', `-csearch_path=${schema}`)
  return { schema, url: url.href, drop: () => execute(postgresUrl, `drop schema ${schema} cascade`) }
}

async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { inject } from 'vitest'
import { ownSchema } from '../servers/index.ts'

/** A pool over a schema of its own with the EasyMO tables, that remembers what it was asked. */
export interface EasymoDatabase {
  readonly pool: pg.Pool
  /** How often a table was read since `forget`. */
  reads(table: string): number
  /** The last statement that read a table. */
  asked(table: string): string
  forget(): void
  /** Gives every table back to how it was made. */
  empty(): Promise<unknown>
  drop(): Promise<void>
}

const TABLES =
  'profiles, user_state, app_config, trips, insurance_leads, insurance_claims, wallets, wallet_transactions'

export async function easymoDatabase(): Promise<EasymoDatabase> {
  const schema = await ownSchema(inject('postgresUrl'))
  const pool = new pg.Pool({ connectionString: schema.url, max: 4 })
  const asked: string[] = []
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    Object.assign(client, {
      query(...args: unknown[]) {
        asked.push(String((args[0] as { text?: string }).text ?? args[0]))
        return query(...args)
      },
    })
  })
  await pool.query(await readFile('examples/node/schema.sql', 'utf8'))
  const ofTable = (table: string): string[] => asked.filter((text) => text.includes(`from "${table}"`))
  return {
    pool,
    reads: (table) => ofTable(table).length,
    asked: (table) => ofTable(table).at(-1) ?? '',
    forget: () => void (asked.length = 0),
    empty: () => pool.query(`truncate ${TABLES}`),
    async drop() {
      await pool.end()
      await schema.drop()
    },
  }
}

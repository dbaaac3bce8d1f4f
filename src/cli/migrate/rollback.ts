import type { Output } from '../command.ts'
import { sqlOf, type Component } from './components.ts'
import type { SqlClient } from './connect.ts'
import { indexedTables, performanceIndexes } from './indexes.ts'
import { inTransaction } from './one-at-a-time.ts'
import { partsOf, partsThere } from './parts.ts'
import { hiddenIn } from './tables.ts'

/**
 * Takes a component back, and looks whether it is gone.
 *
 * @returns false when any of it is left, also where this connection cannot reach it
 */
export async function takeBack(client: SqlClient, component: Component, out: Output): Promise<boolean> {
  const before = await thereOf(client, component)
  if (before.length === 0) return nothingToTakeBack(client, component, out)
  const sql = await sqlOf(component, 'rollback')
  await inTransaction(client, out, () => client.query(sql))
  const left = await thereOf(client, component)
  for (const name of left) out.error(`left      ${name}`)
  out.line(`took back ${component}: ${before.length - left.length} of ${before.length}`)
  return left.length === 0
}

async function nothingToTakeBack(client: SqlClient, component: Component, out: Output): Promise<boolean> {
  const tables = component === 'indexes' ? indexedTables : partsOf(await sqlOf(component, 'plain')).tables
  const hidden = await hiddenIn(client, tables)
  for (const place of hidden) out.error(`left      ${component}: what there may be is ${place}`)
  if (hidden.length === 0) out.line(`nothing   ${component}: there was nothing to take back`)
  return hidden.length === 0
}

/** What of a component this connection finds: the indexes on their tables; tables and functions. */
async function thereOf(client: SqlClient, component: Component): Promise<string[]> {
  if (component !== 'indexes') return partsThere(client, partsOf(await sqlOf(component, 'plain')))
  const { rows } = await client.query(
    `select wanted.name from unnest($1::text[], $2::text[]) as wanted (name, home)
     join pg_class on relname = wanted.name
     join pg_index on indexrelid = pg_class.oid and indrelid = to_regclass(wanted.home)`,
    [performanceIndexes.map(({ name }) => name), performanceIndexes.map(({ table }) => table)],
  )
  return rows.map(({ name }) => String(name))
}

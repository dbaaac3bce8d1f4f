import type { Output } from '../command.ts'
import type { SqlClient } from './connect.ts'
import { definitionOf, indexedTables, performanceIndexes, type PerformanceIndex } from './indexes.ts'
import { absenceOf } from './tables.ts'

const LOCK_NOT_AVAILABLE = '55P03'
const ATTEMPTS = 3

/**
 * Builds the indexes while the tables are written to, one statement each. One that cannot be built does not keep the
 * others from being built.
 *
 * @returns whether all are there whose table is
 */
export async function applyConcurrently(
  client: SqlClient,
  { lockTimeoutMs, out }: { readonly lockTimeoutMs: number; readonly out: Output },
): Promise<boolean> {
  await client.query(`set lock_timeout = ${lockTimeoutMs}`)
  await client.query('set statement_timeout = 0')
  let complete = true
  for (const index of performanceIndexes) {
    const absence = await absenceOf(client, index)
    if (absence !== undefined) {
      out.line(`skipped   ${index.name}: ${absence}`)
      continue
    }
    complete = (await build(client, index, out)) && complete
  }
  for (const table of indexedTables)
    await analyze(client, table).catch((error: unknown) => {
      complete = false
      out.error(`not analysed ${table}: ${(error as Error).message}`)
    })
  return complete
}

async function build(client: SqlClient, index: PerformanceIndex, out: Output): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1)
    try {
      await dropLeftover(client, index)
      if (await isThere(client, index)) return true
      await client.query(`create index concurrently ${index.name} on ${definitionOf(index)}`)
      out.line(`built     ${index.name}`)
      return true
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message: string }
      if (code === LOCK_NOT_AVAILABLE && attempt < ATTEMPTS) continue
      await dropLeftover(client, index).catch(() => undefined)
      out.error(`failed    ${index.name}: ${message}`)
      return false
    }
}

async function isThere(client: SqlClient, { name }: PerformanceIndex): Promise<boolean> {
  const { rows } = await client.query('select to_regclass($1) is not null as there', [name])
  return rows[0]?.['there'] === true
}

/** A build that was interrupted leaves an invalid index, which `if not exists` would take for the index. */
async function dropLeftover(client: SqlClient, { name }: PerformanceIndex): Promise<void> {
  const { rows } = await client.query(
    'select indexrelid::regclass::text as index from pg_index where not indisvalid and indexrelid = to_regclass($1)',
    [name],
  )
  for (const { index } of rows) await client.query(`drop index concurrently if exists ${String(index)}`)
}

async function analyze(client: SqlClient, table: string): Promise<void> {
  const { rows } = await client.query('select from pg_class where oid = to_regclass($1)', [table])
  if (rows.length > 0) await client.query(`analyze ${table}`)
}

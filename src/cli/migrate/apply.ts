import type { Output } from '../command.ts'
import type { SqlClient } from './connect.ts'
import { definitionOf, indexedTables, performanceIndexes, type PerformanceIndex } from './indexes.ts'
import { holdMigrations } from './one-at-a-time.ts'
import { absenceOf } from './tables.ts'

/** Somebody holds the table, or waits for what this waits for. */
const BUSY: ReadonlySet<unknown> = new Set(['55P03', '40P01'])
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
  await holdMigrations(client, 'end', out)
  await client.query(`set lock_timeout = ${lockTimeoutMs}`)
  await client.query('set statement_timeout = 0')
  let complete = true
  for (const index of performanceIndexes) {
    const absence = await absenceOf(client, index)
    if (absence !== undefined) {
      out.line(`skipped   ${index.name}: ${absence.why}`)
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
      if (await isThere(client, index)) return true
      await client.query(`create index concurrently ${index.name} on ${definitionOf(index)}`)
      out.line(`built     ${index.name}`)
      return true
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message: string }
      if (BUSY.has(code) && attempt < ATTEMPTS) continue
      await isThere(client, index).catch(() => undefined)
      out.error(`failed    ${index.name}: ${message}`)
      return false
    }
}

/**
 * Whether the index is there, and on this table: other tables and schemas may have one of the same name. A build that was
 * interrupted leaves an invalid one, which `if not exists` would take for the index; it is dropped.
 */
async function isThere(client: SqlClient, { name, table }: PerformanceIndex): Promise<boolean> {
  const { rows } = await client.query(
    `select indexrelid::regclass::text as index, indisvalid as valid from pg_index join pg_class on oid = indexrelid
     where relname = $1 and indrelid = to_regclass($2)`,
    [name, table],
  )
  const [found] = rows
  if (found === undefined || found['valid'] === true) return found !== undefined
  await client.query(`drop index concurrently if exists ${String(found['index'])}`)
  return false
}

async function analyze(client: SqlClient, table: string): Promise<void> {
  const { rows } = await client.query('select from pg_class where oid = to_regclass($1)', [table])
  if (rows.length > 0) await client.query(`analyze ${table}`)
}

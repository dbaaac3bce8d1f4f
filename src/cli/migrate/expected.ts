import type { SqlClient } from './connect.ts'
import { definitionOf, type PerformanceIndex } from './indexes.ts'

/**
 * How this server writes down the definition that an index should have. Asked of an empty copy of the table, because
 * only the server knows: `status = 'open'` becomes `(status = 'open'::text)`, or `::trip_status`, or whatever the column is.
 */
export async function expectedDefinition(client: SqlClient, index: PerformanceIndex): Promise<string> {
  await client.query('begin')
  try {
    await client.query(`create temporary table easymo_expected (like ${index.table}) on commit drop`)
    const definition = definitionOf({ ...index, table: 'pg_temp.easymo_expected' })
    await client.query(`create index easymo_expected_index on ${definition}`)
    const { rows } = await client.query(
      "select pg_get_indexdef('pg_temp.easymo_expected_index'::regclass) as definition",
    )
    return bare(String(rows[0]?.['definition']))
  } finally {
    await client.query('rollback')
  }
}

/** What the index is, without its name and its table's: `btree (role, status) WHERE (...)`. */
export function bare(definition: string): string {
  return definition.replace(/^.*? USING /, '')
}

import type { SqlClient } from './connect.ts'
import { columnNames, type PerformanceIndex } from './indexes.ts'

/** What stands in the way of an index: a table or columns that are not there. */
export async function absenceOf(client: SqlClient, index: PerformanceIndex): Promise<string | undefined> {
  const { rows } = await client.query(
    `select relkind in ('r', 'p') as is_table, array(
       select attname::text from pg_attribute where attrelid = pg_class.oid and attnum > 0 and not attisdropped
     ) as columns
     from pg_class where oid = to_regclass($1)`,
    [index.table],
  )
  const [table] = rows
  if (table === undefined) return `there is no table ${index.table}`
  if (table['is_table'] !== true) return `${index.table} is no table`
  const there = table['columns'] as readonly string[]
  const missing = columnNames(index).filter((column) => !there.includes(column))
  return missing.length === 0 ? undefined : `${index.table} has no column ${missing.join(', ')}`
}

import type { SqlClient } from './connect.ts'
import { columnNames, type PerformanceIndex } from './indexes.ts'

/** What stands in the way of an index. */
export interface Absence {
  /** `hidden`: the table is there, but this connection does not find it. */
  readonly kind: 'missing' | 'hidden'
  readonly why: string
}

export async function absenceOf(client: SqlClient, index: PerformanceIndex): Promise<Absence | undefined> {
  const { table: name } = index
  const { rows } = await client.query(
    `select relkind in ('r', 'p') as is_table, array(
       select attname::text from pg_attribute where attrelid = pg_class.oid and attnum > 0 and not attisdropped
     ) as columns
     from pg_class where oid = to_regclass($1)`,
    [name],
  )
  const [table] = rows
  if (table === undefined) {
    const [elsewhere] = await hiddenIn(client, [name])
    if (elsewhere !== undefined) return { kind: 'hidden', why: `${name} is ${elsewhere}` }
    return { kind: 'missing', why: `there is no table ${name}` }
  }
  if (table['is_table'] !== true) return { kind: 'missing', why: `${name} is no table` }
  const there = table['columns'] as readonly string[]
  const missing = columnNames(index).filter((column) => !there.includes(column))
  return missing.length === 0 ? undefined : { kind: 'missing', why: `${name} has no column ${missing.join(', ')}` }
}

/** Where tables of these names are that this connection does not find: `in schema app, which is not on the search path`. */
export async function hiddenIn(client: SqlClient, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query(
    `select distinct nspname as schema, has_schema_privilege(pg_namespace.oid, 'usage') as usable
     from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname = any ($1) and relkind in ('r', 'p') and to_regclass(relname::text) is null
       and nspname <> 'information_schema' and nspname not like 'pg\\_%'
     order by schema limit 3`,
    [tables],
  )
  return rows.map(({ schema, usable }) => `in schema ${String(schema)}, ${usable === true ? OFF_THE_PATH : NO_USAGE}`)
}

const OFF_THE_PATH = 'which is not on the search path'
const NO_USAGE = 'which this role may not use'

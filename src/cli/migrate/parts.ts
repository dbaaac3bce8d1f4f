import type { Output } from '../command.ts'
import { sqlOf, type Component } from './components.ts'
import type { SqlClient } from './connect.ts'
import { hiddenIn } from './tables.ts'

/** What a migration makes, read out of its own file. */
export interface Parts {
  readonly tables: readonly string[]
  readonly functions: readonly string[]
  readonly version: number
}

/**
 * Says whether the tables and functions of a store are there, where this connection finds them, and in which version.
 *
 * @param shown - only what is wrong, or all
 */
export async function verifyParts(
  client: SqlClient,
  component: Component,
  { out, shown = 'all' }: { readonly out: Output; readonly shown?: 'all' | 'wrong' },
): Promise<boolean> {
  const parts = partsOf(await sqlOf(component, 'plain'))
  const { version } = parts
  const there = new Set(await partsThere(client, parts))
  const missing = [...parts.tables, ...parts.functions].filter((name) => !there.has(name))
  for (const name of missing) out.line(`missing   ${name}`)
  if (missing.length > 0)
    for (const place of await hiddenIn(client, parts.tables)) out.line(`hidden    ${component}: there is one ${place}`)
  const found = await versionOf(client, component)
  const right = missing.length === 0 && found === version
  if (!right || shown === 'all')
    out.line(
      `${right ? 'ok' : 'differing'}`.padEnd(10) + `${component}: version ${found ?? 'none'}, expected ${version}`,
    )
  return right
}

export function partsOf(sql: string): Parts {
  const all = (pattern: RegExp): string[] => [...new Set(Array.from(sql.matchAll(pattern), ([, name = '']) => name))]
  return {
    // The table of versions is everybody's.
    tables: all(/^create (?:unlogged )?table if not exists (\w+)/gm).filter((name) => name !== VERSIONS),
    functions: all(/^create or replace function (\w+)/gm),
    version: Number(/values \('\w+', (\d+)\)/.exec(sql)?.[1]),
  }
}

const VERSIONS = 'easymo_schema_versions'

/** The tables and functions that are there, on the search path. */
export async function partsThere(client: SqlClient, { tables, functions }: Parts): Promise<string[]> {
  const { rows } = await client.query(
    `select name from unnest($1::text[]) as name where to_regclass(name) is not null
     union all select name from unnest($2::text[]) as name
       where exists (select from pg_proc where proname = name and pg_function_is_visible(oid))`,
    [tables, functions],
  )
  return rows.map(({ name }) => String(name))
}

/** `undefined` when there is none. */
async function versionOf(client: SqlClient, component: Component): Promise<number | undefined> {
  const versions = await schemaVersions(client)
  return versions.get(component)
}

/** The versions that are set up here, by component. */
export async function schemaVersions(client: SqlClient): Promise<ReadonlyMap<string, number>> {
  const there = await client.query("select from pg_class where oid = to_regclass('easymo_schema_versions')")
  if (there.rows.length === 0) return new Map()
  const { rows } = await client.query('select component, version from easymo_schema_versions order by component')
  return new Map(rows.map(({ component, version }) => [String(component), Number(version)]))
}

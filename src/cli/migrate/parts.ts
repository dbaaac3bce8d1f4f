import type { Output } from '../command.ts'
import { sqlOf, type Component } from './components.ts'
import type { SqlClient } from './connect.ts'

/** What a migration makes, read out of its own file. */
interface Parts {
  readonly tables: readonly string[]
  readonly functions: readonly string[]
  readonly version: number
}

/** Says whether the tables and functions of a store are there, and in which version. */
export async function verifyParts(client: SqlClient, component: Component, out: Output): Promise<boolean> {
  const { tables, functions, version } = partsOf(await sqlOf(component, 'plain'))
  const missing = [
    ...(await absent(client, 'to_regclass(name) is null', tables)),
    ...(await absent(client, 'not exists (select from pg_proc where proname = name)', functions)),
  ]
  for (const name of missing) out.line(`missing   ${name}`)
  const found = await versionOf(client, component)
  const right = missing.length === 0 && found === version
  out.line(`${right ? 'ok' : 'differing'}`.padEnd(10) + `${component}: version ${found ?? 'none'}, expected ${version}`)
  return right
}

function partsOf(sql: string): Parts {
  const all = (pattern: RegExp): string[] => [...new Set(Array.from(sql.matchAll(pattern), ([, name = '']) => name))]
  return {
    tables: all(/^create (?:unlogged )?table if not exists (\w+)/gm),
    functions: all(/^create or replace function (\w+)/gm),
    version: Number(/values \('\w+', (\d+)\)/.exec(sql)?.[1]),
  }
}

async function absent(client: SqlClient, condition: string, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query(`select name from unnest($1::text[]) as name where ${condition}`, [names])
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

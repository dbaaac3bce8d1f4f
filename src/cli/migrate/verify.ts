import type { Output } from '../command.ts'
import type { SqlClient } from './connect.ts'
import { bare, expectedDefinition, isSame } from './expected.ts'
import { performanceIndexes, type PerformanceIndex } from './indexes.ts'
import { absenceOf } from './tables.ts'

/** What was found of an index. The first four are wrong; the others are worth knowing. */
export type Finding =
  | { readonly state: 'missing' }
  | { readonly state: 'invalid' }
  | { readonly state: 'differing'; readonly expected: string; readonly found: string }
  | { readonly state: 'hidden'; readonly why: string }
  | { readonly state: 'skipped'; readonly why: string }
  | { readonly state: 'redundant'; readonly because: string }
  | { readonly state: 'unused' }
  | { readonly state: 'ok' }

/** An index as the catalogue has it. */
interface Found {
  readonly valid: boolean
  /** False for one of the same name on another table, such as the one that was renamed away. */
  readonly isOnTable: boolean
  readonly definition: string
  readonly scans: number
  /** Another index that begins with the same columns and holds the same rows. */
  readonly coveredBy: string | null
}

const FIND = `
  select own.indisvalid as valid, own.indrelid = wanted.oid as "isOnTable", pg_get_indexdef(own.indexrelid) as definition,
    coalesce(pg_stat_get_numscans(own.indexrelid), 0)::float8 as scans,
    (
      select min(other.indexrelid::regclass::text) from pg_index other
      where other.indrelid = own.indrelid and other.indexrelid <> own.indexrelid
        and other.indisvalid and own.indexprs is null and other.indexprs is null
        and pg_get_expr(other.indpred, other.indrelid) is not distinct from pg_get_expr(own.indpred, own.indrelid)
        and (other.indkey::int2[])[0:own.indnkeyatts - 1] = (own.indkey::int2[])[0:own.indnkeyatts - 1]
        and (other.indoption::int2[])[0:own.indnkeyatts - 1] = (own.indoption::int2[])[0:own.indnkeyatts - 1]
        and (other.indclass::oid[])[0:own.indnkeyatts - 1] = (own.indclass::oid[])[0:own.indnkeyatts - 1]
        and (other.indcollation::oid[])[0:own.indnkeyatts - 1] = (own.indcollation::oid[])[0:own.indnkeyatts - 1]
        -- Of two that are the same, the one that was there first is the one to keep.
        and (other.indnkeyatts > own.indnkeyatts or other.indisunique or other.indexrelid < own.indexrelid)
    ) as "coveredBy"
  from pg_index own
  join pg_class index on index.oid = own.indexrelid
  join pg_class wanted on wanted.oid = to_regclass($2) and wanted.relnamespace = index.relnamespace
  where index.relname = $1`

/** Compares every index with what it should be. */
export async function findings(client: SqlClient): Promise<ReadonlyMap<PerformanceIndex, Finding>> {
  const all = new Map<PerformanceIndex, Finding>()
  for (const index of performanceIndexes) all.set(index, await findingOf(client, index))
  return all
}

async function findingOf(client: SqlClient, index: PerformanceIndex): Promise<Finding> {
  const absence = await absenceOf(client, index)
  if (absence !== undefined) return { state: absence.kind === 'hidden' ? 'hidden' : 'skipped', why: absence.why }
  const found = (await client.query(FIND, [index.name, index.table])).rows[0] as unknown as Found | undefined
  if (found === undefined) return { state: 'missing' }
  const expected = expectedDefinition(index)
  const definition = bare(found.definition)
  if (!found.isOnTable) return { state: 'differing', expected, found: found.definition }
  if (!found.valid) return { state: 'invalid' }
  if (!isSame(definition, expected)) return { state: 'differing', expected, found: definition }
  if (found.coveredBy !== null) return { state: 'redundant', because: found.coveredBy }
  return found.scans === 0 ? { state: 'unused' } : { state: 'ok' }
}

/**
 * Says what was found.
 *
 * @param shown - only what is wrong, or all
 * @returns whether any is there, and none is missing, invalid, differing or hidden
 */
export async function verify(client: SqlClient, out: Output, shown: 'all' | 'wrong' = 'all'): Promise<boolean> {
  const all = [...(await findings(client))]
  for (const [{ name }, finding] of all.filter(([, { state }]) => shown === 'all' || WRONG.has(state)))
    out.line(`${finding.state.padEnd(10)}${name}${detailOf(finding)}`)
  const wrong = all.filter(([, { state }]) => WRONG.has(state)).length
  const skipped = all.filter(([, { state }]) => state === 'skipped').length
  out.line('')
  out.line(
    `${all.length - wrong - skipped} of ${all.length} are as they should be, ${wrong} are not, ${skipped} skipped`,
  )
  if (skipped === all.length) out.error('there is nothing to verify: none of the tables was found')
  return wrong === 0 && skipped < all.length
}

const WRONG: ReadonlySet<Finding['state']> = new Set(['missing', 'invalid', 'differing', 'hidden'])

function detailOf(finding: Finding): string {
  if (finding.state === 'differing')
    return `\n          expected ${finding.expected}\n          found    ${finding.found}`
  if (finding.state === 'skipped' || finding.state === 'hidden') return `: ${finding.why}`
  if (finding.state === 'redundant') return `: ${finding.because} serves the same queries`
  if (finding.state === 'unused') return ': never used since the statistics were last reset'
  return ''
}

import type { Output } from '../command.ts'
import type { SqlClient } from './connect.ts'
import { performanceIndexes, type PerformanceIndex } from './indexes.ts'
import { absenceOf } from './tables.ts'

/** Shows how the planner answers the query that each index is there for, with values that the table holds. */
export async function explain(client: SqlClient, out: Output): Promise<void> {
  for (const index of performanceIndexes) {
    out.line('')
    const absence = await absenceOf(client, index)
    if (absence !== undefined) {
      out.line(`${index.name}: skipped, ${absence.why}`)
      continue
    }
    const plan = await planOf(client, index)
    out.line(`${index.name}: ${plan.some((line) => line.includes(index.name)) ? 'used' : 'not used'}`)
    for (const line of plan) out.line(`  ${line}`)
  }
}

/** Estimated, not run: `explain` without `analyze` touches no row. */
async function planOf(client: SqlClient, index: PerformanceIndex): Promise<string[]> {
  try {
    const { rows } = await client.query(`explain ${await withValues(client, index)}`)
    return rows.map((row) => String(row['QUERY PLAN']))
  } catch (error) {
    return [`cannot be explained: ${(error as Error).message}`]
  }
}

/** Puts a value of the table in the place of each `{column}`; null where there is none. */
async function withValues(client: SqlClient, { table, query }: PerformanceIndex): Promise<string> {
  let text = query
  for (const [place, column = ''] of query.matchAll(/\{(\w+)\}/g)) {
    const sample = `select format('%L', ${column}) as literal from ${table} where ${column} is not null limit 1`
    const { rows } = await client.query(sample)
    const literal = rows[0]?.['literal']
    text = text.replace(place, () => (typeof literal === 'string' ? literal : 'null'))
  }
  return text
}

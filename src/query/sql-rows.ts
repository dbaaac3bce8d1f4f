import { sliceOf } from './plan.ts'
import type { Found, Question } from './question.ts'
import type { RetriedDatabase, WatchedCall } from './retry.ts'
import { countSql, selectSql } from './sql.ts'

type Row = Readonly<Record<string, unknown>>
type SqlAsk = Extract<RetriedDatabase, { kind: 'sql' }>

/** Asks in SQL: for the rows, and for their count when they do not tell it. */
export async function fromSql(
  database: SqlAsk,
  { plan, values, position }: Question,
  call: WatchedCall,
): Promise<Found> {
  const { rows } = await database.run(selectSql(plan, values, position), call)
  if (plan.count === 'none') return { rows, count: undefined }
  return { rows, count: impliedCount({ plan, values, position }, rows.length) ?? (await counted()) }

  // After the rows and not beside them: a single connection answers one question at a time.
  async function counted(): Promise<number> {
    const [row] = (await database.run(countSql(plan, values), call)).rows as Row[]
    if (plan.count === 'exact') return Number(row?.['count'])
    const seen = (position === undefined ? sliceOf(plan, values).offset : 0) + rows.length
    return Math.max(seen, expectedRows(row?.['QUERY PLAN']))
  }
}

/** Some drivers read the JSON, some leave it as text. */
function expectedRows(explained: unknown): number {
  const read = (typeof explained === 'string' ? JSON.parse(explained) : explained) as [{ Plan: Row }]
  return Number(read[0].Plan['Plan Rows'])
}

/** When the end of the rows was seen, the count is known, and its query, often the dearer one, is saved. */
function impliedCount({ plan, values, position }: Question, fetched: number): number | undefined {
  const { limit = Infinity, offset } = sliceOf(plan, values)
  return position === undefined && fetched < limit && (fetched > 0 || offset === 0) ? offset + fetched : undefined
}

import { cursorOf } from './cursor.ts'
import { QueryError } from './error.ts'
import { passedOver, type Position } from './keyset.ts'
import { isKeyset, type Plan } from './plan.ts'
import { REST_POSITION } from './postgrest.ts'
import { pageSizeOf, type Found, type Question } from './question.ts'
import { fromRest, select } from './rest-rows.ts'
import type { RetriedDatabase, WatchedCall } from './retry.ts'
import { ROUNDED, SQL_POSITION, selectSql } from './sql.ts'
import { fromSql } from './sql-rows.ts'

export interface Fetched {
  readonly rows: readonly object[]
  readonly count?: number | undefined
  readonly hasMore: boolean
  readonly nextCursor?: string | undefined
}

type Row = Readonly<Record<string, unknown>>

/** Fetches the rows, their count and whether there are more, as far as the plan asks. */
export async function fetchRows(database: RetriedDatabase, question: Question, call: WatchedCall): Promise<Fetched> {
  const found = await (database.kind === 'sql' ? fromSql(database, question, call) : fromRest(database, question, call))
  const page = paged(question, found)
  if (!page.hasMore && question.position !== undefined && isKeyset(question.plan))
    await nothingPassedOver(database, question, call)
  return { ...page, count: found.count }
}

/** At the end of a walk over several pages, where it costs one look. */
async function nothingPassedOver(database: RetriedDatabase, question: Question, call: WatchedCall): Promise<void> {
  const plan = passedOver(question.plan)
  if (plan === undefined) return
  const { values } = question
  const { rows } = await (database.kind === 'sql'
    ? database.run(selectSql(plan, values), call)
    : select(database, { plan, values }, { call }))
  if (rows.length === 0) return
  throw new QueryError(`${plan.table.name} has rows that are null in a column of which the order of a keyset page says that it has none; no page shows them`) // prettier-ignore
}

/** The rows of the page, without the one that told that there is another, and where they ended. */
function paged(question: Question, { rows: found, size = pageSizeOf(question), ...known }: Found): Fetched {
  const { plan } = question
  const rows = found.slice(0, size)
  const { hasMore = found.length > size } = known
  isBehind(question, found as Row[])
  if (size === Infinity || !isKeyset(plan)) return { rows, hasMore }
  return {
    rows: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !isPosition(name)))),
    hasMore,
    nextCursor: hasMore ? cursorBetween(plan, found.slice(size - 1) as Row[]) : undefined,
  }
}

/** The next page begins behind the last row of this one: rows that are equal to it would be in neither. */
function cursorBetween(plan: Plan, [last = {}, next = {}]: readonly Row[]): string {
  const [position, following] = [last, next].map((row) => positionIn(plan, row)) as [Position, Position]
  if (position.every((value, index) => value === following[index]))
    throw new QueryError(`the order of a keyset page must end in a unique column; rows of ${plan.table.name} are equal`)
  return cursorOf(plan, position)
}

/** Else the page would begin with rows of the page before, for ever. */
function isBehind({ plan, position }: Question, [first]: readonly Row[]): void {
  if (position === undefined || first === undefined) return
  if (positionIn(plan, first).every((value, index) => value === position[index])) throw inexact(plan)
}

function inexact({ table }: Plan): QueryError {
  return new QueryError(`the order of a keyset page of ${table.name} has a float, and extra_float_digits of the connection rounds it; set it to 1`) // prettier-ignore
}

function positionIn(plan: Plan, row: Row): Position {
  const { order } = plan
  const texts = row[SQL_POSITION]
  if (texts === ROUNDED) throw inexact(plan)
  if (typeof texts === 'string') return JSON.parse(texts) as Position
  return order.map((_, index) => (row[`${REST_POSITION}${index}`] ?? null) as string | null)
}

function isPosition(name: string): boolean {
  return name === SQL_POSITION || name.startsWith(REST_POSITION)
}

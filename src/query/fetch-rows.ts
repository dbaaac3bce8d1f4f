import { cursorOf, positionOf } from './cursor.ts'
import { OptionError } from '../core/errors.ts'
import { QueryError } from './error.ts'
import type { Position } from './keyset.ts'
import { isKeyset, sliceOf, type PageValue, type Plan } from './plan.ts'
import { REST_POSITION, restRequest, type RestOptions } from './postgrest.ts'
import type { RetriedDatabase, WatchedCall } from './retry.ts'
import { countSql, SQL_POSITION, selectSql } from './sql.ts'

export interface Fetched {
  readonly rows: readonly object[]
  readonly count?: number | undefined
  readonly hasMore: boolean
  readonly nextCursor?: string | undefined
}

/** A plan with the values of one query, and where it begins. */
export interface Question {
  readonly plan: Plan
  readonly values: readonly unknown[]
  /** Of the cursor, once that was looked at. */
  readonly position: Position | undefined
}

type Row = Readonly<Record<string, unknown>>
type SqlAsk = Extract<RetriedDatabase, { kind: 'sql' }>
type RestAsk = Extract<RetriedDatabase, { kind: 'postgrest' }>

/** @throws OptionError for a cursor that is none of this query, and for a keyset page without an order */
export function questionOf(plan: Plan, values: readonly unknown[]): Question {
  const { paging, order } = plan
  if (isKeyset(plan) && order.length === 0)
    throw new OptionError('paginate({ after }) needs orderBy(), unique at its end')
  const after = paging.kind === 'after' ? (values[paging.page] as PageValue).after : undefined
  return { plan, values, position: after === undefined ? undefined : positionOf(plan, after) }
}

/** Fetches the rows, their count and whether there are more, as far as the plan asks. */
export async function fetchRows(database: RetriedDatabase, question: Question, call: WatchedCall): Promise<Fetched> {
  const found = await (database.kind === 'sql' ? fromSql(database, question, call) : fromRest(database, question, call))
  return { ...paged(question, found), count: found.count }
}

interface Found {
  readonly rows: readonly object[]
  readonly count: number | undefined
  /** Known otherwise than by one row more than the page has. */
  readonly hasMore?: boolean
}

async function fromSql(database: SqlAsk, { plan, values, position }: Question, call: WatchedCall): Promise<Found> {
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

async function fromRest(database: RestAsk, question: Question, call: WatchedCall): Promise<Found> {
  const { plan, values, position } = question
  const ask = (options: RestOptions) => database.select(restRequest(plan, values, options), call)
  const { rows, ...first } = await ask({ position })
  let { total } = first
  // Behind a position the count of the same request would leave out the rows before it.
  if (plan.count !== 'none' && position !== undefined) ({ total } = await ask({ slice: { limit: 0, offset: 0 } }))
  if (plan.count !== 'none' && total === undefined)
    throw new QueryError(`the answer for ${plan.table.name} has no count`)
  const size = pageSizeOf(question)
  if (rows.length !== size) return { rows, count: total }
  // A page without the row that should follow it: its end, or the server's own limit (`db-max-rows`) was met.
  const { offset } = sliceOf(plan, values)
  if (plan.count === 'exact' && plan.paging.kind === 'page')
    return { rows, count: total, hasMore: Number(total) > offset + size }
  const next = await ask({ position, slice: { limit: 1, offset: offset + size } })
  return { rows: [...rows, ...next.rows], count: total }
}

function pageSizeOf({ plan: { paging, shape }, values }: Question): number {
  return paging.kind === 'slice' || shape !== 'many' ? Infinity : (values[paging.page] as PageValue).pageSize
}

/** The rows of the page, without the one that told that there is another, and where they ended. */
function paged(question: Question, { rows: found, ...known }: Found): Fetched {
  const { plan } = question
  const size = pageSizeOf(question)
  const rows = found.slice(0, size)
  const { hasMore = found.length > size } = known
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

function positionIn({ order }: Plan, row: Row): Position {
  const texts = row[SQL_POSITION]
  if (typeof texts === 'string') return JSON.parse(texts) as Position
  return order.map((_, index) => (row[`${REST_POSITION}${index}`] ?? null) as string | null)
}

function isPosition(name: string): boolean {
  return name === SQL_POSITION || name.startsWith(REST_POSITION)
}

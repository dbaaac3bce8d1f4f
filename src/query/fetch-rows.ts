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
  /** How long the page is, where the server has cut it. */
  readonly size?: number
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
  if (size === Infinity || rows.length > size || !mayBeCut(database.of, rows.length, size))
    return { rows, count: total }
  // A page without the row that should follow it: its end, or the server's own limit (`db-max-rows`) was met.
  if (plan.paging.kind === 'page') return wholePage(question, ask, { rows, count: total })
  const next = await ask({ position, slice: { limit: 1, offset: rows.length } })
  return { rows: [...rows, ...next.rows], count: total, size: rows.length }
}

/** A numbered page ends where the next one begins, so what the server has cut off is asked for. */
async function wholePage(
  question: Question,
  ask: (options: RestOptions) => Promise<{ readonly rows: readonly object[] }>,
  { rows, count }: Found,
): Promise<Found> {
  const { plan, values } = question
  const { offset } = sliceOf(plan, values)
  const known = plan.count === 'exact' ? Number(count) - offset : undefined
  const size = pageSizeOf(question)
  const wanted = known === undefined ? size + 1 : Math.min(size, known)
  const found = [...rows]
  while (found.length < wanted) {
    const more = await ask({ slice: { limit: wanted - found.length, offset: offset + found.length } })
    if (more.rows.length === 0) break
    found.push(...more.rows)
  }
  return { rows: found, count, hasMore: known === undefined ? found.length > size : known > size }
}

/** The most rows that a database has given in one answer: its own limit is no lower. */
const longest = new WeakMap<object, number>()

/** Whether so few rows may be all that the server gives at once. A page that is as long as asked for is always looked behind. */
function mayBeCut(database: object, rows: number, size: number): boolean {
  const most = longest.get(database) ?? 0
  if (rows > most) longest.set(database, rows)
  return rows === size || (rows > 0 && rows >= most)
}

function pageSizeOf({ plan: { paging, shape }, values }: Question): number {
  return paging.kind === 'slice' || shape !== 'many' ? Infinity : (values[paging.page] as PageValue).pageSize
}

/** The rows of the page, without the one that told that there is another, and where they ended. */
function paged(question: Question, { rows: found, size = pageSizeOf(question), ...known }: Found): Fetched {
  const { plan } = question
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

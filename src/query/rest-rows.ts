import type { RestAnswer } from '../core/database.ts'
import { QueryError } from './error.ts'
import { List } from './list.ts'
import { sliceOf, type Plan } from './plan.ts'
import { restRequest, type RestOptions } from './postgrest.ts'
import { pageSizeOf, type Found, type Question } from './question.ts'
import type { RetriedDatabase, WatchedCall } from './retry.ts'

type RestAsk = Extract<RetriedDatabase, { kind: 'postgrest' }>

/** Asks over PostgREST, which may give fewer rows at once than were asked for. */
export async function fromRest(database: RestAsk, question: Question, call: WatchedCall): Promise<Found> {
  const { plan, position } = question
  const ask = (options: RestOptions): Promise<RestAnswer> => select(database, question, { ...options, call })
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

/** Whose lists are elements of json. */
const listsInJson = new WeakSet<Plan>()

/** Only the column's type says how a list is written for it, and nobody here knows that: the other way is tried, too. */
export async function select(
  database: RestAsk,
  { plan, values }: Pick<Question, 'plan' | 'values'>,
  { call, ...options }: RestOptions & { readonly call: WatchedCall },
): Promise<RestAnswer> {
  const ask = (inJson: boolean): Promise<RestAnswer> =>
    database.select(restRequest(plan, inJson ? values.map(asJson) : values, options), call)
  const inJson = listsInJson.has(plan)
  try {
    return await ask(inJson)
  } catch (error) {
    const isUnreadable = (error as { readonly code?: unknown }).code === '22P02'
    if (!isUnreadable || !values.some((value) => value instanceof List)) throw error
    const answer = await ask(!inJson).catch(() => {
      throw error
    })
    if (inJson) listsInJson.delete(plan)
    else listsInJson.add(plan)
    return answer
  }
}

function asJson(value: unknown): unknown {
  return value instanceof List ? value.json('postgrest') : value
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

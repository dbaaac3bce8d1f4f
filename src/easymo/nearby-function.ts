import { withDeadline } from '../core/deadline.ts'
import type { Database, SqlDatabase } from '../core/database.ts'
import { isoTime } from '../core/iso-time.ts'
import { isPerfError, StoreSetupError, StoreUnavailable } from '../core/errors.ts'
import { sqlStateMeans } from '../core/sql-state.ts'
import { QueryError } from '../query/index.ts'
import { isSupabase, type EasymoClient } from './client.ts'
import type { Wanted } from './nearby-options.ts'
import { hostOf, part, type Ask } from './options.ts'
import type { Trip } from './tables.ts'

const NAME = 'find_nearby_drivers'
const WHAT = `the function ${NAME}`
/** A database without the function is not asked for it again for so long, in milliseconds; it may get one. */
const ABSENT_MS = 300_000

/** What is not there, or not with these parameters: Postgres' word for it, and PostgREST's. */
const ABSENT: ReadonlySet<unknown> = new Set(['42883', 'PGRST202'])

const absences = (option: Ask) => ({ since: new WeakMap<Database, number>(), clock: hostOf(option).clock })

/** What the database's own function gives; undefined when there is none. */
export async function askFunction(
  client: EasymoClient,
  database: Database,
  wanted: Wanted,
): Promise<readonly Trip[] | undefined> {
  const { since, clock } = part(absences)
  const absentSince = since.get(database)
  if (absentSince !== undefined && clock.elapsed() - absentSince < ABSENT_MS) return undefined
  const { lat, lng, radiusKm, vehicleType = null, limit, since: from } = wanted
  const where = { p_lat: lat, p_lng: lng, p_radius_km: radiusKm }
  const args = { ...where, p_vehicle_type: vehicleType, p_limit: limit, p_window_start: isoTime(from) }
  try {
    if (database.kind === 'sql') return await overSql(database, args)
    // A database made by hand has no way to call a function.
    return isSupabase(client) ? await overHttp(client, args) : undefined
  } catch (error) {
    if (!isAbsent(error)) throw failure(error)
    since.set(database, clock.elapsed())
    return undefined
  }
}

type Arguments = Readonly<Record<string, number | string | null>>

async function overSql(database: SqlDatabase, args: Arguments): Promise<readonly Trip[]> {
  const names = Object.keys(args)
  const list = names.map((name, at) => `${name} => $${at + 1}`).join(', ')
  const { clock } = part(absences)
  const statement = { text: `select * from ${NAME}(${list})`, values: Object.values(args) }
  let giveUp = (): void => undefined
  try {
    const answer = await withDeadline({ clock, timeoutMs: 10_000, what: WHAT }, ({ signal }) =>
      database.run(statement, { signal, onGiveUp: (listener) => (giveUp = listener) }),
    )
    return answer.rows as Trip[]
  } catch (error) {
    giveUp()
    throw error
  }
}

/** What a call of a function gives, once it is awaited. */
interface RpcAnswer {
  readonly data?: unknown
  readonly error?: unknown
  readonly status?: number
}

type Rpc = (name: string, args: Arguments) => PromiseLike<RpcAnswer> & { abortSignal?(signal: AbortSignal): PromiseLike<RpcAnswer> } // prettier-ignore

async function overHttp(client: object, args: Arguments): Promise<readonly Trip[]> {
  const { clock } = part(absences)
  const { data, error, status } = await withDeadline({ clock, timeoutMs: 10_000, what: WHAT }, ({ signal }) => {
    const call = (client as { rpc: Rpc }).rpc(NAME, args)
    return call.abortSignal?.(signal) ?? call
  })
  if (error !== null && error !== undefined) throw withStatus(error, status)
  if (!Array.isArray(data)) throw new QueryError(`${WHAT} gave something that is not a list of rows`)
  return data as Trip[]
}

/** Answers without a code, such as a proxy's, are told apart by their status; 0 is none at all. */
function withStatus(error: unknown, status = 0): unknown {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && code !== '') return error
  return status === 0 || status === 429 || status >= 500
    ? new StoreUnavailable(`${WHAT} cannot be reached`, { cause: error })
    : error
}

/** @returns whether there is no such function; also when the driver's port has named the error already */
function isAbsent(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  return ABSENT.has(code) || (isPerfError(error) && ABSENT.has(cause?.code))
}

function failure(error: unknown): Error {
  if (isPerfError(error)) return error
  const { code } = error as { code?: unknown }
  const sqlState = typeof code === 'string' && code !== '' ? code : undefined
  const meaning = sqlState === undefined ? undefined : sqlStateMeans(sqlState)
  const why = `${WHAT} failed${sqlState === undefined ? '' : ` (${sqlState})`}`
  if (meaning === 'outage') return new StoreUnavailable(why, { cause: error })
  if (meaning === 'setup') return new StoreSetupError(why, { cause: error })
  return new QueryError(why, { sqlState, cause: error })
}

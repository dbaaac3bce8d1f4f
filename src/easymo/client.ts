import type { Database } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { pgDatabase } from '../pg/index.ts'
import { supabaseDatabase, type SupabaseLike } from '../supabase/index.ts'
import { part } from './options.ts'

/** What the preset's functions take: a client of supabase-js, a Postgres driver, or a database made of one. */
export type EasymoClient = Database | SupabaseLike | Parameters<typeof pgDatabase>[0]

/**
 * Says which type your clients have, once for the whole service, for `getPooledClient` and `getSupabaseClient`.
 *
 * @example
 * declare module '@easymo/perf/easymo' {
 *   interface EasymoTypes {
 *     client: import('@supabase/supabase-js').SupabaseClient
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- to be filled in by the service
export interface EasymoTypes {}

/** The type of the clients that the preset gives out: the one said in {@link EasymoTypes}, else what is needed of one. */
export type EasymoSupabase = EasymoTypes extends { client: infer Client extends SupabaseLike } ? Client : SupabaseLike

/** What clients share that were made of the same project and key, for as long as no user has signed in with them. */
interface Shared {
  readonly scope: number
  readonly isLost: (client: object) => boolean
}

/** Which rows a client sees: what was cached for one scope is never given out in another. */
interface Scopes {
  readonly databases: WeakMap<object, Database>
  readonly numbers: WeakMap<object, number>
  /** Clients of the preset's own, and which scope they share. */
  readonly own: WeakMap<object, Shared>
  last: number
}

const scopes = (): Scopes => ({
  databases: new WeakMap(),
  numbers: new WeakMap(),
  own: new WeakMap(),
  last: 0,
})

/**
 * One database for each client.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function databaseOf(client: EasymoClient): Database {
  isClient(client)
  if (isDatabase(client)) return client
  const { databases } = part(scopes)
  let database = databases.get(client)
  if (database === undefined) {
    database = isSupabase(client) ? supabaseDatabase(client) : pgDatabase(client)
    databases.set(client, database)
  }
  return database
}

/** True for clients of supabase-js and postgrest-js, which have functions besides tables. */
export function isSupabase(client: object): client is SupabaseLike {
  return 'from' in client && 'rpc' in client
}

/**
 * A number for what this client sees. Every client has its own, because nobody can tell from outside which user's rights
 * a client carries; only those that the preset made itself share one.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function scopeOf(client: EasymoClient): number {
  isClient(client)
  const { own, numbers } = part(scopes)
  const shared = own.get(client)
  if (shared !== undefined && !shared.isLost(client)) return shared.scope
  let number = numbers.get(client)
  if (number === undefined) numbers.set(client, (number = newScope()))
  return number
}

/** A client that is undefined, or left out before the id, is the likely mistake. */
function isClient(client: unknown): void {
  if (Object(client) !== client) throw new OptionError('client must be a supabase-js client, a driver or a database')
}

/** A number that no client has yet. */
export function newScope(): number {
  return (part(scopes).last += 1)
}

/** Lets a client share what is cached for the preset's own ones of that scope, for as long as `isLost` says no. */
export function adopt(client: object, shared: Shared): void {
  part(scopes).own.set(client, shared)
}

function isDatabase(client: EasymoClient): client is Database {
  return 'kind' in client && (client.kind === 'sql' || client.kind === 'postgrest')
}

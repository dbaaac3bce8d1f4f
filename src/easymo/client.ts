import type { Database } from '../core/database.ts'
import { pgDatabase } from '../pg/index.ts'
import { supabaseDatabase, type SupabaseLike } from '../supabase/index.ts'
import { part } from './options.ts'

/** What the preset's functions take: a client of supabase-js, a Postgres driver, or a database made of one. */
export type EasymoClient = Database | SupabaseLike | Parameters<typeof pgDatabase>[0]

/** Which rows a client sees: what was cached for one scope is never given out in another. */
interface Scopes {
  readonly databases: WeakMap<object, Database>
  readonly numbers: WeakMap<object, number>
  /** Clients of the preset's own, all for the same project and key; they tell when a user has signed in with them. */
  readonly own: WeakMap<object, (client: object) => boolean>
  last: number
}

const scopes = (): Scopes => ({
  databases: new WeakMap(),
  numbers: new WeakMap(),
  own: new WeakMap(),
  last: OWN_SCOPE,
})

const OWN_SCOPE = 0

/** One database for each client. */
export function databaseOf(client: EasymoClient): Database {
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
 */
export function scopeOf(client: EasymoClient): number {
  const all = part(scopes)
  const isLost = all.own.get(client)
  if (isLost !== undefined && !isLost(client)) return OWN_SCOPE
  let number = all.numbers.get(client)
  if (number === undefined) all.numbers.set(client, (number = all.last += 1))
  return number
}

/** Lets a client share what is cached for the preset's own ones, for as long as `isLost` says no. */
export function adopt(client: object, isLost: (client: object) => boolean): void {
  part(scopes).own.set(client, isLost)
}

function isDatabase(client: EasymoClient): client is Database {
  return 'kind' in client && (client.kind === 'sql' || client.kind === 'postgrest')
}

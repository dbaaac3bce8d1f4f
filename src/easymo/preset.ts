import type { Database } from '../core/database.ts'
import { OptionError } from '../core/errors.ts'
import { pgDatabase } from '../pg/index.ts'
import { supabaseDatabase, type SupabaseLike } from '../supabase/index.ts'
import { activeTrip, walletBalance } from './reads.ts'
import { easymo } from './state.ts'
import type { Profile, Trip } from './tables.ts'

/** What the preset's functions take: a client of supabase-js, a Postgres driver, or a database made of one. */
export type EasymoClient = Database | SupabaseLike | Parameters<typeof pgDatabase>[0]

const databases = new WeakMap<object, Database>()

/** One database for each client, so that what is cached for a client is found again. */
function databaseOf(client: EasymoClient): Database {
  if (isDatabase(client)) return client
  let database = databases.get(client)
  if (database === undefined) {
    database = isSupabase(client) ? supabaseDatabase(client) : pgDatabase(client)
    databases.set(client, database)
  }
  return database
}

function isDatabase(client: EasymoClient): client is Database {
  return 'kind' in client && (client.kind === 'sql' || client.kind === 'postgrest')
}

function isSupabase(client: object): client is SupabaseLike {
  return 'from' in client && 'rpc' in client
}

/**
 * The profile of a user, cached for 5 minutes; null when there is none, which is remembered for 5 seconds.
 *
 * @throws QueryError `ERR_PERF_QUERY` and the other errors of the database: they are not cached, and are not silence
 */
export function getCachedProfile(client: EasymoClient, userId: string): Promise<Profile | null> {
  return easymo().accessors(databaseOf(client)).byId(userId)
}

/**
 * The profile that a phone number belongs to, cached as by {@link getCachedProfile}. Looks at `wa_id`, `phone_number`
 * and `whatsapp_e164`, with or without `+`.
 *
 * @throws OptionError `ERR_PERF_OPTION` when there are no digits in `phone`
 */
export async function getCachedProfileByPhone(client: EasymoClient, phone: string): Promise<Profile | null> {
  return easymo().accessors(databaseOf(client)).byPhone(digitsOf(phone))
}

/** Drops what is cached of a profile, by user or by phone number, so that the next call reads it anew. */
export function invalidateProfileCache(
  client: EasymoClient,
  of: { readonly userId?: string; readonly phone?: string },
): void {
  const { byId, byPhone } = easymo().accessors(databaseOf(client))
  if (of.userId !== undefined) byId.delete(of.userId)
  if (of.phone !== undefined) byPhone.delete(digitsOf(of.phone))
}

/** The newest trip of a user that is not over, or null. Not cached. */
export function getActiveTrip(client: EasymoClient, userId: string): Promise<Trip | null> {
  return activeTrip(databaseOf(client), userId)
}

/** The balance of a user's wallet, or 0 when there is no wallet. Not cached. */
export function getWalletBalance(client: EasymoClient, userId: string): Promise<number> {
  return walletBalance(databaseOf(client), userId)
}

/**
 * Marks an id as seen in this process, for half a minute. An empty id is never a duplicate. For work that must not be
 * lost, use a dedup with a store.
 */
export function checkDuplicate(id: string): { readonly isDuplicate: boolean; readonly key: string } {
  return { isDuplicate: id !== '' && !easymo().dedup.mark(id), key: id }
}

function digitsOf(phone: string): string {
  const digits = typeof phone === 'string' ? phone.replace(/\D/g, '') : ''
  if (digits === '') throw new OptionError('phone must hold digits')
  return digits
}

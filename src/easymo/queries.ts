import { between, knownOptions } from '../core/check.ts'
import { isoTime } from '../core/iso-time.ts'
import { query } from '../query/index.ts'
import { getCachedProfile } from './accessors.ts'
import { databaseOf, type EasymoClient } from './client.ts'
import { hostOf, part, type Ask } from './options.ts'
import { digitsOf } from './phone.ts'
import { profileById, profileByPhone } from './reads.ts'
import type { InsuranceClaim, InsuranceLead, Profile, Row, Trip, Wallet, WalletTransaction } from './tables.ts'

/** The states of a trip that somebody is still concerned with. */
const ACTIVE = ['open', 'matched', 'started', 'arrived', 'picked_up', 'in_progress'] as const

/** How a profile is read. */
export interface ProfileOptions {
  /** The columns to read, with commas between. @defaultValue all */
  readonly fields?: string
}

/** Which rows of a list, newest first. */
export interface LimitOptions {
  /** At most so many, up to 1000. @defaultValue 10 */
  readonly limit?: number
}

const clocks = (option: Ask) => hostOf(option).clock

/**
 * The profile of a user, or null.
 *
 * @param options - `useCache` (true): as {@link getCachedProfile}, every column, whatever `fields` says; with false it is
 *   read as it is now, with these `fields`
 * @throws as {@link getCachedProfile}
 */
export async function getProfileById(
  client: EasymoClient,
  userId: string,
  options: ProfileOptions & { readonly useCache?: boolean } = {},
): Promise<Row<Profile> | null> {
  knownOptions(options, 'useCache', 'fields')
  const { useCache = true, fields } = options
  if (useCache) return getCachedProfile(client, userId)
  return (await profileById(databaseOf(client), userId, { fields })) as Row<Profile> | null
}

/**
 * The profile that a phone number belongs to as it is now, or null; {@link getCachedProfileByPhone} is the same from the
 * cache.
 *
 * @throws as {@link getCachedProfileByPhone}
 */
export async function getProfileByPhone(
  client: EasymoClient,
  phone: string,
  options: ProfileOptions = {},
): Promise<Row<Profile> | null> {
  knownOptions(options, 'fields')
  const { fields } = options
  return (await profileByPhone(databaseOf(client), digitsOf(phone), { fields })) as Row<Profile> | null
}

/** The newest trip of a user that is not over, or null. Not cached. @throws QueryError, and the other errors of the database */
export async function getActiveTrip(client: EasymoClient, userId: string): Promise<Row<Trip> | null> {
  const { data } = await query<Trip>(databaseOf(client), 'trips')
    .eq('user_id', userId)
    .in('status', ACTIVE)
    .orderBy('created_at', 'desc')
    .first()
    .execute()
  return data as Row<Trip> | null
}

/**
 * The newest insurance lead of a WhatsApp number, written with or without `+`, that is not older than so many minutes; or
 * null. Not cached.
 *
 * @throws OptionError `ERR_PERF_OPTION`; QueryError and the other errors of the database
 */
export async function getRecentInsuranceLead(
  client: EasymoClient,
  phone: string,
  windowMinutes = 15,
): Promise<Row<InsuranceLead> | null> {
  between([0, 52_560_000], 'windowMinutes', windowMinutes)
  const { data } = await query<InsuranceLead>(databaseOf(client), 'insurance_leads')
    .in('whatsapp', formsOf(phone))
    .gte('created_at', isoTime(part(clocks).now() - windowMinutes * 60_000))
    .orderBy('created_at', 'desc')
    .first()
    .execute()
  return data as Row<InsuranceLead> | null
}

/**
 * The insurance claims of a WhatsApp number, written with or without `+`, newest first. Not cached.
 *
 * @throws OptionError `ERR_PERF_OPTION`; QueryError and the other errors of the database
 */
export async function getUserClaims(
  client: EasymoClient,
  phone: string,
  options: LimitOptions = {},
): Promise<Row<InsuranceClaim>[]> {
  knownOptions(options, 'limit')
  const { limit = 10 } = options
  const claims = query<InsuranceClaim>(databaseOf(client), 'insurance_claims').in('whatsapp', formsOf(phone))
  // By `id`, too: of two that came in the same moment it is always the same one that is left out.
  const { data } = await claims.orderBy('submitted_at', 'desc').orderBy('id').limit(limit).execute()
  return data as Row<InsuranceClaim>[]
}

/** The balance of a user's wallet, or 0 when there is no wallet. Not cached: it is money. */
export async function getWalletBalance(client: EasymoClient, userId: string): Promise<number> {
  const wallet = query<Wallet>(databaseOf(client), 'wallets').select('balance').eq('user_id', userId)
  return Number((await wallet.maybeSingle().execute()).data?.balance ?? 0)
}

/**
 * What went in and out of a user's wallet, newest first. Not cached.
 *
 * @param options - `limit` (10) and `offset` (0): so many rows are left out at the start
 * @throws OptionError `ERR_PERF_OPTION`; QueryError and the other errors of the database
 */
export async function getTransactionHistory(
  client: EasymoClient,
  userId: string,
  options: LimitOptions & { readonly offset?: number } = {},
): Promise<Row<WalletTransaction>[]> {
  knownOptions(options, 'limit', 'offset')
  const { limit = 10, offset = 0 } = options
  const { data } = await query<WalletTransaction>(databaseOf(client), 'wallet_transactions')
    .eq('user_id', userId)
    .orderBy('created_at', 'desc')
    // By `id`, too: of two that came in the same moment, no page shows one twice and the other never.
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute()
  // `numeric` comes as text over SQL.
  return data.map((row) => ({ ...(row as Row<WalletTransaction>), amount: Number(row.amount) }))
}

function formsOf(whatsapp: string): string[] {
  const digits = digitsOf(whatsapp)
  return [digits, `+${digits}`]
}

import { knownOptions } from '../core/check.ts'
import { query } from '../query/index.ts'
import { databaseOf, type EasymoClient } from './client.ts'
import { digitsOf } from './phone.ts'
import { profileById, profileByPhone } from './reads.ts'
import type { InsuranceClaim, InsuranceLead, Profile, Trip, Wallet, WalletTransaction } from './tables.ts'

/** The states of a trip that somebody is still concerned with. */
const ACTIVE = ['open', 'matched', 'started', 'arrived', 'picked_up', 'in_progress'] as const

/** Which page of a list, newest first. */
export interface PageOptions {
  /** From 1. @defaultValue 1 */
  readonly page?: number
  /** At most 1000. @defaultValue 20 */
  readonly pageSize?: number
}

/** Which claims of a user. */
export interface ClaimOptions extends PageOptions {
  /** One status, or several. @defaultValue all */
  readonly status?: string | readonly string[]
}

/** One page of a wallet's transactions, newest first. */
export interface TransactionPage {
  readonly data: WalletTransaction[]
  /** Of all pages together. */
  readonly count: number
  readonly hasMore: boolean
  readonly page: number
  readonly pageSize: number
}

/** The profile of a user as it is now, or null; {@link getCachedProfile} is the same from the cache. */
export async function getProfileById(client: EasymoClient, userId: string): Promise<Profile | null> {
  return profileById(databaseOf(client), userId)
}

/** The profile that a phone number belongs to as it is now, or null; {@link getCachedProfileByPhone} is the same from the cache. */
export async function getProfileByPhone(client: EasymoClient, phone: string): Promise<Profile | null> {
  return profileByPhone(databaseOf(client), digitsOf(phone))
}

/** The newest trip of a user that is not over, or null. Not cached. */
export async function getActiveTrip(client: EasymoClient, userId: string): Promise<Trip | null> {
  const { data } = await query<Trip>(databaseOf(client), 'trips')
    .eq('user_id', userId)
    .in('status', ACTIVE)
    .orderBy('created_at', 'desc')
    .first()
    .execute()
  return data
}

/** The newest insurance lead of a WhatsApp number, written with or without `+`; or null. Not cached. */
export async function getRecentInsuranceLead(client: EasymoClient, whatsapp: string): Promise<InsuranceLead | null> {
  const { data } = await query<InsuranceLead>(databaseOf(client), 'insurance_leads')
    .in('whatsapp', formsOf(whatsapp))
    .orderBy('created_at', 'desc')
    .first()
    .execute()
  return data
}

/** The insurance claims of a WhatsApp number, written with or without `+`, newest first. Not cached. */
export async function getUserClaims(
  client: EasymoClient,
  whatsapp: string,
  options: ClaimOptions = {},
): Promise<InsuranceClaim[]> {
  const { status, page = 1, pageSize = 20 } = options
  knownOptions(options, 'status', 'page', 'pageSize')
  const claims = query<InsuranceClaim>(databaseOf(client), 'insurance_claims').in('whatsapp', formsOf(whatsapp))
  const wanted = status === undefined ? claims : claims.in('status', typeof status === 'string' ? [status] : status)
  // By `id`, too: of two that came in the same moment, no page shows one twice and the other never.
  const { data } = await wanted.orderBy('submitted_at', 'desc').orderBy('id').paginate({ page, pageSize }).execute()
  return data
}

/** The balance of a user's wallet, or 0 when there is no wallet. Not cached: it is money. */
export async function getWalletBalance(client: EasymoClient, userId: string): Promise<number> {
  const wallet = query<Wallet>(databaseOf(client), 'wallets').select('balance').eq('user_id', userId)
  return Number((await wallet.maybeSingle().execute()).data?.balance ?? 0)
}

/** One page of what went in and out of a user's wallet, newest first. Not cached. */
export async function getTransactionHistory(
  client: EasymoClient,
  userId: string,
  options: PageOptions = {},
): Promise<TransactionPage> {
  const { page = 1, pageSize = 20 } = options
  knownOptions(options, 'page', 'pageSize')
  const { data, count, hasMore } = await query<WalletTransaction>(databaseOf(client), 'wallet_transactions')
    .eq('user_id', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .paginate({ page, pageSize })
    .withCount()
    .execute()
  // `numeric` comes as text over SQL.
  const rows = data.map((row) => ({ ...row, amount: Number(row.amount) }))
  return { data: rows, count: count ?? 0, hasMore: hasMore === true, page, pageSize }
}

function formsOf(whatsapp: string): string[] {
  const digits = digitsOf(whatsapp)
  return [digits, `+${digits}`]
}

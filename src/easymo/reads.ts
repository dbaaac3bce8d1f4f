import type { Database } from '../core/database.ts'
import type { Call } from '../core/deadline.ts'
import { query } from '../query/index.ts'
import type { Profile, Trip, Wallet } from './tables.ts'

/** The states of a trip that somebody is still concerned with. */
const ACTIVE = ['open', 'matched', 'started', 'arrived', 'picked_up', 'in_progress'] as const

type Options = Partial<Call>

/** The profile of a user, or null. Throws `QueryError` when the database does: an outage is not a missing profile. */
export async function profileById(
  database: Database,
  userId: string,
  { signal }: Options = {},
): Promise<Profile | null> {
  const { data } = await query<Profile>(database, 'profiles').eq('user_id', userId).maybeSingle().execute({ signal })
  return data
}

/** The profile that a phone number belongs to, in any of the three columns, with or without `+`; or null. */
export async function profileByPhone(
  database: Database,
  digits: string,
  { signal }: Options = {},
): Promise<Profile | null> {
  const forms = [digits, `+${digits}`]
  const { data } = await query<Profile>(database, 'profiles')
    .or(
      (profile) => profile.in('wa_id', forms),
      (profile) => profile.in('phone_number', forms),
      (profile) => profile.in('whatsapp_e164', forms),
    )
    .orderBy('user_id')
    .first()
    .execute({ signal })
  return data
}

/** The newest trip of a user that is not over, or null. */
export async function activeTrip(database: Database, userId: string, { signal }: Options = {}): Promise<Trip | null> {
  const { data } = await query<Trip>(database, 'trips')
    .eq('user_id', userId)
    .in('status', ACTIVE)
    .orderBy('created_at', 'desc')
    .first()
    .execute({ signal })
  return data
}

/** The balance of a user's wallet, or 0 when there is no wallet. */
export async function walletBalance(database: Database, userId: string, { signal }: Options = {}): Promise<number> {
  const { data } = await query<Wallet>(database, 'wallets').eq('user_id', userId).maybeSingle().execute({ signal })
  return Number(data?.balance ?? 0)
}

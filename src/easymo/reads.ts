import type { Database } from '../core/database.ts'
import type { Call } from '../core/deadline.ts'
import { query, type Filters, type Query } from '../query/index.ts'
import { leftMs } from './expiry.ts'
import type { AppConfig, Profile, UserState } from './tables.ts'

interface Options extends Partial<Pick<Call, 'signal'>> {
  /** The columns to read, with commas between. @defaultValue all */
  readonly fields?: string | undefined
}

/** The profile of a user, or null. Throws `QueryError` when the database does: an outage is not a missing profile. */
export async function profileById(
  database: Database,
  userId: string,
  { signal, fields }: Options = {},
): Promise<Profile | null> {
  const { data } = await profilesOf(database, fields).eq('user_id', userId).maybeSingle().execute({ signal })
  return data
}

/** Which columns are read is not known to the types: the row is what the table has. */
const profilesOf = (database: Database, fields = '*'): Query<Profile> =>
  query<Profile>(database, 'profiles').select(fields as '*')

/** Where a number may stand; first the one that WhatsApp itself has proven, last the one that people type. */
const PHONE_COLUMNS = ['wa_id', 'whatsapp_e164', 'phone_number'] as const

/**
 * The profile that a phone number belongs to, in any of the three columns, with or without `+`; or null. Of several the one
 * whose column comes first, so that nobody gets in another's place by typing their number; then by `user_id`.
 */
export async function profileByPhone(
  database: Database,
  digits: string,
  { signal, fields }: Options = {},
): Promise<Profile | null> {
  const forms = [digits, `+${digits}`]
  const profiles = profilesOf(database, fields).orderBy('user_id')
  const anywhere = profiles.or(...PHONE_COLUMNS.map((column) => (one: Filters<Profile>) => one.in(column, forms)))
  const { data } = await anywhere.limit(2).execute({ signal })
  if (data.length < 2) return data[0] ?? null
  for (const column of PHONE_COLUMNS) {
    const { data: owner } = await profiles.in(column, forms).first().execute({ signal })
    if (owner !== null) return owner
  }
  return null
}

/** The state of a user that lasts longest, under this key if there is one; null when none is valid at `now`. */
export async function liveState(
  database: Database,
  { userId, key, now }: { readonly userId: string; readonly key: string | undefined; readonly now: () => number },
  { signal }: Options = {},
): Promise<UserState | null> {
  const rows = query<UserState>(database, 'user_state').eq('user_id', userId)
  const { data } = await (key === undefined ? rows : rows.eq('key', key))
    // Some drivers make the same of both infinities, so that only the other one may come.
    .or(
      (row) => row.isNull('expires_at'),
      (row) => row.gt('expires_at', '-infinity'),
    )
    .orderBy('expires_at', 'desc', { nulls: 'first' })
    .orderBy('key')
    .first()
    .execute({ signal })
  return leftMs(data, now()) > 0 ? data : null
}

/** As many settings are read at once as PostgREST gives, as Supabase sets it up. */
const SETTINGS = 1_000

/** The settings that are active, by key. */
export async function activeConfig(database: Database, { signal }: Options = {}): Promise<Record<string, unknown>> {
  const active = query<AppConfig>(database, 'app_config').select('key', 'value').eq('active', true).orderBy('key')
  const all = new Map<string, unknown>()
  for (let offset = 0; ; offset += SETTINGS) {
    const { data } = await active.limit(SETTINGS).offset(offset).execute({ signal })
    for (const { key, value } of data) all.set(key, value)
    // By entries and not by assignment: a setting may be called `__proto__`.
    if (data.length < SETTINGS) return Object.fromEntries(all)
  }
}

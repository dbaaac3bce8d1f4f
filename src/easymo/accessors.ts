import { between, isText } from '../core/check.ts'
import { isoTime } from '../core/iso-time.ts'
import { configs, locations, profiles, states } from './caches.ts'
import { databaseOf, scopeOf, type EasymoClient } from './client.ts'
import { hostOf, part, type Ask } from './options.ts'
import { digitsOf } from './phone.ts'
import { activeConfig, liveState, profileById, profileByPhone } from './reads.ts'
import type { CachedLocation, Location, Profile, Row, UserState } from './tables.ts'

/** Names an entry, whatever stands in the words: JSON says where each of them ends. */
const keyOf = (...words: readonly (number | string)[]): string => JSON.stringify(words)

/** What goes with a user, or with a number, whichever client it was read with. */
const userTag = (userId: string): string => keyOf('user', userId)
const phoneTag = (digits: string): string => keyOf('phone', digits)

const clocks = (option: Ask): (() => number) => {
  const { clock } = hostOf(option)
  return () => clock.now()
}

/** All entries of a user go with it, and those of a number, under whichever name they are. */
const profileTags = (row: Profile | null): string[] => {
  if (row === null) return []
  const numbers = [row.wa_id, row.phone_number, row.whatsapp_e164].map((text) => (text ?? '').replace(/\D/g, ''))
  return [userTag(row.user_id), ...numbers.filter((digits) => digits !== '').map(phoneTag)]
}

/**
 * The profile of a user, cached for 5 minutes; null when there is none, which is remembered for 5 seconds. What one client
 * reads is never given out to another.
 *
 * @throws QueryError `ERR_PERF_QUERY` and the other errors of the database: they are not "no profile", and not cached
 */
export async function getCachedProfile(client: EasymoClient, userId: string): Promise<Row<Profile> | null> {
  isText('userId', userId)
  const database = databaseOf(client)
  const profile = await part(profiles).cache.getOrSet(
    keyOf(scopeOf(client), 'id', userId),
    (call) => profileById(database, userId, call),
    { tags: profileTags },
  )
  return profile as Row<Profile> | null
}

/**
 * The profile that a phone number belongs to, cached as by {@link getCachedProfile}. Looks at `wa_id`, `phone_number`
 * and `whatsapp_e164`, with or without `+`; of several the one that WhatsApp has proven (`wa_id`), then by
 * `whatsapp_e164`, then by `phone_number`.
 *
 * @throws OptionError `ERR_PERF_OPTION` when there are no digits in `phone`
 * @throws as {@link getCachedProfile}
 */
export async function getCachedProfileByPhone(client: EasymoClient, phone: string): Promise<Row<Profile> | null> {
  const digits = digitsOf(phone)
  const database = databaseOf(client)
  const profile = await part(profiles).cache.getOrSet(
    keyOf(scopeOf(client), 'phone', digits),
    (call) => profileByPhone(database, digits, call),
    // Also the number that was asked for: it may be written into the row with something else beside it.
    { tags: (row) => [...profileTags(row), phoneTag(digits)] },
  )
  return profile as Row<Profile> | null
}

/**
 * The state of a user's conversation, cached for 30 seconds or until it expires, whichever comes first; null when there
 * is none, which is not remembered. Of several that are valid the one that lasts longest.
 *
 * @param key - only the state under this key
 * @throws as {@link getCachedProfile}
 */
export async function getCachedState<Data = unknown>(
  client: EasymoClient,
  userId: string,
  key?: string,
): Promise<UserState<Data> | null> {
  isText('userId', userId)
  const database = databaseOf(client)
  const now = part(clocks)
  const words = key === undefined ? [] : [key]
  // An entry ends with its row, by the wall clock: so the cache was set up.
  const row = await part(states).cache.getOrSet(
    keyOf(scopeOf(client), 'state', userId, ...words),
    (call) => liveState(database, { userId, key, now }, call),
    { tags: [userTag(userId)] },
  )
  return row as UserState<Data> | null
}

/** What stands under `CONFIG` may be read by several clients, and goes for all. */
const CONFIG = keyOf('config')

/**
 * The active settings of `app_config`, by key, cached for 10 minutes.
 *
 * @throws as {@link getCachedProfile}: an outage does not leave the service without settings for 10 minutes
 */
export async function getCachedAppConfig<Values extends object = Record<string, unknown>>(
  client: EasymoClient,
): Promise<Values> {
  const database = databaseOf(client)
  const load = (call: { readonly signal: AbortSignal }): Promise<unknown> => activeConfig(database, call)
  const values = await part(configs).cache.getOrSet(keyOf(scopeOf(client), 'config'), load, { tags: [CONFIG] })
  return values as Values
}

/**
 * Where a user was last, if {@link setCachedLocation} was told in this process within 30 minutes; else null. Nothing is
 * read from the database.
 */
export async function getCachedLocation(_client: EasymoClient, userId: string): Promise<CachedLocation | null> {
  return part(locations).cache.get(locationKey(userId)) ?? null
}

/**
 * Remembers where a user is, in this process, for 30 minutes.
 *
 * @throws OptionError `ERR_PERF_OPTION` for what is no position; a wrong one must not find drivers somewhere else
 */
export function setCachedLocation(userId: string, location: Location): void {
  isText('userId', userId)
  between([-90, 90], 'lat', location?.lat)
  between([-180, 180], 'lng', location.lng)
  part(locations).cache.set(locationKey(userId), { ...location, capturedAt: isoTime(part(clocks)()) })
}

/**
 * Drops what is cached of a profile, under its phone numbers, too, whichever client has read it, so that the next call reads
 * it anew. After a profile was created give the phone number: that there was none is remembered under it for 5 seconds.
 *
 * @param userId - the user's id, or a phone number
 */
export function invalidateProfileCache(userId: string): void {
  isText('userId', userId)
  const { cache, keys } = part(profiles)
  cache.invalidateTag(userTag(userId))
  const digits = /^\+?[\d\s().-]+$/.test(userId) ? userId.replace(/\D/g, '') : ''
  if (digits !== '') cache.invalidateTag(phoneTag(digits))
  // What is not there has no tag: it is found by its name.
  for (const key of keys)
    if (key.endsWith(`,"id",${JSON.stringify(userId)}]`) || (digits !== '' && key.endsWith(`,"phone","${digits}"]`)))
      cache.delete(key)
}

/** Drops what is cached of a user's states. Call it after every write to `user_state`. */
export function invalidateStateCache(userId: string): void {
  isText('userId', userId)
  part(states).cache.invalidateTag(userTag(userId))
}

/** Drops what is cached of the settings. */
export function invalidateConfigCache(): void {
  part(configs).cache.invalidateTag(CONFIG)
}

/** Forgets where a user is. */
export function invalidateLocationCache(userId: string): void {
  isText('userId', userId)
  part(locations).cache.delete(locationKey(userId))
}

const locationKey = (userId: string): string => keyOf('location', userId)

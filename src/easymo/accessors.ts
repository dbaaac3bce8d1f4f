import { between, isText } from '../core/check.ts'
import { configs, locations, profiles, states } from './caches.ts'
import { databaseOf, scopeOf, type EasymoClient } from './client.ts'
import { hostOf, part, type Ask } from './options.ts'
import { digitsOf } from './phone.ts'
import { activeConfig, liveState, profileById, profileByPhone } from './reads.ts'
import type { Location, Profile, UserState } from './tables.ts'

/** Names an entry, whatever stands in the words: JSON says where each of them ends. */
const keyOf = (...words: readonly (number | string)[]): string => JSON.stringify(words)

const clocks = (option: Ask): (() => number) => {
  const { clock } = hostOf(option)
  return () => clock.now()
}

/** All entries of a user go with it. */
const userTags =
  (client: EasymoClient) =>
  (row: Profile | UserState | null): string[] =>
    row === null ? [] : [keyOf(scopeOf(client), row.user_id)]

/** And those of a number, under whichever name they are. */
const profileTags =
  (client: EasymoClient) =>
  (row: Profile | null): string[] => {
    const numbers = [row?.wa_id, row?.phone_number, row?.whatsapp_e164].map((text) => (text ?? '').replace(/\D/g, ''))
    return [...userTags(client)(row), ...numbers.map((digits) => phoneKey(client, digits))]
  }

/**
 * The profile of a user, cached for 5 minutes; null when there is none, which is remembered for 5 seconds.
 *
 * @throws QueryError `ERR_PERF_QUERY` and the other errors of the database: they are not cached, and are not silence
 */
export async function getCachedProfile(client: EasymoClient, userId: string): Promise<Profile | null> {
  isText('userId', userId)
  const database = databaseOf(client)
  return part(profiles).cache.getOrSet(
    keyOf(scopeOf(client), 'id', userId),
    (call) => profileById(database, userId, call),
    { tags: profileTags(client) },
  )
}

/**
 * The profile that a phone number belongs to, cached as by {@link getCachedProfile}. Looks at `wa_id`, `phone_number`
 * and `whatsapp_e164`, with or without `+`; of several the one that WhatsApp has proven (`wa_id`), then by
 * `whatsapp_e164`, then by `phone_number`.
 *
 * @throws OptionError `ERR_PERF_OPTION` when there are no digits in `phone`
 * @throws as {@link getCachedProfile}
 */
export async function getCachedProfileByPhone(client: EasymoClient, phone: string): Promise<Profile | null> {
  const digits = digitsOf(phone)
  const database = databaseOf(client)
  return part(profiles).cache.getOrSet(phoneKey(client, digits), (call) => profileByPhone(database, digits, call), {
    tags: profileTags(client),
  })
}

/**
 * The state of a user's conversation, cached for 30 seconds or until it expires, whichever comes first; null when there
 * is none, which is not remembered. Without a key, the state that lasts longest.
 *
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
  // An entry ends with its row, by the wall clock: so the cache was set up.
  const row = await part(states).cache.getOrSet(
    stateKey(client, userId, key),
    (call) => liveState(database, { userId, key, now }, call),
    { tags: userTags(client) },
  )
  return row as UserState<Data> | null
}

/**
 * The value of a setting in `app_config` that is active, cached for 10 minutes; null when there is none, which is
 * remembered for 5 seconds.
 *
 * @throws as {@link getCachedProfile}
 */
export async function getCachedAppConfig<Value = unknown>(client: EasymoClient, key: string): Promise<Value | null> {
  isText('key', key)
  const database = databaseOf(client)
  const value = await part(configs).cache.getOrSet(configKey(client, key), (call) => activeConfig(database, key, call))
  return value as Value | null
}

/** Where a user was last, if that was said in this process within 30 minutes; else null. */
export function getCachedLocation(userId: string): Location | null {
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
  part(locations).cache.set(locationKey(userId), location)
}

/**
 * Drops what is cached of a profile, by user (under its phone numbers, too), by phone number, or by both, so that the next
 * call reads it anew. After a profile was created, give the phone number: that there was none may be remembered under it.
 */
export function invalidateProfileCache(
  client: EasymoClient,
  { userId, phone }: { readonly userId?: string; readonly phone?: string },
): void {
  const { cache } = part(profiles)
  const scope = scopeOf(client)
  const drop = (user: string): void => {
    cache.delete(keyOf(scope, 'id', user))
    cache.invalidateTag(keyOf(scope, user))
  }
  if (userId !== undefined) drop(userId)
  if (phone === undefined) return
  const key = phoneKey(client, digitsOf(phone))
  const known = cache.peek(key)
  cache.delete(key)
  cache.invalidateTag(key)
  if (known !== undefined && known !== null) drop(known.user_id)
}

/** Drops what is cached of a user's states, or of one of them. Call it after every write to `user_state`. */
export function invalidateStateCache(client: EasymoClient, userId: string, key?: string): void {
  const { cache } = part(states)
  // What is read without a key may be any of them.
  cache.delete(stateKey(client, userId, undefined))
  if (key === undefined) cache.invalidateTag(keyOf(scopeOf(client), userId))
  else cache.delete(stateKey(client, userId, key))
}

/** Drops what is cached of a setting, or of all. */
export function invalidateConfigCache(client: EasymoClient, key?: string): void {
  if (key === undefined) part(configs).cache.clear()
  else part(configs).cache.delete(configKey(client, key))
}

/** Forgets where a user is, or where all are. */
export function invalidateLocationCache(userId?: string): void {
  if (userId === undefined) part(locations).cache.clear()
  else part(locations).cache.delete(locationKey(userId))
}

const phoneKey = (client: EasymoClient, digits: string): string => keyOf(scopeOf(client), 'phone', digits)
const configKey = (client: EasymoClient, key: string): string => keyOf(scopeOf(client), 'config', key)
const locationKey = (userId: string): string => keyOf('location', userId)

function stateKey(client: EasymoClient, userId: string, key: string | undefined): string {
  const scope = scopeOf(client)
  return key === undefined ? keyOf(scope, 'state', userId) : keyOf(scope, 'state', userId, key)
}

import { cached, createCache, type Accessor, type Cache, type CacheStats } from '../cache/index.ts'
import { knownOptions } from '../core/check.ts'
import type { Database } from '../core/database.ts'
import { defaultHost, type Host } from '../core/host.ts'
import { createDedup, type Dedup } from '../dedup/index.ts'
import { profileById, profileByPhone } from './reads.ts'
import type { Profile } from './tables.ts'

/** What {@link configureEasymo} takes: the host that all caches and the deduplication of the preset share. */
export interface EasymoOptions {
  readonly host?: Host
}

/** What the preset keeps for a process. */
export interface EasymoState {
  readonly dedup: Dedup
  readonly profiles: Cache<Profile | null>
  /** One pair of accessors per database, so that the rows of one are never given out for another. */
  accessors(database: Database): ProfileAccessors
}

export interface ProfileAccessors {
  readonly byId: Accessor<string, Profile | null>
  readonly byPhone: Accessor<string, Profile | null>
}

const PROFILE_TTL_MS = 300_000
/** A profile that is not there may be created any moment. */
const MISSING_TTL_MS = 5_000

let options: EasymoOptions = {}
let state: EasymoState | undefined

/**
 * Says what the preset works with; before its first use, else it starts anew.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function configureEasymo(chosen: EasymoOptions): void {
  knownOptions(chosen, 'host')
  options = chosen
  state = undefined
}

/** Forgets everything: caches, deduplication, configuration. For tests. */
export function resetEasymo(): void {
  configureEasymo({})
}

/** Made at the first use, not at import. */
export function easymo(): EasymoState {
  return (state ??= createState(options))
}

function createState({ host = defaultHost }: EasymoOptions): EasymoState {
  const profiles = createCache<Profile | null>({
    name: 'profile',
    maxEntries: 500,
    ttlMs: PROFILE_TTL_MS,
    negativeTtlMs: MISSING_TTL_MS,
    host,
  })
  const known = new WeakMap<Database, ProfileAccessors>()
  let databases = 0

  function open(database: Database): ProfileAccessors {
    const prefix = `${(databases += 1)}:`
    return {
      byId: cached({
        cache: profiles,
        key: (userId: string) => `${prefix}id:${userId}`,
        load: (userId, call) => profileById(database, userId, call),
      }),
      byPhone: cached({
        cache: profiles,
        key: (digits: string) => `${prefix}phone:${digits}`,
        load: (digits, call) => profileByPhone(database, digits, call),
      }),
    }
  }

  return {
    dedup: createDedup({ name: 'easymo', host }),
    profiles,
    accessors(database) {
      let accessors = known.get(database)
      if (accessors === undefined) known.set(database, (accessors = open(database)))
      return accessors
    },
  }
}

/** The statistics of all caches of the preset, by name. */
export function getAllCacheStats(): Readonly<Record<string, CacheStats>> {
  return { profile: easymo().profiles.stats() }
}

/** Empties all caches of the preset. */
export function clearAllCaches(): void {
  easymo().profiles.clear()
}

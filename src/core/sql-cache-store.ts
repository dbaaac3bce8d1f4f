import type { CacheRead, CacheRecord, CacheStore, CacheWrite } from './cache-store.ts'
import { StoreSetupError } from './errors.ts'
import { repeatingConflicts, type SqlFunctionCall } from './sql-functions.ts'
import { namingSetUp } from './sql-set-up.ts'

/** The functions of `migrations/0002_cache.sql` that a store calls. */
export type CacheFunction = 'easymo_cache_read' | 'easymo_cache_write' | 'easymo_cache_delete' | 'easymo_cache_stamp'

/** More than a century is for ever, as null: a sum of microseconds and the clock stays a whole number everywhere. */
const FOREVER_MS = 4e12

/** Makes a tier of the SQL functions, whoever calls them. */
export function sqlCacheStore(call: SqlFunctionCall<CacheFunction>): CacheStore {
  const run = repeatingConflicts(namingSetUp('cache', call))
  return {
    async readMany(keys, tags, options) {
      const answer = await run('easymo_cache_read', { keys, tags }, options)
      return readOf(answer, { keys: keys.length, tags: tags.length })
    },
    async writeMany(writes, options) {
      if (writes.length > 0) await run('easymo_cache_write', { entries: writes.map(rowOf) }, options)
    },
    async deleteMany(keys, { keepMs, onGiveUp }) {
      if (keys.length > 0) await run('easymo_cache_delete', { keys, keep_ms: wholeMs(keepMs) }, { onGiveUp })
    },
    async stampTags(tags, { as, keepMs, onGiveUp }) {
      if (tags.length > 0) await run('easymo_cache_stamp', { tags, kind: as, keep_ms: wholeMs(keepMs) }, { onGiveUp })
    },
  }
}

function rowOf({ key, text, version, tags, beganAt, ttlMs, staleMs }: CacheWrite): object {
  return { key, text, version, tags, beganAt, ttlMs: wholeMs(ttlMs), staleMs: wholeMs(staleMs) }
}

function wholeMs(ms: number): number | null {
  return ms < FOREVER_MS ? Math.ceil(ms) : null
}

interface Answer {
  readonly now: number
  readonly records: readonly ((Omit<CacheRecord, 'leftMs'> & { readonly leftMs: number | null }) | null)[]
  readonly stamps: readonly ({ readonly goneAt: number; readonly staleAt: number } | null)[]
}

function readOf(answer: unknown, asked: { readonly keys: number; readonly tags: number }): CacheRead {
  const { now, records, stamps } = (answer ?? {}) as Partial<Answer>
  if (!Number.isSafeInteger(now) || records?.length !== asked.keys || stamps?.length !== asked.tags)
    throw new StoreSetupError('easymo_cache_read answered something else than a cache')
  return {
    now: now as number,
    records: records.map((record) => (record === null ? undefined : { ...record, leftMs: record.leftMs ?? Infinity })),
    stamps: stamps.map((found) => found ?? undefined),
  }
}

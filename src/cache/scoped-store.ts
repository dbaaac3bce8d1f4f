import type { CacheRecord, CacheStore } from '../core/cache-store.ts'
import { storable, unstorable } from '../core/storable.ts'

/** Every entry of a cache has it, so that all of them can be dropped at once. No tag of a user is empty. */
export const ROOT_TAG = ''

/** In characters, with the cache's name: an index of Postgres takes no more than 2700 bytes. What is longer stays here. */
const LONGEST_NAME = 800

const UNCHANGED = { goneAt: 0, staleAt: 0 }

/** The part of a store that belongs to one cache: `name:key`, `name:tag`. Two services may share a store. */
export function scopedStore(store: CacheStore, name: string): CacheStore {
  const scope = storable(`${name}:`)
  const scoped = (one: string): string => scope + storable(one)
  const fits = (one: string): boolean => scoped(one).length <= LONGEST_NAME
  const fitting = (names: readonly string[]): string[] => names.map(scoped).filter((one) => one.length <= LONGEST_NAME)
  const bare = (record: CacheRecord | undefined): CacheRecord | undefined =>
    record === undefined
      ? undefined
      : { ...record, tags: record.tags.map((tag) => unstorable(tag.slice(scope.length))) }
  return {
    async readMany(keys, tags, options) {
      const read = await store.readMany(fitting(keys), fitting(tags), options)
      const records = spread(keys.map(fits), read.records.map(bare), undefined)
      // No entry in the store has a tag that does not fit.
      return { now: read.now, records, stamps: spread(tags.map(fits), read.stamps, UNCHANGED) }
    },
    async writeMany(writes, options) {
      const fit = writes.filter(({ key, tags }) => [key, ...tags].every(fits))
      if (fit.length < writes.length) {
        const others = writes.filter((write) => !fit.includes(write)).map(({ key }) => key)
        // What is there was to be replaced.
        await store.deleteMany(fitting(others), { ...options, keepMs: 1 })
      }
      const scopedWrites = fit.map((write) => ({ ...write, key: scoped(write.key), tags: write.tags.map(scoped) }))
      await store.writeMany(scopedWrites, options)
    },
    deleteMany: (keys, options) => store.deleteMany(fitting(keys), options),
    stampTags: (tags, options) => store.stampTags(fitting(tags), options),
  }
}

/** Puts the answers back to the places of those who were asked about. */
function spread<T, R>(asked: readonly boolean[], answers: readonly T[], otherwise: R): (T | R)[] {
  let at = 0
  return asked.map((was) => (was ? (answers[at++] as T) : otherwise))
}

import type { CacheStore } from '../core/cache-store.ts'
import { hasMethods, knownOptions } from '../core/check.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { MemoryTier } from './memory-tier.ts'

/** By which clock a store in memory counts. */
export interface MemoryCacheStoreOptions {
  readonly clock?: Clock
}

/**
 * Creates a tier in the memory of this process, and gone with it: for tests, for a tiered cache that is not shared, and
 * as the model of what the shared stores do. It has no limit but the entries' time; what is past its keeping is dropped
 * while others are written.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function memoryCacheStore(options: MemoryCacheStoreOptions = {}): CacheStore {
  knownOptions(options, 'clock')
  const { clock = systemClock } = options
  hasMethods('clock', clock, 'elapsed')
  const memory = new MemoryTier(clock)
  return {
    readMany: async (keys, tags) => {
      const now = memory.tick()
      return {
        now,
        records: keys.map((key) => memory.record(key, now)),
        stamps: tags.map((tag) => memory.stamps(tag, now)),
      }
    },
    writeMany: async (writes) => {
      const now = memory.tick()
      // The earliest first, so that a new stamp lies before all of them.
      const tagged = [...writes].sort((a, b) => (a.beganAt ?? now) - (b.beganAt ?? now))
      for (const write of tagged) memory.keepTags(write, now)
      for (const write of writes) memory.write(write, now)
    },
    deleteMany: async (keys, { keepMs }) => {
      const now = memory.tick()
      for (const key of keys) memory.delete(key, now, keepMs)
    },
    stampTags: async (tags, { as, keepMs }) => {
      const now = memory.tick()
      for (const tag of tags) memory.stamp(tag, now, { as, keepMs })
    },
  }
}

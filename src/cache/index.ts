export type { LoadedMany, LoadMany } from './batch.ts'
export { createCache } from './cache.ts'
export { cached, type Accessor, type AccessorCache, type CachedOptions } from './cached.ts'
export { json, type Codec, type StandardResult, type StandardSchema } from './codec.ts'
export { memoryCacheStore, type MemoryCacheStoreOptions } from './memory-store.ts'
export type { CacheOptions } from './options.ts'
export type { TagsOf } from './tagged-loads.ts'
export { createTieredCache, type TieredCache, type TieredCacheOptions, type TieredCacheStats } from './tiered.ts'
export type {
  CacheBus,
  CacheRead,
  CacheRecord,
  CacheStore,
  CacheWrite,
  DeleteManyOptions,
  StampTagsOptions,
  TagStamps,
} from '../core/cache-store.ts'
export type { OnGiveUp, StoreCallOptions } from '../core/deadline.ts'
export type { Call } from '../core/deadline.ts'
export type { LoadStart } from '../core/load-start.ts'
export type { Cache, CacheStats, GetOrSetOptions, Load, LoadThrough, Lookup, SetOptions } from './types.ts'

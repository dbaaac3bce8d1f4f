export {
  createCache,
  type Cache,
  type CacheStats,
  type GetOrSetOptions,
  type Load,
  type Lookup,
  type SetOptions,
} from './cache.ts'
export { cached, type Accessor, type AccessorCache, type CachedOptions } from './cached.ts'
export type { CacheOptions } from './options.ts'
export type { Call } from '../core/deadline.ts'

export { redisCacheBus, type RedisCacheBusOptions } from './cache-bus.ts'
export { redisCacheStore, type RedisCacheStoreOptions } from './cache-store.ts'
export { redisDedupStore, type RedisDedupStoreOptions } from './dedup-store.ts'
export { redisMetricsStore, type RedisMetricsStoreOptions } from './metrics-store.ts'
export type { IoredisLike, NodeRedisClusterLike, NodeRedisLike, RedisClient, UpstashLike } from './drivers.ts'
export { redisPort, type RedisPort, type RedisScript } from './port.ts'
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
export type { Claim, Claimed, DedupStore, End, Ending, Release, Renewal } from '../core/dedup-store.ts'
export type {
  Amount,
  GaugeValue,
  MetricsFlush,
  MetricsStore,
  SeriesAmounts,
  StoredDefinition,
  StoredGauge,
  StoredMetrics,
} from '../core/metrics-store.ts'

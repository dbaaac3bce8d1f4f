export { redisDedupStore, type RedisDedupStoreOptions } from './dedup-store.ts'
export { redisPort, type RedisPort, type RedisScript } from './port.ts'
export type { Claim, DedupStore, Ending } from '../core/dedup-store.ts'

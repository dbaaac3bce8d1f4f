/** What must compile, and what must not: the clients of the drivers, and nobody else's. */
import { type Cluster, type Redis } from 'ioredis'
import type pg from 'pg'
import { type createClient, type createCluster } from 'redis'
import { redisCacheStore, redisDedupStore, redisMetricsStore } from './index.ts'

declare const ioredis: Redis
declare const cluster: Cluster
declare const pool: pg.Pool
declare const nodeRedis: ReturnType<typeof createClient>
declare const nodeRedisCluster: ReturnType<typeof createCluster>

for (const client of [ioredis, cluster, nodeRedis, nodeRedisCluster]) {
  redisDedupStore(client)
  redisCacheStore(client)
  redisMetricsStore(client)
}

// @ts-expect-error - a pool of Postgres is no client of Redis
redisDedupStore(pool)
// @ts-expect-error - nor is it for the cache
redisCacheStore(pool)
// @ts-expect-error - nor for metrics
redisMetricsStore(pool)
// @ts-expect-error - an address is no client
redisDedupStore('redis://localhost')

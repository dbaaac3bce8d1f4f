import { expect, it } from 'vitest'
import { cached, createCache, createTieredCache, memoryCacheStore } from './cache/index.ts'
import { createHost } from './core/host.ts'
import { createDedup, memoryDedupStore } from './dedup/index.ts'
import {
  cacheMiddleware,
  deduplicationMiddleware,
  healthEndpoint,
  metricsEndpoint,
  performanceMiddleware,
  toNode,
} from './http/index.ts'
import { lazyHandlers } from './lazy/index.ts'
import { aggregate, createMetrics, flush, memoryMetricsStore } from './metrics/index.ts'
import { pgCacheStore, pgClients, pgDatabase, pgDedupStore, pgMetricsStore } from './pg/index.ts'
import { createPool } from './pool/index.ts'
import { query } from './query/index.ts'
import { redisCacheBus, redisCacheStore, redisDedupStore, redisMetricsStore, redisPort } from './redis/index.ts'
import { supabaseCacheStore, supabaseDatabase, supabaseDedupStore, supabaseMetricsStore } from './supabase/index.ts'
import { createWarmup } from './warmup/index.ts'
import { createWebhook, whatsapp } from './webhook/index.ts'

const factories = {
  aggregate,
  cached,
  cacheMiddleware,
  createCache,
  createDedup,
  createHost,
  createMetrics,
  createPool,
  createTieredCache,
  createWarmup,
  createWebhook,
  deduplicationMiddleware,
  flush,
  healthEndpoint,
  lazyHandlers,
  memoryCacheStore,
  memoryDedupStore,
  memoryMetricsStore,
  metricsEndpoint,
  performanceMiddleware,
  pgCacheStore,
  pgClients,
  pgDatabase,
  pgDedupStore,
  pgMetricsStore,
  query,
  redisCacheBus,
  redisCacheStore,
  redisDedupStore,
  redisMetricsStore,
  redisPort,
  supabaseCacheStore,
  supabaseDatabase,
  supabaseDedupStore,
  supabaseMetricsStore,
  toNode,
  whatsapp,
} as unknown as Readonly<Record<string, (given: unknown) => unknown>>

it.each(Object.entries(factories))('%s refuses what is no options at all, with a code', (_, factory) => {
  for (const given of [null, 'text', 5, ['a list'], { noSuchOption: 1 }])
    expect(() => factory(given), JSON.stringify(given)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
})

// Every factory of the package, called at module scope, where Workers forbid timers, random values, clocks and I/O.
import { consoleObserver, createHost } from '@easymo/perf'
import { cached, createCache, createTieredCache, memoryCacheStore } from '@easymo/perf/cache'
import { createDedup, memoryDedupStore } from '@easymo/perf/dedup'
import { configureEasymo } from '@easymo/perf/easymo'
import { cacheMiddleware, healthEndpoint, metricsEndpoint, performanceMiddleware, toNode } from '@easymo/perf/http'
import { lazyHandlers } from '@easymo/perf/lazy'
import { collect, createMetrics } from '@easymo/perf/metrics'
import { pgCacheStore, pgDatabase } from '@easymo/perf/pg'
import { createPool } from '@easymo/perf/pool'
import { query } from '@easymo/perf/query'
import { redisCacheStore, redisDedupStore } from '@easymo/perf/redis'
import { supabaseCacheStore, supabaseDatabase } from '@easymo/perf/supabase'
import { manualClock } from '@easymo/perf/testing'
import { createWarmup } from '@easymo/perf/warmup'
import { createWebhook, whatsapp } from '@easymo/perf/webhook'

export const secret = 'app-secret-of-the-suite'
export const verifyToken = 'verify-token-of-the-suite'

export const observer = consoleObserver()
export const clock = manualClock()
export const facts = []
export const host = createHost({ observe: (fact) => void facts.push(fact.name) })

export const profiles = createCache({ name: 'profile', maxEntries: 500, ttlMs: 300_000, host })
export const counts = { loads: 0, handled: 0 }
export const profileByPhone = cached({
  cache: profiles,
  key: (phone) => `phone:${phone}`,
  load: async (phone) => ({ phone, nth: ++counts.loads }),
})

const memory = memoryCacheStore()
export const tiered = createTieredCache({ name: 'tiered', store: memory, host })
export const otherTiered = createTieredCache({ name: 'tiered', store: memory, host })
export const page = cacheMiddleware({ cache: createCache({ name: 'pages' }), ttlMs: 60_000, host })(
  () => new Response('page'),
)

configureEasymo({ host })

export const dedup = createDedup({ name: 'door', host })
export const stored = createDedup({ name: 'stored', store: memoryDedupStore(), host })

/** What a client of Upstash looks like. */
const redis = { eval: async () => [], evalsha: async () => [] }
export const shared = createDedup({ name: 'shared', store: redisDedupStore(redis), host })
export const sharedCache = createTieredCache({ name: 'shared', store: redisCacheStore(redis), host })

export const metrics = createMetrics({ defaultLabels: { service: 'suite' } })
export const requests = metrics.counter('suite_requests_total', { help: 'Requests of the suite', labels: ['kind'] })
export const latency = metrics.histogram('suite_duration_seconds', { help: 'Time to answer' })
collect(metrics, 'cache', 'profile', () => profiles.stats())
collect(metrics, 'dedup', 'door', () => dedup.stats())

export const pool = createPool({ create: async () => ({ open: true }), destroy: async () => {}, maxClients: 2, host })
collect(metrics, 'pool', 'clients', () => pool.stats())

/** What PGlite looks like; remembers what it was asked. */
export const asked = []
export const postgres = {
  waitReady: Promise.resolve(),
  exec: async () => [],
  query: async (text, values) => {
    asked.push({ text, values })
    return { rows: [{ id: 7, status: 'open' }] }
  },
}
export const pgCache = createTieredCache({ name: 'postgres', store: pgCacheStore(postgres), host })
export const trips = query(pgDatabase(postgres), 'trips').select('id', 'status').eq('user_id', 'u1').limit(5)

/** What a client of supabase-js looks like, with a server behind its fetch. */
export const fetched = []
const supabase = {
  rpc() {},
  from: (table) => ({
    url: `http://localhost/rest/v1/${table}`,
    headers: { apikey: 'key' },
    fetch: async (url) => {
      fetched.push(String(url))
      return Response.json([{ id: 7, status: 'open' }])
    },
  }),
}
export const supabaseCache = createTieredCache({ name: 'supabase', store: supabaseCacheStore(supabase), host })
export const tripsOverHttp = query(supabaseDatabase(supabase), 'trips').select('id', 'status').eq('user_id', 'u1')

export const handlers = lazyHandlers({ text: async () => ({ default: (update) => `text ${update.key}` }) }, { host })
export const warmup = createWarmup({
  tasks: { profile: async () => void (await profileByPhone('250788000001')) },
  host,
})

export const webhook = createWebhook({
  provider: whatsapp({ appSecret: secret, verifyToken }),
  dedup,
  host,
  handle: async (update) => {
    counts.handled += 1
    await profileByPhone('250788000001')
    await handlers.run('text', update)
  },
})

export const measured = performanceMiddleware({ service: 'suite', metrics })(webhook)
export const metricsPage = metricsEndpoint({ metrics, access: { tokens: ['scrape'] } })
export const health = healthEndpoint({
  service: 'suite',
  version: '1.0.0',
  metrics,
  checks: { database: async () => {} },
})
export const listener = toNode(measured)

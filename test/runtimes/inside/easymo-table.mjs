// Every name of the preset, called as the services call their own modules: parameters, defaults, and what comes back.
import * as easymo from '@easymo/perf/easymo'
import { whatsappDelivery } from '@easymo/perf/testing'

const row = {
  user_id: 'u1',
  full_name: 'Aline',
  wa_id: '250788000001',
  key: 'ride',
  data: { step: 1 },
  expires_at: null,
}
const more = { id: 1, balance: '12.5', amount: '3', value: 500, pickup_lat: 0, pickup_lng: 0, created_at: '2026-01-01' }

/** What supabase-js makes, with a server behind its fetch that has one row of everything. */
const client = {
  rpc: async () => ({ data: null, error: { code: 'PGRST202', message: 'none' }, status: 404 }),
  from: (table) => ({
    url: `http://localhost/rest/v1/${table}`,
    headers: {},
    fetch: async () => Response.json([{ ...row, ...more }], { headers: { 'content-range': '0-0/1' } }),
  }),
}

const isNumber = (value) => typeof value === 'number'
const has = (value, names) => names.split(' ').every((name) => name in value)
const numbers = (value, names) => names.split(' ').every((name) => isNumber(value[name]))
const get = (path = '/') => new Request(`http://localhost${path}`)
const ok = async () => new Response('ok')
const CACHE = 'hits misses size hitRate evictions'
const STATS = 'count sum avg min max p50 p90 p99'

/** By name: true where it behaves in the services' form. */
const table = {
  MemoryCache: async () => {
    const cache = new easymo.MemoryCache({ ttlMs: 300_000, maxSize: 1_000, enableLru: true, cloneValues: false })
    cache.set('a', 1)
    cache.set('b', 2, 1_000)
    const all = [cache.get('a'), cache.has('b'), cache.get('z'), await cache.getOrSet('c', async () => 3, 1_000)]
    const rest = [cache.keys().join(), cache.delete('a'), cache.cleanup(), numbers(cache.getStats(), CACHE)]
    cache.clear()
    return [...all, ...rest, cache.keys().length].join(' ') === '1 true  3 a,b,c true 0 true 0'
  },
  createCache: () => easymo.createCache() instanceof easymo.MemoryCache,
  profileCache: () => cacheWorks(easymo.profileCache),
  stateCache: () => cacheWorks(easymo.stateCache),
  configCache: () => cacheWorks(easymo.configCache),
  locationCache: () => cacheWorks(easymo.locationCache),
  getCachedProfile: async () => (await easymo.getCachedProfile(client, 'u1')).full_name === 'Aline',
  getCachedProfileByPhone: async () => (await easymo.getCachedProfileByPhone(client, '+250788000001')).user_id === 'u1',
  getCachedState: async () => (await easymo.getCachedState(client, 'u1')).key === 'ride',
  getCachedAppConfig: async () => (await easymo.getCachedAppConfig(client)).ride === 500,
  setCachedLocation: () => easymo.setCachedLocation('u1', { lat: 1, lng: 2 }) === undefined,
  getCachedLocation: async () => {
    const none = await easymo.getCachedLocation(client, 'nobody')
    return none === null && has(await easymo.getCachedLocation(client, 'u1'), 'lat lng capturedAt')
  },
  invalidateProfileCache: () => easymo.invalidateProfileCache('u1') === undefined,
  invalidateStateCache: () => easymo.invalidateStateCache('u1') === undefined,
  invalidateConfigCache: () => easymo.invalidateConfigCache() === undefined,
  invalidateLocationCache: () => easymo.invalidateLocationCache('u1') === undefined,
  getAllCacheStats: () => Object.values(easymo.getAllCacheStats()).every((one) => numbers(one, CACHE)),
  cleanupAllCaches: () => isNumber(easymo.cleanupAllCaches().total),
  clearAllCaches: () => easymo.clearAllCaches() === undefined && easymo.getAllCacheStats().profile.size === 0,
  cacheMiddleware: async () => {
    const cache = easymo.cacheMiddleware({
      ttlMs: 60_000,
      includePaths: ['/health'],
      excludePaths: [],
      methods: ['GET'],
    })
    return (await (await cache(get('/health'), ok)).text()) === 'ok'
  },
  getResponseCacheStats: () => numbers(easymo.getResponseCacheStats(), CACHE),
  clearResponseCache: () => easymo.clearResponseCache() === undefined,
  query: async () => {
    const one = () => easymo.query(client, 'trips').select('id, status').eq('a', 1).neq('a', 2).gt('a', 0).gte('a', 1)
    const two = () =>
      one().lt('a', 2).lte('a', 1).in('a', [1]).like('b', 'x%').ilike('b', 'X%').isNull('c').isNotNull('d')
    const three = two().or('a.eq.1,b.is.null').orderBy('a').limit(5).offset(5).withCount()
    const page = await two().orderBy('a', 'asc').paginate({ page: 1, pageSize: 10 }).execute()
    const { data, error, count } = await three.execute()
    const single = await two().single()
    return [data.length, error, count, page.count, single.data.id, single.error].join(' ') === '1  1 1 1 '
  },
  getProfileById: async () =>
    (await easymo.getProfileById(client, 'u1')).user_id === 'u1' &&
    (await easymo.getProfileById(client, 'u1', { useCache: false, fields: 'user_id' })).user_id === 'u1',
  getProfileByPhone: async () =>
    (await easymo.getProfileByPhone(client, '250788000001', { fields: 'user_id' })) !== null,
  findNearbyDrivers: async () => {
    const options = { vehicleType: 'moto', radiusKm: 15, limit: 9, windowDays: 30 }
    const [one] = await easymo.findNearbyDrivers(client, { lat: 0, lng: 0 }, options)
    return one.id === 1 && (await easymo.findNearbyDrivers(client, { lat: 50, lng: 0 })).length === 0
  },
  getActiveTrip: async () => (await easymo.getActiveTrip(client, 'u1')).id === 1,
  getRecentInsuranceLead: async () => (await easymo.getRecentInsuranceLead(client, '250788000001', 15)).id === 1,
  getUserClaims: async () => (await easymo.getUserClaims(client, '250788000001', { limit: 10 })).length === 1,
  getWalletBalance: async () => (await easymo.getWalletBalance(client, 'u1')) === 12.5,
  getTransactionHistory: async () => {
    const rows = await easymo.getTransactionHistory(client, 'u1', { limit: 10, offset: 0 })
    return rows[0].amount === 3 && (await easymo.getTransactionHistory(client, 'u1')).length === 1
  },
  getClientPool: () => {
    const pool = easymo.getClientPool()
    const given = pool.acquire() === client && numbers(pool.getStats(), 'size healthy totalUses oldestClientAge')
    return given && isNumber(pool.cleanup()) && pool.shutdown() === undefined
  },
  getPooledClient: () => easymo.getPooledClient() === client,
  getSupabaseClient: () => easymo.getSupabaseClient() === client,
  checkDuplicate: () => {
    const first = easymo.checkDuplicate('wamid.1', { windowMs: 30_000, maxEntries: 5_000 })
    const again = easymo.checkDuplicate('wamid.1')
    const empty = [easymo.checkDuplicate(''), easymo.checkDuplicate('')].some(({ isDuplicate }) => isDuplicate)
    return !first.isDuplicate && again.isDuplicate && again.key === 'wamid.1' && isNumber(again.firstSeenAt) && !empty
  },
  deduplicationMiddleware: async () => {
    const once = easymo.deduplicationMiddleware()
    const { body } = whatsappDelivery({ text: 'a', from: '250788000001' })
    const post = () => once(new Request('http://localhost', { method: 'POST', body }), ok)
    await post()
    const again = await post()
    const { success, duplicate, message } = await again.json()
    return again.status === 200 && again.headers.get('X-Duplicate') === 'true' && success && duplicate && message !== ''
  },
  getDeduplicationStats: () => numbers(easymo.getDeduplicationStats(), CACHE),
  clearDeduplicationCache: () =>
    easymo.clearDeduplicationCache() === undefined && !easymo.checkDuplicate('wamid.1').isDuplicate,
  lazy: async () => {
    const handler = easymo.lazy('home', async () => ({ greet: (name) => `Hello ${name}` }))
    const before = [handler.isLoaded(), handler.get()]
    const module = await handler.load()
    return before.join() === 'false,' && handler.isLoaded() && handler.get() === module
  },
  registerLazyHandler: () => easymo.registerLazyHandler('other', async () => ({ default: () => 1 })) === undefined,
  getLazyHandler: async () =>
    (await easymo.getLazyHandler('none')) === null && 'greet' in (await easymo.getLazyHandler('home')),
  isHandlerLoaded: () => easymo.isHandlerLoaded('home') && !easymo.isHandlerLoaded('other'),
  preloadHandlers: () => easymo.preloadHandlers(['other', 'none']) === undefined,
  getHandlerLoadingStats: () => has(easymo.getHandlerLoadingStats().home, 'loaded loadTimeMs'),
  lazyExecute: async () => (await easymo.lazyExecute('home', 'greet', 'Aline')) === 'Hello Aline',
  incrementCounter: () => {
    easymo.incrementCounter('sent')
    return easymo.incrementCounter('sent', { kind: 'text' }, 2) === undefined
  },
  getCounter: () => easymo.getCounter('sent', { kind: 'text' }) === 2,
  setGauge: () => easymo.setGauge('waiting', 5, { queue: 'a' }) === undefined,
  incrementGauge: () => easymo.incrementGauge('waiting', { queue: 'a' }) === undefined,
  decrementGauge: () => easymo.decrementGauge('waiting', { queue: 'a' }, 2) === undefined,
  getGauge: () => easymo.getGauge('waiting', { queue: 'a' }) === 4,
  recordHistogram: () => easymo.recordHistogram('took_ms', 5, { api: 'momo' }) === undefined,
  getHistogramStats: () =>
    numbers(easymo.getHistogramStats('took_ms', { api: 'momo' }), STATS) &&
    easymo.getHistogramStats('none').count === 0,
  startTimer: () => isNumber(easymo.startTimer()()),
  timeAsync: async () => {
    const { result, durationMs } = await easymo.timeAsync('work', async () => 7, { api: 'momo' })
    return result === 7 && isNumber(durationMs) && easymo.getCounter('work_total', { success: 'true' }) === 1
  },
  timeSync: () => {
    const { result, durationMs } = easymo.timeSync('sum', () => 7)
    return result === 7 && isNumber(durationMs) && easymo.getHistogramStats('sum_duration_ms').count === 1
  },
  recordRequestMetrics: () => easymo.recordRequestMetrics('wa', '/webhook', 'POST', 200, 5) === undefined,
  recordDatabaseMetrics: () => easymo.recordDatabaseMetrics('select', 'trips', 5, true) === undefined,
  recordApiMetrics: () => easymo.recordApiMetrics('momo', 'pay', 200, 5) === undefined,
  getAllMetrics: () => has(easymo.getAllMetrics(), 'counters gauges histograms'),
  exportPrometheusMetrics: () => /^sent_total\{.*kind="text".*\} 2$/m.test(easymo.exportPrometheusMetrics()),
  performanceMiddleware: async () => {
    const config = { enabled: true, slowThresholdMs: 1_000, logSlowRequests: true, sampleRate: 1 }
    const answer = await easymo.performanceMiddleware(config)(get(), ok, { requestId: 'r1', service: 'wa', path: '/' })
    return (await answer.text()) === 'ok'
  },
  trackColdStart: () => {
    easymo.trackColdStart('wa')
    return (
      easymo.getHistogramStats('cold_start_duration_ms').count === 1 &&
      /cold_starts_total/.test(easymo.exportPrometheusMetrics())
    )
  },
  trackHandler: async () => {
    let runs = 0
    const result = await easymo.trackHandler('home', async () => (runs += 1), { service: 'wa' })
    return result === 1 && runs === 1 && easymo.getHistogramStats('handler_duration_ms', { name: 'home' }).count === 1
  },
  trackDatabaseOp: async () => (await easymo.trackDatabaseOp('select', 'trips', async () => 7)) === 7,
  trackApiCall: async () => (await easymo.trackApiCall('momo', 'pay', async () => 7)) === 7,
  generatePerformanceReport: () => {
    const report = easymo.generatePerformanceReport()
    const parts = has(report, 'timestamp uptime metrics cache clientPool handlers deduplication memory')
    return parts && numbers(report.memory, 'heapUsed heapTotal external') && numbers(report.cache.profile, CACHE)
  },
  handlePerformanceRequest: async () => {
    const page = await (await easymo.handlePerformanceRequest(get('/metrics'))).json()
    const text = await (await easymo.handlePerformanceRequest(get('/metrics?format=prometheus'))).text()
    return has(page, 'metrics cache clientPool') && text.includes('# TYPE')
  },
  getHealthMetrics: () => {
    const { status, metrics } = easymo.getHealthMetrics()
    return typeof status === 'string' && numbers(metrics, 'errorRate avgLatencyMs cacheHitRate uptime')
  },
  isWarmedUp: () => !easymo.isWarmedUp(),
  backgroundWarmup: () => easymo.backgroundWarmup({ preloadHandlerNames: ['home'] }) === undefined,
  warmupOnce: async () => {
    await easymo.warmupOnce()
    return easymo.isWarmedUp()
  },
  warmup: async () => {
    const config = { preloadDatabase: true, preloadConfig: true, preloadHandlerNames: ['home'], timeoutMs: 5_000 }
    const { success, durationMs, steps } = await easymo.warmup(config)
    return success && isNumber(durationMs) && steps.every((step) => has(step, 'name success durationMs'))
  },
  easymoMetrics: () => easymo.easymoMetrics().defaultLabels !== undefined,
  resetMetrics: () => easymo.resetMetrics() === undefined && easymo.getCounter('sent') === 0,
}

async function cacheWorks(cache) {
  cache.set('own', 1)
  return cache.get('own') === 1 && (await cache.getOrSet('own', () => 2)) === 1 && cache.delete('own')
}

/** What is not of the services' own modules. */
const NEW = ['configureEasymo', 'resetEasymo', 'EasymoQuery']

export async function runTable() {
  easymo.resetEasymo()
  easymo.configureEasymo({ supabase: client, metricsAccess: 'public' })
  const results = []
  const untold = Object.keys(easymo).filter((name) => !(name in table) && !NEW.includes(name))
  results.push({ name: 'easymo: every name is in the table', ...(untold.length > 0 ? { error: untold.join() } : {}) })
  for (const [what, run] of Object.entries(table)) {
    const name = `easymo: ${what} has the services' form`
    try {
      results.push({ name, ...((await run()) === true ? {} : { error: 'it has another form' }) })
    } catch (error) {
      results.push({ name, error: String(error?.stack ?? error) })
    }
  }
  return results
}

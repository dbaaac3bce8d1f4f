import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createHost } from '../core/host.ts'
import { aggregate, flush, memoryMetricsStore, prometheusText } from '../metrics/index.ts'
import { manualClock } from '../testing/index.ts'
import {
  cacheMiddleware,
  clearResponseCache,
  configureEasymo,
  easymoMetrics,
  exportPrometheusMetrics,
  generatePerformanceReport,
  getAllMetrics,
  getCounter,
  getResponseCacheStats,
  handlePerformanceRequest,
  incrementCounter,
  locationCache,
  performanceMiddleware,
  resetEasymo,
  trackColdStart,
  trackHandler,
} from './index.ts'

const get = (path: string, headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost${path}`, { headers })
const env = { SUPABASE_URL: 'http://localhost', SUPABASE_SERVICE_ROLE_KEY: 'key' }

beforeEach(resetEasymo)

describe('pages', () => {
  it('are closed without a token, and show to who has it what the rooms did', async () => {
    expect((await handlePerformanceRequest(get('/fn/metrics'))).status).toBe(404)
    configureEasymo({ env: { METRICS_TOKEN: 'scrape' } })
    expect((await handlePerformanceRequest(get('/fn/metrics'))).status).toBe(401)
    locationCache.get('nobody')
    incrementCounter('things')
    for (const path of ['/fn/metrics', '/performance', '/metrics?format=json']) {
      const page = await handlePerformanceRequest(get(path, { authorization: 'Bearer scrape' }))
      expect(await page.json()).toMatchObject({ cache: { location: { misses: 1 } }, metrics: { counters: { things_total: 1 } } }) // prettier-ignore
    }
    const text = await (await handlePerformanceRequest(get('/metrics?format=prometheus', { authorization: 'Bearer scrape' }))).text() // prettier-ignore
    expect(text).toMatch(/^things_total 1$/m)
  })

  it('open to the service role where no token is set, and to all where that was said', async () => {
    configureEasymo({ env })
    expect((await handlePerformanceRequest(get('/metrics'))).status).toBe(401)
    expect((await handlePerformanceRequest(get('/metrics', { authorization: 'Bearer key' }))).status).toBe(200)
    configureEasymo({ metricsAccess: 'public' })
    expect((await handlePerformanceRequest(get('/metrics'))).status).toBe(200)
  })

  it('show everything from the first request on, with zeros', async () => {
    configureEasymo({ metricsAccess: 'public', service: 'wa' })
    const page = await (await handlePerformanceRequest(get('/metrics'))).json()
    const cold = { hits: 0, misses: 0, size: 0, hitRate: 0, evictions: 0 }
    expect(page).toMatchObject({
      timestamp: expect.stringMatching(/Z$/) as unknown,
      uptime: expect.any(Number) as unknown,
      metrics: {
        counters: { 'http_requests_total{service="wa",status="200"}': 0 },
        histograms: { http_request_duration_ms: { count: 0, avg: 0, p50: 0, p90: 0, p99: 0 } },
      },
      cache: { profile: cold, state: cold, config: cold, location: cold },
      clientPool: { size: 0, healthy: 0, totalUses: 0 },
      handlers: expect.any(Object) as unknown,
      deduplication: cold,
      memory: { heapUsed: expect.any(Number) as unknown, heapTotal: expect.any(Number) as unknown, external: expect.any(Number) as unknown }, // prettier-ignore
    })
    const text = exportPrometheusMetrics()
    for (const name of ['profile', 'state', 'config', 'location'])
      expect(text).toContain(`cache_hits_total{service="wa",cache="${name}"} 0\n`)
    expect(text).toMatch(/^process_uptime_seconds\{service="wa"\} /m)
    expect(Object.keys(getAllMetrics().gauges)).toContain('process_heap_used_bytes')
  })

  it('tell health by the checks that were given, in the shapes of all guides', async () => {
    let up = true
    const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
    const about = { service: 'wa', version: '2.0.0', domains: ['jobs', 'property'] }
    configureEasymo({ ...about, checks: { database: () => up, jobWorker: () => true }, host: createHost({ clock }) })
    expect(await (await handlePerformanceRequest(get('/fn/health'))).json()).toMatchObject({
      ...about,
      status: 'healthy',
      timestamp: '2026-01-01T00:00:00.000Z',
      checks: { database: 'ok', jobWorker: 'ok' },
      performance: { errorRate: 0, avgLatencyMs: 0, cacheHitRate: 0, uptime: 0 },
      warmedUp: false,
    })
    up = false
    configureEasymo({ checks: { database: () => up } })
    expect((await handlePerformanceRequest(get('/health'))).status).toBe(503)
    expect((await handlePerformanceRequest(get('/health/live'))).status).toBe(200)
    const head = await handlePerformanceRequest(new Request('http://localhost/health', { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([503, ''])
    expect((await handlePerformanceRequest(new Request('http://localhost/health', { method: 'POST' }))).status).toBe(
      405,
    )
  })

  it('report a cold start once, and the requests of a measured handler by service and status', async () => {
    const measured = performanceMiddleware({ logSlowRequests: false })
    expect([trackColdStart('wa'), trackColdStart('wa')]).toEqual([true, false])
    await measured(get('/users/12345'), async () => new Response('ok'), { service: 'wa' })
    await measured(get('/wp-admin'), () => new Response('no', { status: 404 }), { service: 'wa' })
    await expect(measured(get('/'), () => { throw new Error('down') })).rejects.toThrow('down') // prettier-ignore
    const { counters, histograms } = generatePerformanceReport().metrics
    expect(counters).toMatchObject({
      'http_requests_total{service="wa",status="200"}': 1,
      'http_requests_total{service="wa",status="404"}': 1,
      'http_requests_total{service="wa",status="500"}': 1,
    })
    expect(histograms['http_request_duration_ms']).toMatchObject({ count: 3 })
    expect(histograms['cold_start_duration_ms']).toMatchObject({ count: 1 })
    const text = exportPrometheusMetrics()
    expect(text).toContain('http_requests_total{service="wa",method="GET",status="200",route="/users/:id"} 1\n')
    expect(text).toContain('http_requests_total{service="wa",method="GET",status="404",route="other"} 1\n')
    expect(text).toMatch(/^cold_starts_total\{service="wa"\} 1$/m)
  })

  it('write slow requests to the console, with their service and id, and measure as many as was said', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    const lines = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const slow = async () => (await clock.tick(50), new Response('ok'))
    await performanceMiddleware({ slowThresholdMs: 50 })(get('/a'), slow, { service: 'wa', requestId: 'r1' })
    await performanceMiddleware({ slowThresholdMs: 51 })(get('/a'), slow)
    const written = lines.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)
    lines.mockRestore()
    expect(written).toMatchObject([{ event: 'http.request.slow', service: 'wa', request_id: 'r1', duration_ms: 50 }])
    for (const config of [{ enabled: false }, { sampleRate: 0 }])
      expect((await performanceMiddleware(config)(get('/a'), () => new Response('ok'))).status).toBe(200)
    expect(generatePerformanceReport().metrics.histograms['http_request_duration_ms']).toMatchObject({ count: 2 })
    expect(() => performanceMiddleware({ sampleRate: 2 })).toThrow(/sampleRate/)
  })

  it('are kept by cacheMiddleware for a minute: the health page, or what was said', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    let runs = 0
    const handler = async () => new Response(String((runs += 1)))
    const cache = cacheMiddleware()
    expect((await cache(get('/health'), handler)).headers.get('x-cache')).toBe('MISS')
    expect((await cache(get('/health'), handler)).headers.get('x-cache')).toBe('HIT')
    // Another query is another page.
    await cache(get('/health?full=1'), handler)
    await cache(get('/other'), handler)
    expect(runs).toBe(3)
    expect(getResponseCacheStats()).toMatchObject({ size: 2, hits: 1 })
    const own = cacheMiddleware({ includePaths: [], excludePaths: ['/a'], ttlMs: 5_000, keyGenerator: ({ url }) => url, methods: ['GET'], condition: ({ url }) => !url.endsWith('b') }) // prettier-ignore
    for (const path of ['/a', '/b', '/c', '/c']) await own(get(path), handler)
    expect(runs).toBe(6)
    clearResponseCache()
    await cache(get('/health'), handler)
    expect([runs, getResponseCacheStats().size]).toEqual([7, 1])
    expect(() => cacheMiddleware({ methods: ['POST'] })).toThrow(/GET and HEAD/)
  })
})

describe('easymoMetrics', () => {
  it('is the registry that the preset records in, and can be flushed and summed', async () => {
    trackColdStart('wa')
    incrementCounter('things', { service: 'wa' })
    incrementCounter('things', { service: 'jobs' })
    const metrics = easymoMetrics()
    expect(metrics.defaultLabels).toEqual({ service: 'wa' })
    metrics.counter('own_total', { help: 'Of the service' }).inc()
    const store = memoryMetricsStore()
    await flush(metrics, store)
    const text = prometheusText(await aggregate(store))
    expect(text).toMatch(/^things_total\{.*service="wa".*\} 1$/m)
    expect(text).toMatch(/^things_total\{.*exported_service="jobs".*\} 1$/m)
    expect(text).toMatch(/^own_total\{.*\} 1$/m)
    expect(getCounter('things', { service: 'jobs' })).toBe(1)
  })

  it('is named by the environment, or by who configures it', () => {
    configureEasymo({ env: { OTEL_SERVICE_NAME: 'of-env' } })
    expect(easymoMetrics().defaultLabels).toEqual({ service: 'of-env' })
    resetEasymo()
    configureEasymo({ service: 'of-config', env: { OTEL_SERVICE_NAME: 'of-env' } })
    trackColdStart('of-call')
    expect(easymoMetrics().defaultLabels).toEqual({ service: 'of-config' })
    expect(exportPrometheusMetrics()).toMatch(/^cold_starts_total\{service="of-config"\} 1$/m)
  })

  it('is one for two copies of the package in a process, with what both have of a name', async () => {
    vi.resetModules()
    const other = await import('./index.ts')
    incrementCounter('things')
    other.incrementCounter('things')
    await trackHandler('a', () => 1, { domain: 'jobs' })
    await other.trackHandler('a', () => 1, { domain: 'jobs', agent: 'x' })
    locationCache.get('a')
    other.locationCache.get('b')
    expect(other.easymoMetrics()).toBe(easymoMetrics())
    expect(getCounter('things')).toBe(2)
    const { counters } = other.getAllMetrics()
    expect(counters['cache_misses_total{cache="location"}']).toBe(2)
    expect(getCounter('handler_calls_total', { name: 'a', domain: 'jobs' })).toBe(2)
    other.resetMetrics()
    expect(getCounter('things')).toBe(0)
  })
})

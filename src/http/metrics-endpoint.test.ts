import { describe, expect, it } from 'vitest'
import { parsePrometheusText } from '../../test/support/prometheus-text.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { collect, createMetrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import {
  metricsEndpoint,
  performanceMiddleware,
  type MetricsEndpointOptions,
  type PerformanceDocument,
} from './index.ts'

const get = (query = '', headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost/metrics${query}`, { headers })

describe('who may read', () => {
  it('is nobody until access is given, and that is told once', () => {
    const facts: Fact[] = []
    const host = createHost({ observe: (fact) => facts.push(fact) })
    const closed = metricsEndpoint({ metrics: createMetrics(), host } as unknown as MetricsEndpointOptions)
    for (const asked of [get(), get('?format=prometheus'), get('', { authorization: 'Bearer undefined' })])
      expect(closed(asked).status).toBe(404)
    expect(facts).toEqual([{ name: 'http.closed', of: 'metricsEndpoint', reason: 'no-access-option' }])
  })

  it('is whoever brings one of the tokens', () => {
    const endpoint = metricsEndpoint({ metrics: createMetrics(), access: { tokens: ['old-token', 'new'] } })
    const status = (authorization?: string): number =>
      endpoint(get('', authorization === undefined ? {} : { authorization })).status
    for (const right of ['Bearer old-token', 'bearer new', 'Bearer  new ']) expect(status(right)).toBe(200)
    const wrong = ['Bearer', 'Bearer ', 'Bearer old-toke', 'Bearer old-tokenn', 'Bearer newnew', 'Basic new', 'new', 'Bearer new old-token'] // prettier-ignore
    for (const each of [undefined, ...wrong]) expect(status(each)).toBe(401)
    expect(endpoint(get()).headers.get('www-authenticate')).toBe('Bearer realm="metrics"')
    expect(endpoint(get()).headers.get('cache-control')).toBe('no-store')
  })

  it('cannot be set up with tokens that let everybody in', () => {
    const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    for (const access of [
      { tokens: [] },
      { tokens: [''] },
      { tokens: ['a b'] },
      { tokens: ['a', undefined] },
      { tokens: 'a' },
      'all',
      null,
      {},
    ])
      expect(() => metricsEndpoint({ metrics: createMetrics(), access: access as 'public' })).toThrow(option)
  })
})

describe('the formats', () => {
  const metrics = createMetrics()
  metrics.counter('a_total', { help: 'A' }).inc()
  const endpoint = metricsEndpoint({ metrics, access: 'public' })
  const type = (query: string, accept?: string): string | null =>
    endpoint(get(query, accept === undefined ? {} : { accept })).headers.get('content-type')
  const text = 'text/plain; version=0.0.4; charset=utf-8'

  it('are JSON by default, and text when it is preferred', () => {
    const prometheus = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' // prettier-ignore
    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      'application/json, text/plain, */*',
      'text/html,*/*;q=0.8',
    ])
      expect(type('', accept)).toBe('application/json')
    for (const accept of ['text/plain', prometheus, 'application/json;q=0.5, text/plain'])
      expect(type('', accept)).toBe(text)
  })

  it('follow the query before Accept, and unknown ones are refused', async () => {
    expect(type('?format=prometheus', 'application/json')).toBe(text)
    expect(type('?x=1&format=json', 'text/plain')).toBe('application/json')
    expect(endpoint(get('?format=xml')).status).toBe(400)
    expect(
      parsePrometheusText(await endpoint(get('?format=prometheus')).text()).get('a_total')?.samples[0]?.value,
    ).toBe(1)
  })

  it('are for GET and HEAD alone', () => {
    const answer = endpoint(new Request('http://localhost/metrics', { method: 'POST' }))
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('the JSON document', () => {
  const document = async (metrics: MetricsEndpointOptions['metrics']): Promise<PerformanceDocument> =>
    (await metricsEndpoint({ metrics, access: 'public' })(get()).json()) as PerformanceDocument

  it('has all its fields when nothing was collected', async () => {
    const clock = manualClock(Date.UTC(2024, 0, 31, 12))
    const { memory, ...rest } = await document(createMetrics({ host: createHost({ clock }) }))
    expect(rest).toEqual({
      timestamp: '2024-01-31T12:00:00.000Z',
      uptime: 0,
      metrics: { counters: {}, gauges: {}, histograms: {} },
      cache: {},
      clientPool: { size: 0, healthy: 0, totalUses: 0, oldestClientAge: 0 },
      handlers: {},
      deduplication: { checked: 0, duplicates: 0 },
    })
    expect(Object.keys(memory)).toEqual(['heapUsed', 'heapTotal', 'external'])
    expect(memory.heapUsed).toBeGreaterThan(0)
  })

  it('shows what was collected: caches by name, pools and dedups summed, ages in milliseconds', async () => {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    collect(metrics, 'cache', 'profile', () => ({ hits: 120, misses: 30, staleHits: 0, hitRate: 0.8, size: 45 }))
    collect(metrics, 'cache', '__proto__', () => ({ hits: 1, misses: 0, hitRate: 1, size: 1 }))
    collect(metrics, 'cache', 'broken', () => {
      throw new Error('closed')
    })
    collect(metrics, 'pool', 'pg', () => ({ size: 2, healthy: 2, totalUses: 100, oldestClientAgeMs: 61_000 }))
    collect(metrics, 'pool', 'rest', () => ({ size: 1, healthy: 1, totalUses: 50, oldestClientAgeMs: 5 }))
    collect(metrics, 'lazy', 'core', () => ({ 'core:home': { loaded: true, loadTimeMs: 45, loads: 1, errors: 0 } }))
    collect(metrics, 'dedup', 'a', () => ({ checked: 6, duplicates: 1 }))
    collect(metrics, 'dedup', 'b', () => ({ checked: 4, duplicates: 0 }))
    const measured = performanceMiddleware({ service: 'core', metrics })(() => new Response('ok'))
    void measured(get())
    await clock.tick(12_345)
    const { uptime, cache, clientPool, handlers, deduplication, metrics: shown } = await document(metrics)
    expect(uptime).toBe(12_345)
    expect(Object.keys(cache)).toEqual(['profile', '__proto__'])
    expect(cache['profile']).toEqual({ hits: 120, misses: 30, hitRate: 0.8, size: 45 })
    expect(clientPool).toEqual({ size: 3, healthy: 3, totalUses: 150, oldestClientAge: 61_000 })
    expect(handlers).toEqual({ 'core:home': { loaded: true, loadTimeMs: 45 } })
    expect(deduplication).toEqual({ checked: 10, duplicates: 1 })
    expect(shown.counters).toMatchObject({
      'http_requests_total{method="GET",status="200",route="other"}': 1,
      cache_hits_total: 121,
      cache_misses_total: 30,
    })
    expect(shown.histograms['http_request_duration_ms{route="other"}']?.count).toBe(1)
  })
})

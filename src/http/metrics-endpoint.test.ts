import { describe, expect, it } from 'vitest'
import { parsePrometheusText } from '../../test/support/prometheus-text.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { aggregate, collect, createMetrics, flush, memoryMetricsStore } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { PAGE_HEADERS } from './page.ts'
import {
  metricsEndpoint,
  performanceMiddleware,
  trackers,
  type MetricsEndpointOptions,
  type PerformanceDocument,
} from './index.ts'

const get = (query = '', headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost/metrics${query}`, { headers })

/** What a browser sends when an address is typed. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

describe('who may read', () => {
  it('is nobody until access is given, and that is told once', async () => {
    const facts: Fact[] = []
    const host = createHost({ observe: (fact) => facts.push(fact) })
    const closed = metricsEndpoint({ metrics: createMetrics(), host } as unknown as MetricsEndpointOptions)
    const post = new Request('http://localhost/metrics', { method: 'POST' })
    const browser = get('', { accept: BROWSER })
    const asked = [get(), get('?format=prometheus'), get('?format=html'), browser, get('?format=no'), post]
    for (const request of [...asked, get('', { authorization: 'Bearer undefined' })])
      expect((await closed(request)).status).toBe(404)
    expect(facts).toEqual([{ name: 'http.closed', of: 'metricsEndpoint', reason: 'no-access-option' }])
  })

  it('is whoever brings one of the tokens', async () => {
    const endpoint = metricsEndpoint({ metrics: createMetrics(), access: { tokens: ['old-token', 'new'] } })
    const status = async (authorization?: string): Promise<number> =>
      (await endpoint(get('', authorization === undefined ? {} : { authorization }))).status
    for (const right of ['Bearer old-token', 'bearer new', 'Bearer  new ']) expect(await status(right)).toBe(200)
    const wrong = ['Bearer', 'Bearer ', 'Bearer old-toke', 'Bearer old-tokenn', 'Bearer newnew', 'Basic new', 'new', 'Bearer new old-token', 'Bearer new, Bearer old-token'] // prettier-ignore
    for (const each of [undefined, ...wrong]) expect(await status(each)).toBe(401)
    const { headers } = await endpoint(get())
    expect(headers.get('www-authenticate')).toBe('Bearer realm="metrics"')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('is asked before what is at hand is shown', async () => {
    const endpoint = metricsEndpoint({ metrics: createMetrics(), access: { tokens: ['right'] } })
    const asked = ['', '?format=json', '?format=prometheus', '?format=openmetrics', '?format=xml']
    for (const query of asked) {
      await endpoint(get(query, { authorization: 'Bearer right' }))
      const refused = await endpoint(get(query))
      expect([refused.status, await refused.text()]).toEqual([401, 'Unauthorized\n'])
    }
    expect((await endpoint(new Request('http://localhost/metrics', { method: 'POST' }))).status).toBe(401)
  })

  it('does not change when the list of tokens is changed afterwards', async () => {
    const tokens = ['right']
    const endpoint = metricsEndpoint({ metrics: createMetrics(), access: { tokens } })
    tokens.push('', 'late')
    for (const authorization of ['Bearer late', 'Bearer ', ''])
      expect((await endpoint(get('', { authorization }))).status).toBe(401)
  })

  it('cannot be set up with tokens that let everybody in, or that nobody could send', () => {
    const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    const useless = [[], [''], ['a b'], ['a', undefined], ['ключ'], ['a\r\nb'], 'a']
    for (const access of [
      ...useless.map((tokens) => ({ tokens })),
      'all',
      null,
      {},
      ['a'],
      { tokens: ['a'], public: true },
    ])
      expect(() => metricsEndpoint({ metrics: createMetrics(), access: access as 'public' })).toThrow(option)
  })
})

describe('the formats', () => {
  const metrics = createMetrics()
  metrics.counter('a_total', { help: 'A' }).inc()
  const endpoint = metricsEndpoint({ metrics, access: 'public' })
  const type = async (query: string, accept?: string): Promise<string | null> =>
    (await endpoint(get(query, accept === undefined ? {} : { accept }))).headers.get('content-type')
  const json = 'application/json'
  const text = 'text/plain; version=0.0.4; charset=utf-8'
  const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
  const page = 'text/html; charset=utf-8'

  it('are JSON by default, and what Accept prefers otherwise', async () => {
    const prometheus2 = 'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' // prettier-ignore
    const prometheus3 = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,*/*;q=0.1' // prettier-ignore
    const protobuf = `application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,${prometheus2.replace('1.0.0', '1.0.0;q=0.8')}` // prettier-ignore
    const wanted: readonly (readonly [accept: string | undefined, type: string])[] = [
      [undefined, json],
      ['*/*', json],
      ['application/json', json],
      ['application/json, text/plain, */*', json],
      ['image/png', json],
      ['application/json, text/html', json],
      ['text/html;q=0, */*;q=0.1', json],
      ['text/plain', text],
      ['text/*', text],
      ['application/json;q=0.5, text/plain', text],
      ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', text],
      [prometheus2, open],
      [prometheus3, open],
      [protobuf, open],
      [BROWSER, page],
    ]
    for (const [accept, is] of wanted) expect([accept, await type('', accept)]).toEqual([accept, is])
  })

  it('follow the query before Accept, and unknown ones are refused', async () => {
    expect(await type('?format=prometheus', json)).toBe(text)
    expect(await type('?format=openmetrics', json)).toBe(open)
    expect(await type('?format=html', json)).toBe(page)
    expect(await type('?x=1&format=json#format=html', 'text/plain')).toBe(json)
    for (const format of ['xml', '', 'JSON', '__proto__', 'json%0d%0aset-cookie:a=b']) {
      const refused = await endpoint(get(`?format=${format}`, { accept: json }))
      expect([refused.status, refused.headers.get('set-cookie')]).toEqual([400, null])
      expect(await refused.text()).toBe('format must be one of json, openmetrics, prometheus, html\n')
    }
    const shown = await (await endpoint(get('?format=prometheus'))).text()
    expect(parsePrometheusText(shown).get('a_total')?.samples[0]?.value).toBe(1)
    expect(await (await endpoint(get('?format=openmetrics'))).text()).toMatch(/a_total 1\n(.*\n)*# EOF\n$/)
  })

  it('serve the page to those who have no token, because there is no data in it', async () => {
    let asked = 0
    const counted = (): typeof metrics => {
      asked += 1
      return metrics
    }
    const closed = metricsEndpoint({ metrics: counted, access: { tokens: ['right'] } })
    const shown = await closed(get('', { accept: BROWSER }))
    expect([shown.status, asked]).toEqual([200, 0])
    expect(await shown.text()).toMatch(/^<!doctype html>/i)
    expect(Object.fromEntries(shown.headers)).toMatchObject({ ...PAGE_HEADERS, 'cache-control': 'no-store' })
  })

  it('are for GET and HEAD alone', async () => {
    for (const query of ['', '?format=html', '?format=prometheus']) {
      const answer = await endpoint(new Request(`http://localhost/metrics${query}`, { method: 'POST' }))
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    }
    const head = await endpoint(new Request('http://localhost/metrics', { method: 'HEAD' }))
    expect([head.status, head.headers.get('content-type'), head.body]).toEqual([200, json, null])
  })

  it('say what they depend on, are not stored, and carry no tag to compare', async () => {
    const { headers } = await endpoint(get())
    const said = ['vary', 'cache-control', 'x-content-type-options', 'etag'].map((name) => headers.get(name))
    expect(said).toEqual(['Accept, Accept-Encoding', 'no-store', 'nosniff', null])
  })
})

describe('the JSON document', () => {
  const document = async (metrics: MetricsEndpointOptions['metrics']): Promise<PerformanceDocument> =>
    (await (await metricsEndpoint({ metrics, access: 'public' })(get())).json()) as PerformanceDocument

  it('has all its fields when nothing was collected', async () => {
    const clock = manualClock(Date.UTC(2024, 0, 31, 12))
    const { memory, ...rest } = await document(createMetrics({ host: createHost({ clock }) }))
    expect(rest).toEqual({
      timestamp: '2024-01-31T12:00:00.000Z',
      uptime: 0,
      metrics: { counters: {}, gauges: {}, histograms: {}, recentMs: 0 },
      requests: null,
      cache: {},
      clientPool: { pools: 0, size: 0, borrowed: 0, waiting: 0, healthy: 0, totalUses: 0, oldestClientAge: 0 },
      handlers: {},
      deduplication: { dedups: 0, checked: 0, duplicates: 0 },
    })
    expect(Object.keys(memory)).toEqual(['heapUsed', 'heapTotal', 'external'])
    expect(memory.heapUsed).toBeGreaterThan(0)
  })

  it('knows what is recent of a sum that is read anew each time', async () => {
    const clock = manualClock()
    const host = createHost({ clock })
    const store = memoryMetricsStore({ clock })
    const metrics = createMetrics({ host, defaultLabels: { service: 'core' } })
    const { recordRequestMetrics } = trackers(metrics)
    const answer = async (count: number, durationMs: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) recordRequestMetrics({ method: 'GET', status: 200, route: '/a', durationMs })
      await flush(metrics, store, { host })
    }
    const endpoint = metricsEndpoint({ metrics: () => aggregate(store, { host }), access: 'public', host })
    const read = async (): Promise<PerformanceDocument> => (await (await endpoint(get())).json()) as PerformanceDocument
    await answer(100, 8_000)
    expect((await read()).requests).toMatchObject({ count: 100, recent: { count: 0 } })
    for (let minute = 0; minute < 6; minute += 1) {
      await clock.tick(60_000)
      await read()
    }
    await answer(50, 10)
    await clock.tick(2_000)
    const { requests, metrics: shown } = await read()
    expect(requests).toMatchObject({ count: 150, recent: { count: 50 } })
    expect(requests?.p99).toBeGreaterThan(7_000)
    expect(requests?.recent.p99).toBeLessThan(11)
    expect(shown.recentMs).toBeGreaterThan(240_000)
  })

  it('shows what was collected: caches by name, pools and dedups summed, ages in milliseconds', async () => {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    collect(metrics, 'cache', 'profile', () => ({ hits: 120, misses: 30, staleHits: 0, hitRate: 0.8, size: 45 }))
    collect(metrics, 'cache', '__proto__', () => ({ hits: 1, misses: 0, hitRate: 1, size: 1 }))
    collect(metrics, 'cache', 'broken', () => {
      throw new Error('closed')
    })
    collect(metrics, 'pool', 'pg', () => ({
      size: 2,
      healthy: 2,
      borrowed: 1,
      waiting: 7,
      totalUses: 100,
      oldestClientAgeMs: 61_000,
    }))
    collect(metrics, 'pool', 'rest', () => ({ size: 1, healthy: 1, totalUses: 50, oldestClientAgeMs: 5 }))
    collect(metrics, 'lazy', 'core', () => ({ 'core:home': { loaded: true, loadTimeMs: 45, loads: 1, errors: 0 } }))
    collect(metrics, 'dedup', 'a', () => ({ checked: 6, duplicates: 1 }))
    collect(metrics, 'dedup', 'b', () => ({ checked: 4, duplicates: 0 }))
    const measured = performanceMiddleware({ service: 'core', metrics })(() => new Response('ok'))
    void measured(get())
    await clock.tick(12_345)
    const shown = await document(metrics)
    expect(Object.keys(shown)).toEqual(
      ['timestamp', 'uptime', 'metrics', 'requests', 'cache', 'clientPool', 'handlers', 'deduplication', 'memory'],
    ) // prettier-ignore
    const { uptime, cache, clientPool, handlers, deduplication } = shown
    expect(uptime).toBe(12_345)
    expect(Object.keys(cache)).toEqual(['profile', '__proto__'])
    expect(cache['profile']).toEqual({ hits: 120, misses: 30, hitRate: 0.8, size: 45 })
    expect(clientPool).toEqual({
      pools: 2,
      size: 3,
      borrowed: 1,
      waiting: 7,
      healthy: 3,
      totalUses: 150,
      oldestClientAge: 61_000,
    })
    expect(handlers).toEqual({ 'core:home': { loaded: true, loadTimeMs: 45 } })
    expect(deduplication).toEqual({ dedups: 2, checked: 10, duplicates: 1 })
    expect(shown.metrics.counters).toMatchObject({
      'http_requests_total{method="GET",status="200",route="other"}': 1,
      cache_hits_total: 121,
      cache_misses_total: 30,
    })
    expect(shown.metrics.histograms['http_request_duration_ms{route="other"}']?.count).toBe(1)
  })
})

it('refuses options of the wrong type', () => {
  const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
  const base = { metrics: createMetrics(), access: 'public' } as const
  for (const wrong of [{ metrics: {} }, { timeoutMs: 0 }, { host: {} }, { tokens: ['a'] }])
    expect(() => metricsEndpoint({ ...base, ...wrong } as MetricsEndpointOptions)).toThrow(option)
})

import { describe, expect, it } from 'vitest'
import { parsePrometheusText, valueOf } from '../../test/support/prometheus-text.ts'
import { createHost } from '../core/host.ts'
import { bucketQuantile } from '../core/bucket-quantile.ts'
import { statsTable } from '../core/stats-table.ts'
import { manualClock } from '../testing/clock.ts'
import {
  aggregate,
  collect,
  createMetrics,
  flush,
  memoryMetricsStore,
  metricsJson,
  prometheusText,
  type Metrics,
} from './index.ts'

const cacheStats = { name: 'profile', size: 45, hits: 120, misses: 30, staleHits: 2, loads: 30, loadErrors: 1, evictions: 0, hitRate: 0.8 } // prettier-ignore

describe('prometheusText', () => {
  it('is empty when nothing was defined or recorded', () => {
    const metrics = createMetrics()
    metrics.counter('a_total', { help: 'A', labels: ['x'] })
    expect(prometheusText(metrics)).toBe('')
  })

  it('writes what the specification says, to the letter', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'core' } })
    metrics.counter('requests_total', { help: 'Requests answered', labels: ['status'] }).inc('200')
    metrics.gauge('depth', { help: 'Depth' }).set(-1.5)
    metrics.histogram('wait_seconds', { help: 'Wait', labels: ['route'], buckets: [0.005, 1] }).observe(0.5, '/a')
    expect(prometheusText(metrics)).toBe(
      [
        '# HELP requests_total Requests answered',
        '# TYPE requests_total counter',
        'requests_total{service="core",status="200"} 1',
        '# HELP depth Depth',
        '# TYPE depth gauge',
        'depth{service="core"} -1.5',
        '# HELP wait_seconds Wait',
        '# TYPE wait_seconds histogram',
        'wait_seconds_bucket{service="core",route="/a",le="0.005"} 0',
        'wait_seconds_bucket{service="core",route="/a",le="1.0"} 1',
        'wait_seconds_bucket{service="core",route="/a",le="+Inf"} 1',
        'wait_seconds_sum{service="core",route="/a"} 0.5',
        'wait_seconds_count{service="core",route="/a"} 1',
        '',
      ].join('\n'),
    )
  })

  it('writes very large and very small numbers so that they can be read back', async () => {
    const metrics = createMetrics()
    const value = metrics.gauge('value', { help: 'Value', labels: ['of'] })
    for (const number of [1e21, 1.7e308, 5e-324, -0.1, 2 ** 53]) value.set(number, String(number))
    const samples = parsePrometheusText(prometheusText(metrics)).get('value')?.samples ?? []
    for (const sample of samples) expect(String(sample.value)).toBe(sample.labels['of'])
    const store = memoryMetricsStore()
    for (const isolate of [createMetrics(), createMetrics()]) {
      isolate.gauge('large', { help: 'Large' }).set(1.7e308)
      await flush(isolate, store)
    }
    expect(valueOf(prometheusText(await aggregate(store)), 'large')).toBe(Infinity)
  })
})

describe('metricsJson', () => {
  it('shows label sets as recorded, without the default ones, and seconds as milliseconds', async () => {
    const clock = manualClock()
    const metrics = createMetrics({ defaultLabels: { service: 'core' }, host: createHost({ clock }) })
    metrics.counter('requests_total', { help: 'R', labels: ['status'] }).add(150, '200')
    metrics.gauge('depth', { help: 'D' }).set(3)
    const wait = metrics.histogram('wait_seconds', { help: 'W' })
    for (const seconds of [0.003, 0.0452, 0.2]) wait.observe(seconds)
    metrics.histogram('size_bytes', { help: 'S', labels: ['a'], buckets: [10] }).observe(7, 'x"y')
    const { counters, gauges, histograms } = metricsJson(metrics)
    expect(counters).toEqual({ 'requests_total{status="200"}': 150 })
    expect(gauges).toEqual({ depth: 3 })
    expect(histograms['wait_ms']).toMatchObject({ count: 3, sum: 248.2, min: 3, max: 200 })
    expect(histograms['wait_ms']?.avg).toBeCloseTo(82.7333, 3)
    expect(histograms['size_bytes{a="x\\"y"}']).toMatchObject({ count: 1, sum: 7, avg: 7, min: 7, max: 7, p50: 7, p90: 7, p99: 7 }) // prettier-ignore
  })

  it('shows zeros for a histogram that has observed nothing', () => {
    const metrics = createMetrics()
    metrics.histogram('wait_seconds', { help: 'W' })
    expect(metricsJson(metrics).histograms).toEqual({
      wait_ms: { count: 0, sum: 0, avg: 0, min: 0, max: 0, p50: 0, p90: 0, p99: 0, recent: { count: 0, avg: 0, p50: 0, p90: 0, p99: 0 } }, // prettier-ignore
    }) // prettier-ignore
  })
})

describe('bucketQuantile', () => {
  it('lies in the bucket of the true value, and never outside of what was observed', () => {
    const buckets = [1, 2, 5, 10]
    const values = Array.from({ length: 1_000 }, (_, index) => ((index * 7919) % 1_000) / 80)
    const counts = [0, 0, 0, 0, 0]
    for (const value of values) counts[[...buckets, Infinity].findIndex((bound) => value <= bound)] = (counts[[...buckets, Infinity].findIndex((bound) => value <= bound)] ?? 0) + 1 // prettier-ignore
    const sorted = values.toSorted((a, b) => a - b)
    const series = { counts, count: 1_000, sum: 0, min: sorted[0] ?? 0, max: sorted[999] ?? 0 }
    for (const q of [0.01, 0.5, 0.9, 0.99])
      expect(Math.abs(bucketQuantile(q, series, buckets) - (sorted[Math.ceil(q * 1_000) - 1] ?? 0))).toBeLessThan(0.1)
    expect(bucketQuantile(1, series, buckets)).toBe(series.max)
    expect(bucketQuantile(0, series, buckets)).toBe(series.min)
  })
})

describe('collect', () => {
  const sample = (metrics: Metrics, name: string, labels: Record<string, string>): number | undefined =>
    valueOf(prometheusText(metrics), name, labels)

  it('reads the stats when they are shown, and not before', () => {
    const metrics = createMetrics()
    let reads = 0
    const stop = collect(metrics, 'cache', 'profile', () => ({ ...cacheStats, loads: (reads += 1) }))
    expect(reads).toBe(0)
    expect(sample(metrics, 'cache_loads_total', { cache: 'profile' })).toBe(1)
    expect(sample(metrics, 'cache_loads_total', { cache: 'profile' })).toBe(2)
    stop()
    expect(prometheusText(metrics)).toBe('')
  })

  it('shows every field of every kind under a name and a unit that promtool accepts', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'core' } })
    const full = (kind: keyof typeof statsTable): object =>
      Object.fromEntries(Object.entries(statsTable[kind].fields).map(([name, { word }]) => [name, word ?? 1_000]))
    for (const kind of ['cache', 'pool', 'dedup', 'webhook'] as const) collect(metrics, kind, 'one', () => full(kind))
    collect(metrics, 'lazy', 'core', () => ({ 'core:home': { ...full('lazy'), loaded: true } }))
    collect(metrics, 'warmup', 'core', () => ({ profile: full('warmup'), config: { status: 'failed', durationMs: 5 } }))
    const families = parsePrometheusText(prometheusText(metrics))
    expect(families.size).toBe(Object.values(statsTable).flatMap(({ fields }) => Object.keys(fields)).length)
    const asDefined = createMetrics()
    for (const { name, type, help } of families.values())
      if (type === 'counter') asDefined.counter(name, { help })
      else asDefined.gauge(name, { help })
    const at = (name: string, labels: Record<string, string>): number | undefined => sample(metrics, name, { service: 'core', ...labels }) // prettier-ignore
    expect(at('pool_oldest_client_age_seconds', { pool: 'one' })).toBe(1)
    expect(at('lazy_handler_loaded', { lazy: 'core', handler: 'core:home' })).toBe(1)
    expect(at('lazy_handler_load_seconds', { lazy: 'core', handler: 'core:home' })).toBe(1)
    expect(at('warmup_task_done', { warmup: 'core', task: 'profile' })).toBe(1)
    expect(at('warmup_task_done', { warmup: 'core', task: 'config' })).toBe(0)
  })

  it('sums look-ups over all caches in the JSON', () => {
    const metrics = createMetrics()
    collect(metrics, 'cache', 'profile', () => cacheStats)
    collect(metrics, 'cache', 'state', () => ({ ...cacheStats, hits: 1, misses: 2 }))
    expect(metricsJson(metrics).counters).toMatchObject({
      cache_hits_total: 121,
      cache_misses_total: 32,
      'cache_hits_total{cache="profile"}': 120,
      'cache_hits_total{cache="state"}': 1,
    })
    expect(metricsJson(metrics).gauges).toMatchObject({ 'cache_entries{cache="profile"}': 45 })
  })

  it('turns any flat object of numbers into metrics', () => {
    const metrics = createMetrics()
    collect(metrics, 'custom', 'inbox', () => ({
      depth: 3,
      waitMs: 1_500,
      sentTotal: 7,
      open: true,
      skip: 'text',
      ms: 1,
    }))
    expect(metricsJson(metrics)).toMatchObject({
      counters: { inbox_sent_total: 7 },
      gauges: { inbox_depth: 3, inbox_wait_seconds: 1.5, inbox_open: 1 },
    })
    expect(prometheusText(metrics)).not.toMatch(/skip|^inbox_ms/m)
  })

  it('counts the numbers of a custom object that can have no name, and the parts beyond a thousand', () => {
    const metrics = createMetrics()
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`home:${at}`, { loaded: true }]))
    collect(metrics, 'custom', 'inbox', () => ({ depth: 3, sizeMb: 1, label: 'text' }))
    collect(metrics, 'lazy', 'core', () => many)
    const text = prometheusText(metrics)
    expect(text.match(/^inbox_.+$/gm)).toEqual(['inbox_depth 3'])
    expect(text.match(/^lazy_handler_loaded\{/gm)).toHaveLength(1_000)
    for (const metric of ['inbox_size_mb', 'lazy'])
      expect(valueOf(text, 'easymo_metrics_misuse_total', { metric }), metric).toBe(1)
  })

  it('makes no name of a phone number', () => {
    const metrics = createMetrics()
    collect(metrics, 'custom', 'sent', () => ({ '250788000001': 5, '+250 788 000 002': 6 }))
    expect(prometheusText(metrics)).not.toMatch(/788/)
  })

  it('takes no promise for stats, and lets none that fails end the process', async () => {
    const metrics = createMetrics()
    const unheard: unknown[] = []
    const listen = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    try {
      collect(metrics, 'pool', 'main', async () => ({ size: 3 }))
      collect(metrics, 'custom', 'inbox', () => Promise.reject(new Error('closed')))
      const text = prometheusText(metrics)
      for (const metric of ['pool', 'custom'])
        expect(valueOf(text, 'easymo_metrics_misuse_total', { metric }), metric).toBe(1)
      for (const { read } of metrics.sources()) expect(read).toThrow('no promise')
      await new Promise((resolve) => setTimeout(resolve, 0))
    } finally {
      process.off('unhandledRejection', listen)
    }
    expect(unheard).toEqual([])
  })

  it('leaves out and counts what cannot be read or shown, without losing the rest', () => {
    const metrics = createMetrics()
    metrics.counter('cache_hits_total', { help: 'Mine' }).inc()
    collect(metrics, 'pool', 'gone', () => {
      throw new Error('closed')
    })
    collect(metrics, 'dedup', 'odd', () => undefined)
    collect(metrics, 'cache', 'profile', () => cacheStats)
    const text = prometheusText(metrics)
    expect(valueOf(text, 'cache_hits_total')).toBe(1)
    expect(valueOf(text, 'cache_misses_total', { cache: 'profile' })).toBe(30)
    for (const metric of ['pool', 'dedup', 'cache_hits_total'])
      expect(valueOf(text, 'easymo_metrics_misuse_total', { metric })).toBe(1)
  })

  it('replaces a source of the same kind and name', () => {
    const metrics = createMetrics()
    const stopFirst = collect(metrics, 'cache', 'profile', () => cacheStats)
    collect(metrics, 'cache', 'profile', () => ({ ...cacheStats, hits: 5 }))
    stopFirst()
    expect(sample(metrics, 'cache_hits_total', { cache: 'profile' })).toBe(5)
  })

  it('refuses an unknown kind, an empty name and what is no function', () => {
    const metrics = createMetrics({ defaultLabels: { cache: 'x' } })
    const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    expect(() => collect(metrics, 'queue' as 'cache', 'a', () => ({}))).toThrow(option)
    expect(() => collect(metrics, 'pool', '', () => ({}))).toThrow(option)
    expect(() => collect(metrics, 'pool', 'a', {} as () => object)).toThrow(option)
    expect(() => collect(metrics, 'cache', 'a', () => ({}))).toThrow(/default label/)
  })
})

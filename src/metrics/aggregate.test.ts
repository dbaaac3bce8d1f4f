import { describe, expect, it } from 'vitest'
import { toldHost } from '../../test/support/dedup-probe.ts'
import { StoreUnavailable } from '../core/errors.ts'
import type { GaugeMerge, HistogramSnapshot, Metrics, MetricsView } from '../core/metrics-port.ts'
import type { MetricsStore, StoredMetrics } from '../core/metrics-store.ts'
import { manualClock, type ManualClock } from '../testing/index.ts'
import { aggregate, collect, createMetrics, flush, memoryMetricsStore, metricsJson, prometheusText } from './index.ts'

const MINUTE_MS = 60_000

interface World {
  readonly clock: ManualClock
  readonly store: MetricsStore
  isolate(defaultLabels?: Readonly<Record<string, string>>): Metrics
  send(metrics: Metrics): Promise<boolean>
  text(): Promise<string>
}

function world(): World {
  const clock = manualClock()
  const { host } = toldHost(clock)
  const store = memoryMetricsStore({ clock })
  return {
    clock,
    store,
    isolate: (defaultLabels = {}) => createMetrics({ host, defaultLabels }),
    send: (metrics) => flush(metrics, store, { host }),
    text: async () => prometheusText(await aggregate(store, { host })),
  }
}

const lines = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(name))

function histogramOf(view: MetricsView, name: string): HistogramSnapshot | undefined {
  let found: HistogramSnapshot | undefined
  for (const family of view.families())
    if (family.type === 'histogram' && family.name === name) family.each((_, snapshot) => (found = snapshot))
  return found
}

describe('aggregate', () => {
  it('is the sum of all isolates, whose default labels are labels', async () => {
    const { isolate, send, text } = world()
    for (const service of ['core', 'core', 'jobs']) {
      const metrics = isolate({ service })
      metrics.counter('requests_total', { help: 'Requests', labels: ['status'] }).add(2, '200')
      metrics.histogram('latency_seconds', { help: 'Latency', buckets: [1, 2] }).observe(1.5)
      await send(metrics)
    }
    const all = await text()
    expect(lines(all, 'requests_total').sort()).toEqual(['requests_total{service="core",status="200"} 4', 'requests_total{service="jobs",status="200"} 2']) // prettier-ignore
    expect(lines(all, 'latency_seconds')).toEqual([
      'latency_seconds_bucket{service="core",le="1.0"} 0',
      'latency_seconds_bucket{service="core",le="2.0"} 2',
      'latency_seconds_bucket{service="core",le="+Inf"} 2',
      'latency_seconds_sum{service="core"} 3',
      'latency_seconds_count{service="core"} 2',
      'latency_seconds_bucket{service="jobs",le="1.0"} 0',
      'latency_seconds_bucket{service="jobs",le="2.0"} 1',
      'latency_seconds_bucket{service="jobs",le="+Inf"} 1',
      'latency_seconds_sum{service="jobs"} 1.5',
      'latency_seconds_count{service="jobs"} 1',
    ])
  })

  it('shows services of other default labels side by side', async () => {
    const { isolate, send, text } = world()
    for (const labels of [{}, { region: 'eu' }, { region: 'us', service: 'core' }]) {
      const metrics = isolate(labels)
      metrics.counter('requests_total', { help: 'Requests' }).inc()
      await send(metrics)
    }
    expect(lines(await text(), 'requests_total').sort()).toEqual([
      'requests_total{region="",service=""} 1',
      'requests_total{region="eu",service=""} 1',
      'requests_total{region="us",service="core"} 1',
    ])
  })

  it('has the sketch of the union of all values', async () => {
    const { isolate, send, store } = world()
    const define = (metrics: Metrics) =>
      metrics.histogram('size_bytes', { help: 'Size', quantiles: true, buckets: [1] })
    const union = isolate()
    const isolates = [1, 2, 3, 4].map(() => isolate())
    for (let at = 0; at < 2_000; at += 1) {
      const value = (at % 50 === 0 ? 0 : Math.exp(at / 100) / 1_000) * (at % 7 === 0 ? -1 : 1)
      define(union).observe(value)
      const one = isolates[at % 4] as Metrics
      define(one).observe(value)
      if (at % 300 === 0) await send(one)
    }
    for (const one of isolates) await send(one)
    const expected = histogramOf(union, 'size_bytes')
    const { sum, ...shown } = histogramOf(await aggregate(store), 'size_bytes') as HistogramSnapshot
    expect({ ...shown, sum: expected?.sum }).toEqual(expected)
    expect(sum / (expected?.sum ?? NaN)).toBeCloseTo(1, 12)
  })

  it('brings sketches of several scales to the coarsest', async () => {
    const shape = JSON.stringify({ type: 'histogram', name: 'h', help: 'H', labels: [], buckets: [1], sketch: true })
    const stored: StoredMetrics = {
      series: [{ metric: 'k', series: '[[],[]]', sums: [['1', 7], ['s', 9], ['z', 1], ['p5:-3', 1], ['p5:6', 2], ['p4:3', 3], ['n5:-1', 1]] }], // prettier-ignore
      gauges: [],
      definitions: [{ metric: 'k', definition: shape, ageMs: 0, idleMs: 0 }],
    }
    const snapshot = histogramOf(await aggregate({ add: async () => true, read: async () => stored }), 'h')
    const sketch = { scale: 4, zeroCount: 1, positive: { offset: -2, counts: [1, 0, 0, 0, 0, 5] }, negative: { offset: -1, counts: [1] } } // prettier-ignore
    expect(snapshot).toEqual({ counts: [0, 7], count: 7, sum: 9, min: 0, max: 0, sketch })
  })

  it.each<[GaugeMerge, number]>([
    ['sum', 12],
    ['max', 9],
    ['last', 2],
  ])('puts gauges together by %s, of those isolates that were heard of lately', async (merge, together) => {
    const { clock, isolate, send, text } = world()
    const shown = async (): Promise<string[]> => lines(await text(), 'size')
    const isolates = [1, 9, 2].map(() => isolate())
    for (const [at, value] of [1, 9, 2].entries()) {
      const one = isolates[at] as Metrics
      one.gauge('size', { help: 'Size', merge }).set(value)
      await send(one)
      await clock.tick(1_000)
    }
    // Told again, and not set again.
    await clock.tick(3 * MINUTE_MS)
    await send(isolates[0] as Metrics)
    expect(await shown()).toEqual([`size ${together}`])
    await clock.tick(2 * MINUTE_MS)
    expect(await shown()).toEqual(['size 1'])
    await clock.tick(3 * MINUTE_MS)
    expect(await shown()).toEqual([])
  })

  it('shows the younger of two definitions while both are in use, and the older when the younger has gone', async () => {
    const { clock, isolate, send, text } = world()
    const [old, young] = [isolate(), isolate()]
    const before = old.histogram('latency_seconds', { help: 'Latency', buckets: [1] })
    const after = young.histogram('latency_seconds', { help: 'Latency', buckets: [1, 2] })
    const counters = [old.counter('requests_total', { help: 'R' }), young.counter('requests_total', { help: 'Other', labels: ['status'] })] // prettier-ignore
    const bounds = async (): Promise<number> => lines(await text(), 'latency_seconds_bucket').length
    const use = async (metrics: Metrics): Promise<void> => {
      ;(metrics === old ? before : after).observe(0.5)
      if (metrics === old) counters[0]?.inc()
      else counters[1]?.inc('200' as never)
      await send(metrics)
    }
    await use(old)
    expect(await bounds()).toBe(2)
    for (let minute = 0; minute < 15; minute += 1) {
      await clock.tick(MINUTE_MS)
      await use(minute % 2 === 0 ? young : old)
      expect(await bounds()).toBe(3)
    }
    expect(lines(await text(), 'requests_total')).toEqual(['requests_total{status="200"} 8'])
    // Rolled back: the old version is the only one.
    for (let minute = 0; minute < 12; minute += 1) {
      await clock.tick(MINUTE_MS)
      await use(old)
    }
    expect(lines(await text(), 'latency_seconds_count')).toEqual(['latency_seconds_count 20'])
    expect(lines(await text(), 'requests_total')).toEqual(['requests_total 20'])
  })

  it('goes on with the same series when only the help has changed', async () => {
    const { isolate, send, text } = world()
    for (const help of ['Requests', 'Requests answered']) {
      const metrics = isolate()
      metrics.counter('requests_total', { help }).inc()
      await send(metrics)
    }
    expect(lines(await text(), '# HELP requests_total')).toEqual(['# HELP requests_total Requests answered'])
    expect(lines(await text(), 'requests_total')).toEqual(['requests_total 2'])
  })

  it('puts what collected rooms said together, and works ratios out anew', async () => {
    const { isolate, send, store } = world()
    for (const [hits, misses] of [
      [90, 10],
      [0, 100],
    ] as const) {
      const metrics = isolate({ service: 'core' })
      const hitRate = hits / (hits + misses)
      collect(metrics, 'cache', 'profile', () => ({ hits, misses, staleHits: 0, hitRate, size: 5 }))
      collect(metrics, 'pool', 'main', () => ({ size: 2, oldestClientAgeMs: 1_000 + hits }))
      collect(metrics, 'lazy', 'handlers', () => ({ home: { loaded: true, loadTimeMs: 45 }, away: { loaded: false } }))
      collect(metrics, 'warmup', 'start', () => ({ db: { status: 'ok', durationMs: 5 } }))
      collect(metrics, 'custom', 'queue', () => ({ length: 3, fillRatio: 0.5 }))
      await send(metrics)
    }
    const view = await aggregate(store)
    const { counters, gauges } = metricsJson(view)
    expect(counters).toMatchObject({ cache_hits_total: 90, cache_misses_total: 110 })
    expect(gauges).toMatchObject({
      'cache_hit_ratio{service="core",cache="profile"}': 0.45,
      'cache_entries{service="core",cache="profile"}': 10,
      'pool_clients{service="core",pool="main"}': 4,
      'pool_oldest_client_age_seconds{service="core",pool="main"}': 1.09,
      'queue_length{service="core"}': 6,
      'queue_fill_ratio{service="core"}': 0.5,
    })
    const read = Object.fromEntries(view.sources().map(({ kind, name, read: stats }) => [`${kind} ${name}`, stats()]))
    expect(read).toMatchObject({
      'cache profile': { hits: 90, misses: 110, staleHits: 0, hitRate: 0.45, size: 10 },
      'pool main': { size: 4, oldestClientAgeMs: 1_090 },
      'lazy handlers': { home: { loaded: true, loadTimeMs: 45 }, away: { loaded: false } },
      'warmup start': { db: { status: 'ok', durationMs: 5 } },
    })
  })

  it('says of a cache that several services have what they have looked up together', async () => {
    const { isolate, send, store } = world()
    for (const [service, hits, misses] of [
      ['core', 90, 10],
      ['jobs', 0, 100],
    ] as const) {
      const metrics = isolate({ service })
      collect(metrics, 'cache', 'profile', () => ({ hits, misses, staleHits: 0, hitRate: hits / (hits + misses) }))
      await send(metrics)
    }
    const view = await aggregate(store)
    expect(view.sources().map(({ read }) => read())).toEqual([{ hits: 90, misses: 110, staleHits: 0, hitRate: 0.45 }])
  })

  it('counts what found no place in the store in a series of the same metric', async () => {
    const { isolate, store, text } = world()
    const metrics = isolate()
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['route', 'status'] })
    for (let at = 0; at < 10; at += 1) requests.inc(`/${at}`, '200')
    await flush(metrics, store, { maxSeriesPerMetric: 2 })
    const shown = lines(await text(), 'requests_total')
    expect(shown).toHaveLength(3)
    expect(shown).toContain('requests_total{route="__overflow__",status="__overflow__"} 8')
  })

  it('leaves out what it does not know, and shows the rest', async () => {
    const good = JSON.stringify({ type: 'counter', name: 'good_total', help: 'Good', labels: ['a'] })
    const stored: StoredMetrics = {
      series: [
        { metric: 'k', series: '[[],["x"]]', sums: [['v', 1]] },
        ...['', '5', 'null', '[]', '[[],["x","y"]]', '{"a":1}', '[1,2]'].map((series) => ({ metric: 'k', series, sums: [['v', 9]] as const })), // prettier-ignore
        { metric: 'nobody said what', series: '[[],[]]', sums: [['v', 9]] },
      ],
      gauges: [{ metric: 'k2', series: '[[],[]]', instance: 'i', value: 1, ageMs: 0 }],
      definitions: [['k', good], ['k2', '{"type":"gauge-of-v2","name":"later","labels":[]}'], ['k3', 'not JSON'], ['k4', 'null'], ['k5', '[]']].map(([metric = '', definition = '']) => ({ metric, definition, ageMs: 5, idleMs: 0 })), // prettier-ignore
    }
    const view = await aggregate({ add: async () => true, read: async () => stored })
    expect(prometheusText(view).split('\n').filter((line) => line.includes('good') || line.includes('later'))).toEqual(['# HELP good_total Good', '# TYPE good_total counter', 'good_total{a="x"} 1']) // prettier-ignore
    expect(view.uptimeMs()).toBe(5)
  })

  it('has a deadline of its own, and skips a store that is down', async () => {
    const clock = manualClock()
    const { host, told } = toldHost(clock)
    let asked = 0
    const frozen: MetricsStore = { add: async () => true, read: () => ((asked += 1), new Promise(() => undefined)) }
    for (let call = 0; call < 3; call += 1) {
      const read = aggregate(frozen, { host })
      await clock.tick(1_000)
      await expect(read).rejects.toBeInstanceOf(StoreUnavailable)
    }
    await expect(aggregate(frozen, { host })).rejects.toBeInstanceOf(StoreUnavailable)
    expect([asked, told('store.down')]).toEqual([3, 1])
    const abort = new AbortController()
    const read = aggregate({ ...frozen }, { host, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(read).rejects.toThrow('enough')
  })

  it.each([[{ timeoutMs: 0 }], [{ timeout: 1 }], [5]])('refuses %j at once', (options) => {
    expect(() => aggregate(memoryMetricsStore(), options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_PERF_OPTION' }),
    )
    expect(() => aggregate({} as never)).toThrow('store')
  })
})

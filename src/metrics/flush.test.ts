import { describe, expect, it } from 'vitest'
import { probedMetrics, type ProbedMetricsStore } from '../../test/support/metrics-probe.ts'
import { gate, toldHost, type ToldHost } from '../../test/support/dedup-probe.ts'
import { StoreSetupError } from '../core/errors.ts'
import type { Counter, Metrics } from '../core/metrics-port.ts'
import { manualClock, type ManualClock } from '../testing/index.ts'
import { aggregate, collect, createMetrics, flush, memoryMetricsStore, metricsJson } from './index.ts'

const UNAVAILABLE = { code: 'ERR_PERF_STORE_UNAVAILABLE' }
const HOUR_MS = 3_600_000

interface World extends ToldHost {
  readonly clock: ManualClock
  readonly metrics: Metrics
  readonly requests: Counter<readonly ['status']>
  readonly store: ProbedMetricsStore
  send(): Promise<boolean>
  counters(): Promise<Readonly<Record<string, number>>>
}

function world(): World {
  const clock = manualClock()
  const told = toldHost(clock)
  const metrics = createMetrics({ host: told.host })
  const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['status'] })
  const store = probedMetrics(memoryMetricsStore({ clock }))
  return {
    ...told,
    clock,
    metrics,
    requests,
    store,
    send: () => flush(metrics, store, { host: told.host }),
    counters: async () => metricsJson(await aggregate(store)).counters,
  }
}

describe('flush', () => {
  it('sends what has changed, once, and nothing when nothing has', async () => {
    const { requests, store, send, counters } = world()
    requests.inc('200')
    expect(await send()).toBe(true)
    requests.inc('500')
    requests.add(2, '500')
    expect([await send(), await send()]).toEqual([true, true])
    expect(store.sent.map(({ series }) => series.map(({ sums }) => sums))).toEqual([[[['v', 1]]], [[['v', 3]]]])
    expect(store.sent[0]).toMatchObject({ maxSeriesPerMetric: 10_000, gaugeTtlMs: 300_000 })
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 1, 'requests_total{status="500"}': 3 })
  })

  it('sends a flush again, as it was and alone, whose answer was lost; and counts it once', async () => {
    const { requests, store, send, counters, told } = world()
    for (const way of ['answer lost', 'request lost'] as const) {
      requests.inc('200')
      store.way = way
      await expect(send()).rejects.toMatchObject(UNAVAILABLE)
      requests.inc('500')
      await expect(send()).rejects.toMatchObject(UNAVAILABLE)
      store.way = 'arrives'
      expect(await send()).toBe(true)
      const [first, second, third, fourth] = store.sent.splice(0)
      expect([second, third]).toEqual([first, first])
      expect(fourth?.id).not.toBe(first?.id)
    }
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 2, 'requests_total{status="500"}': 2 })
    expect(told('metrics.flush_failed')).toBe(2)
  })

  it('gives up waiting at its deadline, skips a store that is down, and loses nothing', async () => {
    const { clock, requests, store, send, counters, told } = world()
    store.way = 'silence'
    for (let call = 0; call < 3; call += 1) {
      requests.inc('200')
      const sent = send()
      await clock.tick(249)
      expect(store.sent).toHaveLength(call + 1)
      await clock.tick(1)
      await expect(sent).rejects.toMatchObject({ ...UNAVAILABLE, cause: { code: 'ERR_PERF_TIMEOUT' } })
    }
    expect([told('metrics.flush_failed'), told('store.down')]).toEqual([1, 1])
    await expect(send()).rejects.toMatchObject(UNAVAILABLE)
    expect(store.sent).toHaveLength(3)
    store.way = 'arrives'
    await clock.tick(1_000)
    expect(await send()).toBe(true)
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 3 })
  })

  it('has one flush on its way at a time; calls in the meantime share the next one', async () => {
    const { clock, requests, store, metrics, host, counters } = world()
    const { opened, open } = gate()
    const slow = { read: () => store.read(), add: (what: never) => opened.then(() => store.add(what)) }
    const call = (): Promise<boolean> => flush(metrics, slow, { host })
    requests.inc('200')
    const first = call()
    // It has left by now.
    await clock.tick(0)
    requests.inc('200')
    const others = [call(), call(), call()]
    requests.inc('200')
    open()
    expect(await Promise.all([first, ...others])).toEqual([true, true, true, true])
    expect(store.sent.map(({ series }) => series[0]?.sums)).toEqual([[['v', 1]], [['v', 2]]])
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 3 })
  })

  it('keeps what each store was told apart', async () => {
    const { requests, metrics } = world()
    const stores = [memoryMetricsStore(), memoryMetricsStore()]
    requests.inc('200')
    for (const store of stores) {
      await flush(metrics, store)
      requests.inc('200')
    }
    const shown = stores.map(async (store) => metricsJson(await aggregate(store)).counters)
    expect(await Promise.all(shown)).toMatchObject([
      { 'requests_total{status="200"}': 1 },
      { 'requests_total{status="200"}': 2 },
    ])
  })

  it('gives up a flush that the store may have forgotten, and says so', async () => {
    const { clock, requests, store, send, counters, facts } = world()
    requests.inc('200')
    store.way = 'answer lost'
    await expect(send()).rejects.toMatchObject(UNAVAILABLE)
    store.way = 'arrives'
    await clock.tick(23 * HOUR_MS)
    requests.add(5, '200')
    expect(await send()).toBe(false)
    expect(facts).toContainEqual({ name: 'metrics.flush_dropped', count: 1 })
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 6 })
    expect(await send()).toBe(true)
  })

  it('is never an unhandled rejection, and keeps the work alive by waitUntil, else by the host', async () => {
    const { requests, store, metrics, host, clock, facts } = world()
    const kept: Promise<unknown>[] = []
    store.way = 'answer lost'
    requests.inc('200')
    void flush(metrics, store, { host, waitUntil: (promise) => void kept.push(promise) })
    expect(kept).toHaveLength(1)
    await kept[0]
    void flush(metrics, store, { host })
    const drained = host.drain()
    await clock.tick(0)
    expect(await drained).toBe(0)
    expect(store.sent).toHaveLength(2)
    expect(facts.map(({ name }) => name)).toEqual(['metrics.flush_failed'])
  })

  it('stops waiting by its signal, while the flush goes on', async () => {
    const { requests, store, metrics, host, counters } = world()
    const abort = new AbortController()
    requests.inc('200')
    const sent = flush(metrics, store, { host, signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(sent).rejects.toThrow('enough')
    await expect(flush(metrics, store, { host, signal: abort.signal })).rejects.toThrow('enough')
    await host.drain()
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 1 })
  })

  it('does nothing before everyMs is over', async () => {
    const { clock, requests, metrics, store, host } = world()
    const call = (): Promise<boolean> => flush(metrics, store, { host, everyMs: 1_000 })
    const answers: boolean[] = []
    for (let at = 0; at < 5; at += 1) {
      requests.inc('200')
      answers.push(await call())
      await clock.tick(400)
    }
    expect(answers).toEqual([true, false, false, true, false])
    expect(store.sent).toHaveLength(2)
    expect(await flush(metrics, store, { host })).toBe(true)
    expect(store.sent).toHaveLength(3)
  })

  it('passes on that the store is not set up, and sends everything when it is', async () => {
    const { requests, metrics, store, host, counters, facts } = world()
    let isSetUp = false
    const late = { read: store.read, add: (what: never) => (isSetUp ? store.add(what) : Promise.reject(new StoreSetupError('no table'))) } // prettier-ignore
    requests.inc('200')
    await expect(flush(metrics, late, { host })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    expect(facts).toContainEqual({ name: 'metrics.flush_failed', code: 'ERR_PERF_STORE_SETUP' })
    isSetUp = true
    requests.inc('200')
    expect(await flush(metrics, late, { host })).toBe(true)
    expect(await counters()).toMatchObject({ 'requests_total{status="200"}': 2 })
  })

  it('tells definitions again after a minute, for a store that lost everything', async () => {
    const { clock, requests, store, send } = world()
    const told: number[] = []
    for (let at = 0; at < 4; at += 1) {
      requests.inc('200')
      await send()
      told.push(store.sent.at(-1)?.definitions.length ?? NaN)
      await clock.tick(30_000)
    }
    expect(told).toEqual([1, 0, 1, 0])
  })

  it('sends gauges when one has changed, or before the store forgets them', async () => {
    const { clock, metrics, store, host } = world()
    const size = metrics.gauge('size', { help: 'Size' })
    const sent = async (): Promise<unknown> => {
      await flush(metrics, store, { host, gaugeTtlMs: 10_000 })
      return store.sent.splice(0).map(({ gauges }) => gauges?.map(({ value, ageMs }) => [value, ageMs]))
    }
    size.set(3)
    expect(await sent()).toEqual([[[3, 0]]])
    await clock.tick(4_999)
    expect(await sent()).toEqual([])
    await clock.tick(1)
    expect(await sent()).toEqual([[[3, 5_000]]])
    size.set(4)
    expect(await sent()).toEqual([[[4, 0]]])
  })

  it('sends counters of collected rooms, which start anew when they go down', async () => {
    const { metrics, send, counters } = world()
    const stats = { hits: 0, misses: 0 }
    collect(metrics, 'cache', 'profile', () => stats)
    for (const hits of [5, 7, 2, 3]) {
      stats.hits = hits
      await send()
    }
    expect(await counters()).toMatchObject({ 'cache_hits_total{cache="profile"}': 10, cache_hits_total: 10 })
  })

  it.each([
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ everyMs: -1 }, 'everyMs'],
    [{ gaugeTtlMs: NaN }, 'gaugeTtlMs'],
    [{ maxSeriesPerMetric: 1.5 }, 'maxSeriesPerMetric'],
    [{ instance: '' }, 'instance'],
    [{ instance: 'x'.repeat(201) }, 'instance'],
    [{ every: 1 }, 'every'],
  ])('refuses %j at once', (options, named) => {
    const { metrics, store } = world()
    expect(() => flush(metrics, store, options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => flush(metrics, store, options as never)).toThrow(named)
  })
})

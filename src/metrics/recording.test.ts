import { describe, expect, it } from 'vitest'
import { manualClock } from '../testing/clock.ts'
import { createHost } from '../core/host.ts'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { createMetrics, prometheusText, type Metrics } from './index.ts'

const read = (metrics: Metrics, name: string, labels: Record<string, string> = {}): number | undefined =>
  valueOf(prometheusText(metrics), name, labels)

const misuses = (metrics: Metrics, metric: string): number =>
  read(metrics, 'easymo_metrics_misuse_total', { metric }) ?? 0

describe('a counter', () => {
  it('counts the same series by position, by name and by a kept handle', () => {
    const metrics = createMetrics()
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['method', 'status'] })
    requests.inc('POST', '200')
    requests.inc({ status: '200', method: 'POST' })
    requests.with('POST', '200').inc()
    requests.with({ method: 'POST', status: '200' }).add(2.5)
    requests.add(3, 'POST', '200')
    requests.add(1, { method: 'GET', status: '404' })
    expect(read(metrics, 'requests_total', { method: 'POST', status: '200' })).toBe(8.5)
    expect(read(metrics, 'requests_total', { method: 'GET', status: '404' })).toBe(1)
    expect(misuses(metrics, 'requests_total')).toBe(0)
  })

  it('takes one label by position and by name', () => {
    const metrics = createMetrics()
    const hits = metrics.counter('hits_total', { help: 'Hits', labels: ['route'] })
    hits.inc('/a')
    hits.inc({ route: '/a' })
    hits.inc({ route: '/b' })
    expect(read(metrics, 'hits_total', { route: '/a' })).toBe(2)
    expect(read(metrics, 'hits_total', { route: '/b' })).toBe(1)
  })

  it('is shown with 0 before anything was counted when it has no labels', () => {
    const metrics = createMetrics()
    metrics.counter('starts_total', { help: 'Starts' })
    expect(read(metrics, 'starts_total')).toBe(0)
  })

  it('drops and counts every wrong recording, and never throws', () => {
    const metrics = createMetrics()
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['method', 'status'] })
    const untyped = requests as unknown as { inc(...labels: unknown[]): void; add(...labels: unknown[]): void }
    const wrong = [
      () => untyped.inc(),
      () => untyped.inc('POST'),
      () => untyped.inc('POST', '200', 'more'),
      () => untyped.inc('POST', 200),
      () => untyped.inc('POST', undefined),
      () => untyped.inc({ method: 'POST' }),
      () => untyped.inc({ method: 'POST', status: '200', more: 'x' }),
      () => untyped.inc({ method: 'POST', more: '200' }),
      () => untyped.inc({ method: 'POST', status: null }),
      () => untyped.inc(null),
      () => untyped.add(-1, 'POST', '200'),
      () => untyped.add(NaN, 'POST', '200'),
      () => untyped.add(Infinity, 'POST', '200'),
      () => untyped.add('3', 'POST', '200'),
      () => untyped.add(3n, 'POST', '200'),
      () => untyped.add(Symbol('3'), 'POST', '200'),
      () => requests.with('POST', '200').add(-0.5),
    ]
    for (const record of wrong) expect(record).not.toThrow()
    expect(misuses(metrics, 'requests_total')).toBe(wrong.length)
    expect(read(metrics, 'requests_total', { method: 'POST', status: '200' })).toBe(0)
    requests.inc('POST', '200')
    expect(read(metrics, 'requests_total', { method: 'POST', status: '200' })).toBe(1)
  })

  it('throws on a wrong recording when the registry is strict', () => {
    const metrics = createMetrics({ strict: true })
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['method'] })
    expect(() => requests.add(NaN, 'GET')).toThrow(expect.objectContaining({ code: 'ERR_PERF_METRICS_MISUSE' }))
    expect(() => requests.inc.call(requests)).toThrow(/labels are missing/)
  })
})

describe('a gauge', () => {
  it('is set, raised and lowered', () => {
    const metrics = createMetrics()
    const depth = metrics.gauge('queue_depth', { help: 'Depth', labels: ['queue'] })
    depth.set(5, 'a')
    depth.inc('a')
    depth.dec({ queue: 'a' })
    depth.add(-7.5, 'a')
    depth.with('b').set(-1)
    expect(read(metrics, 'queue_depth', { queue: 'a' })).toBe(-2.5)
    expect(read(metrics, 'queue_depth', { queue: 'b' })).toBe(-1)
    depth.set(NaN, 'a')
    depth.set(NaN, 'new')
    depth.add(Infinity, 'new')
    expect(read(metrics, 'queue_depth', { queue: 'new' })).toBeUndefined()
    depth.with('a').add(Infinity)
    expect(read(metrics, 'queue_depth', { queue: 'a' })).toBe(-2.5)
    for (const step of [1n, Symbol('1'), '1'] as unknown as number[]) {
      depth.add(step, 'a')
      depth.with('a').add(step)
    }
    expect(read(metrics, 'queue_depth', { queue: 'a' })).toBe(-2.5)
    expect(misuses(metrics, 'queue_depth')).toBe(10)
  })

  it('counts work in flight until it has settled, also when it fails', async () => {
    const metrics = createMetrics()
    const running = metrics.gauge('jobs_running', { help: 'Jobs' })
    let finish = (): void => undefined
    const slow = running.track(() => new Promise<string>((resolve) => (finish = () => resolve('done'))))
    expect(running.track(() => read(metrics, 'jobs_running'))).toBe(2)
    expect(read(metrics, 'jobs_running')).toBe(1)
    finish()
    expect(await slow).toBe('done')
    await expect(running.track(() => Promise.reject(new Error('late')))).rejects.toThrow('late')
    const fails = (): never => {
      throw new Error('at once')
    }
    expect(() => running.track(fails)).toThrow('at once')
    expect(read(metrics, 'jobs_running')).toBe(0)
  })
})

describe('a histogram', () => {
  it('counts a value into the first bucket that is not smaller than it', () => {
    const metrics = createMetrics()
    const size = metrics.histogram('payload_bytes', { help: 'Size', buckets: [1, 10, 100] })
    for (const value of [0, 1, 1.5, 10, 99, 100, 101, -5]) size.observe(value)
    const at = (le: string): number | undefined => read(metrics, 'payload_bytes_bucket', { le })
    expect([at('1.0'), at('10.0'), at('100.0'), at('+Inf')]).toEqual([3, 5, 7, 8])
    expect(read(metrics, 'payload_bytes_sum')).toBe(307.5)
    expect(read(metrics, 'payload_bytes_count')).toBe(8)
  })

  it('has bounds from 1 ms to 10 s when nobody names others', () => {
    const metrics = createMetrics()
    metrics.histogram('latency_seconds', { help: 'Latency' }).observe(0.003)
    const bounds = [...prometheusText(metrics).matchAll(/_bucket\{le="(.+)"\} (\d)/g)].map(([, le, count]) => [
      le,
      count,
    ])
    expect(bounds).toHaveLength(13)
    expect([bounds[0], bounds[1], bounds[11]]).toEqual([
      ['0.001', '0'],
      ['0.005', '1'],
      ['10.0', '1'],
    ])
  })

  it('drops what is not a finite number', () => {
    const metrics = createMetrics()
    const size = metrics.histogram('payload_bytes', { help: 'Size', labels: ['kind'], buckets: [1] })
    size.observe(NaN, 'a')
    size.observe(-Infinity, 'a')
    size.with('a').observe('1' as unknown as number)
    expect(read(metrics, 'payload_bytes_count', { kind: 'a' })).toBe(0)
    expect(misuses(metrics, 'payload_bytes')).toBe(3)
  })

  it('drops a finite value with which its sum would be none', () => {
    const metrics = createMetrics()
    const size = metrics.histogram('payload_bytes', { help: 'Size', buckets: [1], quantiles: true })
    for (const value of [1.7e308, 1.7e308, 1]) size.observe(value)
    expect(read(metrics, 'payload_bytes_sum')).toBe(1.7e308)
    expect(read(metrics, 'payload_bytes_count')).toBe(2)
    expect(size.quantile(0.5)).toBe(1)
    expect(misuses(metrics, 'payload_bytes')).toBe(1)
  })

  it('keeps its many series apart', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help: 'Time', labels: ['route'], buckets: [1, 2] })
    for (let route = 0; route < 50; route += 1) took.with(`/${route}`).observe(route)
    for (let route = 0; route < 50; route += 1)
      expect(read(metrics, 'took_seconds_sum', { route: `/${route}` })).toBe(route)
  })

  it('times work by the clock of the host, once per timer, also when the work fails', async () => {
    const clock = manualClock()
    const metrics = createMetrics({ host: createHost({ clock }) })
    const took = metrics.histogram('took_seconds', { help: 'Time', labels: ['route'] })
    const end = took.startTimer('/a')
    await clock.tick(250)
    expect(end()).toBe(0.25)
    await clock.tick(50)
    expect(end()).toBe(0.25)
    const later = took.time(() => new Promise((resolve) => clock.after(500, () => resolve('value'))), '/a')
    await clock.tick(500)
    expect(await later).toBe('value')
    expect(took.with('/a').time(() => 7)).toBe(7)
    await expect(took.time(() => Promise.reject(new Error('no')), '/a')).rejects.toThrow('no')
    expect(read(metrics, 'took_seconds_sum', { route: '/a' })).toBe(0.75)
    expect(read(metrics, 'took_seconds_count', { route: '/a' })).toBe(4)
  })
})

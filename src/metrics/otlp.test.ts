import { describe, expect, it } from 'vitest'
import { checkOtlp, otlpPoints, otlpResource } from '../../test/support/otlp-check.ts'
import { accept, otlpReceiver, type Receiver } from '../../test/support/otlp-receiver.ts'
import { createHost } from '../core/host.ts'
import type { MetricsView } from '../core/metrics-port.ts'
import { manualClock } from '../testing/clock.ts'
import { collect } from './collect.ts'
import { createMetrics, type MetricsOptions } from './metrics.ts'
import { otlp, type OtlpOptions } from './otlp.ts'

const START = 1_700_000_000_000
const NONE = {}

/** A registry whose time stands still, and what pushes it to a server that listens. */
async function pushing(options: MetricsOptions = {}, answer = accept) {
  const clock = manualClock(START)
  const metrics = createMetrics({ host: createHost({ clock }), ...options })
  const receiver = await otlpReceiver(answer)
  const push = (more: OtlpOptions = {}): Promise<void> => otlp(metrics, { endpoint: receiver.url, env: NONE, ...more })
  return { clock, metrics, receiver, push }
}

const last = ({ pushes }: Receiver): string => pushes.at(-1)?.body ?? ''

/** One number of a push. */
function pointOf(receiver: Receiver, series: string) {
  const found = otlpPoints(last(receiver)).get(series)
  if (found === undefined)
    throw new Error(`there is no ${series} among ${[...otlpPoints(last(receiver)).keys()].join()}`)
  return found
}

describe('what is pushed', () => {
  it('is a counter as a monotonic sum since the start, with a time in nanoseconds as text', async () => {
    const { clock, metrics, receiver, push } = await pushing()
    const requests = metrics.counter('http_requests_total', { help: 'Requests answered', labels: ['method', 'status'] })
    metrics.uptimeMs()
    await clock.tick(5_000)
    requests.add(3, 'POST', '200')
    requests.inc('GET', '"\n\\')
    await push()
    expect(receiver.pushes[0]).toMatchObject({ path: '/v1/metrics', method: 'POST' })
    expect(receiver.pushes[0]?.headers['content-type']).toBe('application/json')
    const { kind, point } = pointOf(receiver, 'http_requests_total{method="POST",status="200"}')
    expect(kind).toBe('sum')
    expect(point).toMatchObject({
      asDouble: 3,
      startTimeUnixNano: '1700000000000000000',
      timeUnixNano: '1700000005000000000',
    })
    expect(
      pointOf(receiver, `http_requests_total{method="GET",status=${JSON.stringify('"\n\\')}}`).point['asDouble'],
    ).toBe(1)
    const [{ scopeMetrics }] = (JSON.parse(last(receiver)) as { resourceMetrics: [{ scopeMetrics: unknown }] })
      .resourceMetrics
    expect(scopeMetrics).toMatchObject([
      {
        scope: { name: '@easymo/perf' },
        metrics: [
          {
            name: 'http_requests_total',
            description: 'Requests answered',
            sum: { aggregationTemporality: 2, isMonotonic: true },
          },
        ],
      },
    ])
  })

  it('is a gauge as it stands, below 0 too', async () => {
    const { metrics, receiver, push } = await pushing()
    metrics.gauge('queue_size_bytes', { help: 'Bytes that wait' }).set(-4.5)
    await push()
    expect(pointOf(receiver, 'queue_size_bytes')).toMatchObject({ kind: 'gauge', point: { asDouble: -4.5 } })
    expect(last(receiver)).toContain('"unit":"By"')
  })

  it('is a histogram with each bucket alone, its extremes and its bounds', async () => {
    const { metrics, receiver, push } = await pushing()
    const took = metrics.histogram('took_seconds', { help: 'Time taken', labels: ['route'], buckets: [0.5, 1, 2] })
    for (const seconds of [0.25, 0.5, 0.75, 1.5, 4]) took.observe(seconds, '/a')
    took.with('/b')
    await push()
    expect(pointOf(receiver, 'took_seconds{route="/a"}')).toMatchObject({
      kind: 'histogram',
      point: {
        count: '5',
        sum: 7,
        bucketCounts: ['2', '1', '1', '1'],
        explicitBounds: [0.5, 1, 2],
        min: 0.25,
        max: 4,
      },
    })
    const { point } = pointOf(receiver, 'took_seconds{route="/b"}')
    expect(point).toMatchObject({ count: '0', sum: 0, bucketCounts: ['0', '0', '0', '0'] })
    expect([point['min'], point['max']]).toEqual([undefined, undefined])
  })

  it('is a histogram of values below 0 without a sum, which could fall', async () => {
    const { metrics, receiver, push } = await pushing()
    const drift = metrics.histogram('drift_celsius', { help: 'How far off', buckets: [-1, 0, 1] })
    for (const value of [-3, 0.5]) drift.observe(value)
    await push()
    const { point } = pointOf(receiver, 'drift_celsius')
    expect([point['min'], point['max'], point['sum']]).toEqual([-3, 0.5, undefined])
  })

  it('is a histogram with quantiles as an exponential one that holds all values', async () => {
    const { metrics, receiver, push } = await pushing()
    const took = metrics.histogram('took_seconds', { help: 'Time taken', quantiles: true })
    const values = [0, 0.001, 0.25, 1, 1, 2, 1_000]
    for (const value of values) took.observe(value)
    await push()
    const { kind, point } = pointOf(receiver, 'took_seconds')
    expect(kind).toBe('exponentialHistogram')
    expect(point).toMatchObject({ count: '7', scale: 5, zeroCount: '1', min: 0, max: 1_000 })
    const { offset, bucketCounts } = point['positive'] as { offset: number; bucketCounts: string[] }
    // Each value lies in the bucket that the specification says: above base ** i, up to base ** (i + 1).
    for (const value of values.filter((one) => one > 0)) {
      const index = Math.ceil(Math.log2(value) * 32) - 1
      expect(Number(bucketCounts[index - offset])).toBeGreaterThan(0)
    }
  })

  it('is what was collected from other rooms, by its type', async () => {
    const { metrics, receiver, push } = await pushing()
    collect(metrics, 'cache', 'profile', () => ({ hits: 7, size: 3, hitRate: 0.5 }))
    collect(metrics, 'cache', 'broken', () => {
      throw new Error('no stats')
    })
    await push()
    expect(pointOf(receiver, 'cache_hits_total{cache="profile"}')).toMatchObject({
      kind: 'sum',
      point: { asDouble: 7 },
    })
    expect(pointOf(receiver, 'cache_entries{cache="profile"}')).toMatchObject({ kind: 'gauge', point: { asDouble: 3 } })
    expect(pointOf(receiver, 'easymo_metrics_misuse_total{metric="cache"}').point['asDouble']).toBe(1)
  })

  it('is nothing while there is no series', async () => {
    const { metrics, receiver, push } = await pushing()
    metrics.counter('unused_total', { help: 'Never counted', labels: ['a'] })
    await push()
    const before = receiver.pushes.length
    metrics.counter('used_total', { help: 'Counted' }).inc()
    await push()
    expect([before, receiver.pushes.length]).toEqual([0, 1])
  })

  it('grows from push to push, under one start and one instance', async () => {
    const { clock, metrics, receiver, push } = await pushing()
    const requests = metrics.counter('requests_total', { help: 'Requests answered' })
    const took = metrics.histogram('took_seconds', { help: 'Time taken' })
    for (let round = 1; round <= 3; round += 1) {
      requests.add(round)
      took.observe(round)
      await push()
      await clock.tick(10_000)
    }
    const points = receiver.pushes.map(({ body }) => otlpPoints(body))
    expect(points.map((all) => all.get('requests_total')?.point['asDouble'])).toEqual([1, 3, 6])
    expect(points.map((all) => all.get('took_seconds')?.point['count'])).toEqual(['1', '2', '3'])
    expect(points.map((all) => all.get('took_seconds')?.point['sum'])).toEqual([1, 3, 6])
    const starts = points.flatMap((all) => [...all.values()].map(({ point }) => point['startTimeUnixNano']))
    // Before the first push: a point of no duration would be a base line, and its count would be lost.
    expect([...new Set(starts)]).toEqual(['1699999999999000000'])
    const instances = receiver.pushes.map(({ body }) => otlpResource(body)['service.instance.id'])
    expect(instances[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(new Set(instances).size).toBe(1)
  })

  it('says nothing of an instance and of a start for the sum of many isolates', async () => {
    const { metrics, receiver, push } = await pushing()
    metrics.counter('requests_total', { help: 'Requests answered' }).inc()
    const { defaultLabels, clock, families, sources, misuse, uptimeMs } = metrics
    const sum: MetricsView = { defaultLabels, clock, families, sources, misuse, uptimeMs }
    await otlp(sum, { endpoint: receiver.url, env: NONE })
    expect(otlpResource(last(receiver))['service.instance.id']).toBeUndefined()
    expect(pointOf(receiver, 'requests_total').point['startTimeUnixNano']).toBeUndefined()
    await push()
    expect(pointOf(receiver, 'requests_total').point['startTimeUnixNano']).toBeDefined()
  })

  it('writes numbers that JSON has no word for as the mapping of protobuf does', async () => {
    const { metrics, receiver } = await pushing()
    const { defaultLabels, clock, misuse, uptimeMs } = metrics
    const each = (visit: (labels: string[], value: number) => void): void => visit([], Infinity)
    const family = { type: 'gauge' as const, merge: 'sum' as const, name: 'g', help: 'A gauge', labels: [], each }
    const sum: MetricsView = { defaultLabels, clock, misuse, uptimeMs, families: () => [family], sources: () => [] }
    await otlp(sum, { endpoint: receiver.url, env: NONE })
    expect(pointOf(receiver, 'g').point['asDouble']).toBe('Infinity')
  })
})

describe('who pushes', () => {
  const labelled = { defaultLabels: { service: 'wa-webhook', region: 'kgl' } }

  it('is named by the default labels when nobody else names it', async () => {
    const { metrics, receiver, push } = await pushing(labelled)
    metrics.counter('requests_total', { help: 'Requests answered' }).inc()
    await push()
    expect(otlpResource(last(receiver))).toMatchObject({
      'service.name': 'wa-webhook',
      service: 'wa-webhook',
      region: 'kgl',
      'telemetry.sdk.name': '@easymo/perf',
      'telemetry.sdk.language': 'nodejs',
    })
  })

  it('is named by the environment, and by an option above all', async () => {
    const { metrics, receiver, push } = await pushing(labelled)
    metrics.counter('requests_total', { help: 'Requests answered' }).inc()
    const env = {
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=of-attributes,service.instance.id=i%2C1,deployment.environment=prod,region=eu',
    }
    const named = async (options: OtlpOptions) => {
      await push(options)
      const { 'service.name': name, 'service.instance.id': instance, region } = otlpResource(last(receiver))
      return [name, instance, region]
    }
    expect(await named({ env })).toEqual(['of-attributes', 'i,1', 'eu'])
    const all = { ...env, OTEL_SERVICE_NAME: 'of-name' }
    expect(await named({ env: all })).toEqual(['of-name', 'i,1', 'eu'])
    expect(await named({ env: all, serviceName: 'mine', instance: 'i2' })).toEqual(['mine', 'i2', 'eu'])
  })
})

it('is judged by a checker that refuses what the specification does', async () => {
  const { metrics, receiver, push } = await pushing()
  metrics.counter('requests_total', { help: 'Requests answered' }).inc()
  metrics.histogram('took_seconds', { help: 'Time taken', buckets: [1] }).observe(2)
  await push()
  const good = last(receiver)
  expect(() => checkOtlp(good)).not.toThrow()
  const spoiled: [string | RegExp, string][] = [
    ['"asDouble":1', '"asDouble":"1"'],
    ['"asDouble":1', '"as_double":1'],
    [/"timeUnixNano":"(\d+)"/, '"timeUnixNano":$1'],
    ['"aggregationTemporality":2', '"aggregationTemporality":"CUMULATIVE"'],
    ['"aggregationTemporality":2,', ''],
    ['"bucketCounts":["0","1"]', '"bucketCounts":["0","1","0"]'],
    ['"bucketCounts":["0","1"]', '"bucketCounts":[0,1]'],
    ['"count":"1"', '"count":"2"'],
    ['"key":"service.name"', '"key":"telemetry.sdk.name"'],
    ['"isMonotonic":true', '"isMonotonic":true,"color":"red"'],
    ['"name":"took_seconds"', '"name":"requests_total"'],
  ]
  for (const [from, to] of spoiled) {
    const bad = good.replace(from, to)
    expect(bad, String(from)).not.toBe(good)
    expect(() => checkOtlp(bad), to).toThrow()
  }
})

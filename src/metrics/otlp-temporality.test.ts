import { describe, expect, it } from 'vitest'
import { checkOtlp, otlpPoints, otlpResource } from '../../test/support/otlp-check.ts'
import { accept, otlpReceiver, type Receiver } from '../../test/support/otlp-receiver.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { aggregate } from './aggregate.ts'
import { collect } from './collect.ts'
import { flush } from './flush.ts'
import { memoryMetricsStore } from './memory-store.ts'
import { createMetrics } from './metrics.ts'
import { otlp } from './otlp.ts'

const VARIABLE = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'
const START = 1_700_000_000_000

async function pushing(preference: string, answer = accept) {
  const clock = manualClock(START)
  const metrics = createMetrics({ host: createHost({ clock }) })
  const receiver = await otlpReceiver(answer)
  const push = (): Promise<void> => otlp(metrics, { endpoint: receiver.url, env: { [VARIABLE]: preference } })
  return { clock, metrics, receiver, push }
}

const bodies = ({ pushes }: Receiver): string[] => pushes.map(({ body }) => body)
const numbers = (receiver: Receiver, series: string, field = 'asDouble'): unknown[] =>
  bodies(receiver).map((body) => otlpPoints(body).get(series)?.point[field])

interface Written {
  readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[]
}
type Metric = { readonly name: string } & Readonly<Record<string, { readonly aggregationTemporality?: number }>>

/** 1 is delta, 2 cumulative; by metric, of the last push. */
function temporalities(receiver: Receiver): object {
  const { resourceMetrics } = JSON.parse(bodies(receiver).at(-1) ?? '') as Written
  const all = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics }) => metrics)
  return Object.fromEntries(
    all.map((metric) => [
      metric.name,
      (metric['sum'] ?? metric['histogram'] ?? metric['exponentialHistogram'])?.aggregationTemporality,
    ]),
  )
}

describe('numbers as changes', () => {
  it('are what the environment prefers, in any case of letters: each is told once, since the last push', async () => {
    const { clock, metrics, receiver, push } = await pushing('Delta')
    const requests = metrics.counter('requests_total', { help: 'R' })
    const took = metrics.histogram('took_seconds', { help: 'T', buckets: [1, 5], quantiles: true })
    metrics.gauge('depth', { help: 'D' }).set(7)
    let hits = 10
    collect(metrics, 'cache', 'profile', () => ({ hits }))
    for (let round = 1; round <= 3; round += 1) {
      requests.add(round)
      took.observe(round * 2)
      await clock.tick(10_000)
      await push()
      hits += 5
    }
    expect(temporalities(receiver)).toEqual({
      requests_total: 1,
      took_seconds: 1,
      cache_hits_total: 1,
      depth: undefined,
    })
    expect(numbers(receiver, 'requests_total')).toEqual([1, 2, 3])
    expect(numbers(receiver, 'took_seconds', 'count')).toEqual(['1', '1', '1'])
    expect(numbers(receiver, 'took_seconds', 'sum')).toEqual([2, 4, 6])
    expect(numbers(receiver, 'took_seconds', 'max')).toEqual([2, undefined, undefined])
    expect(numbers(receiver, 'cache_hits_total{cache="profile"}')).toEqual([10, 5, 5])
    expect(numbers(receiver, 'depth')).toEqual([7, 7, 7])
    const starts = numbers(receiver, 'requests_total', 'startTimeUnixNano').map(Number)
    const ends = numbers(receiver, 'requests_total', 'timeUnixNano').map(Number)
    expect(starts.slice(1)).toEqual(ends.slice(0, -1))
    bodies(receiver).forEach((body) => expect(() => checkOtlp(body)).not.toThrow())
  })

  it('are not told of what has not changed, and are of what begins', async () => {
    const { metrics, receiver, push } = await pushing('delta')
    const calls = metrics.counter('calls_total', { help: 'C', labels: ['outcome'] })
    calls.with('ok')
    await push()
    await push()
    calls.inc('ok')
    await push()
    expect(numbers(receiver, 'calls_total{outcome="ok"}')).toEqual([0, 1])
  })

  it('are told again until the endpoint takes them', async () => {
    let down = true
    const { metrics, receiver, push } = await pushing('delta', (response, request) => {
      if (down) response.writeHead(503).end()
      else accept(response, request)
    })
    const requests = metrics.counter('requests_total', { help: 'R' })
    requests.add(2)
    await expect(push()).rejects.toMatchObject({ code: 'ERR_PERF_METRICS_EXPORT' })
    down = false
    requests.add(3)
    await push()
    requests.add(4)
    await push()
    expect(numbers(receiver, 'requests_total')).toEqual([2, 5, 4])
  })

  it('are told once by two pushes at a time', async () => {
    const { metrics, receiver, push } = await pushing('delta')
    metrics.counter('requests_total', { help: 'R' }).add(2)
    await Promise.all([push(), push(), push()])
    expect(numbers(receiver, 'requests_total')).toEqual([2])
  })

  it('leave out what was collected where memory is low', async () => {
    const { metrics, receiver, push } = await pushing('lowmemory')
    metrics.counter('requests_total', { help: 'R' }).add(2)
    collect(metrics, 'cache', 'profile', () => ({ hits: 10 }))
    await push()
    await push()
    expect(temporalities(receiver)).toEqual({ cache_hits_total: 2 })
    expect(numbers(receiver, 'cache_hits_total{cache="profile"}')).toEqual([10, 10])
  })

  it('are an option, too, and a preference that is none is refused', async () => {
    const { metrics, receiver, push } = await pushing('gamma')
    const requests = metrics.counter('requests_total', { help: 'R' })
    await expect(push()).rejects.toThrow(/TEMPORALITY_PREFERENCE must be one of cumulative, delta, lowmemory/)
    const wrong = { endpoint: receiver.url, temporality: 'gamma' as 'delta' }
    expect(() => otlp(metrics, wrong)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error)
    for (let n = 0; n < 2; n += 1) {
      requests.inc()
      await otlp(metrics, { endpoint: receiver.url, env: {}, temporality: 'delta' })
    }
    expect(numbers(receiver, 'requests_total')).toEqual([1, 1])
  })
})

describe('the sum of many isolates', () => {
  async function isolates() {
    const clock = manualClock(START)
    const host = createHost({ clock })
    const store = memoryMetricsStore({ clock })
    const registry = (service: string | undefined, region?: string) =>
      createMetrics({ defaultLabels: { ...(service && { service }), ...(region && { region }) }, host })
    const receiver = await otlpReceiver(accept)
    const push = async (env = {}): Promise<void> =>
      otlp(await aggregate(store, { host }), { endpoint: receiver.url, env, host })
    return { host, store, registry, receiver, push }
  }
  const names = (body: string): unknown[] =>
    (JSON.parse(body) as { resourceMetrics: object[] }).resourceMetrics.map(
      (one) => otlpResource(JSON.stringify({ resourceMetrics: [one] }))['service.name'],
    )

  it('is named by the label of each service, which is a resource of its own', async () => {
    const { host, store, registry, receiver, push } = await isolates()
    for (const [service, count] of [
      ['wa-core', 2],
      ['wa-core', 3],
      ['wa-jobs', 7],
    ] as const) {
      const metrics = registry(service, service === 'wa-jobs' ? 'eu' : undefined)
      metrics.counter('requests_total', { help: 'R', labels: ['route'] }).add(count, '/a')
      collect(metrics, 'cache', 'profile', () => ({ hits: count }))
      await flush(metrics, store, { host })
    }
    await push()
    const [body = ''] = bodies(receiver)
    expect(() => checkOtlp(body)).not.toThrow()
    expect(names(body).toSorted()).toEqual(['wa-core', 'wa-jobs'])
    const points = otlpPoints(body)
    expect([...points.keys()].filter((key) => key.startsWith('requests')).toSorted()).toEqual([
      'requests_total{region="eu",route="/a"}',
      'requests_total{route="/a"}',
    ])
    expect(points.get('requests_total{route="/a"}')?.point['asDouble']).toBe(5)
  })

  it('has the name that the environment gives to all', async () => {
    const { host, store, registry, receiver, push } = await isolates()
    const metrics = registry('wa-core')
    metrics.counter('requests_total', { help: 'R' }).inc()
    await flush(metrics, store, { host })
    await push({ OTEL_SERVICE_NAME: 'everything' })
    expect(names(bodies(receiver)[0] ?? '')).toEqual(['everything'])
    expect(otlpPoints(bodies(receiver)[0] ?? '').get('requests_total{service="wa-core"}')?.point['asDouble']).toBe(1)
  })

  it('is unknown only where nobody says a name', async () => {
    const { host, store, registry, receiver, push } = await isolates()
    const metrics = registry(undefined)
    metrics.counter('requests_total', { help: 'R' }).inc()
    await flush(metrics, store, { host })
    await push()
    expect(names(bodies(receiver)[0] ?? '')).toEqual(['unknown_service'])
  })

  it('is told as changes from one reading to the next, and not whole at the first', async () => {
    const { host, store, registry, receiver, push } = await isolates()
    const metrics = registry('wa-core')
    const requests = metrics.counter('requests_total', { help: 'R' })
    for (const count of [100, 5, 7]) {
      requests.add(count)
      await flush(metrics, store, { host })
      await push({ [VARIABLE]: 'delta' })
    }
    expect(numbers(receiver, 'requests_total')).toEqual([5, 7])
  })
})

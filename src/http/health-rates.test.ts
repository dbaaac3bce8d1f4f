import { describe, expect, it } from 'vitest'
import { checkedService as setup, fails, healthRequest as get } from '../../test/support/checked-service.ts'
import { collect } from '../metrics/index.ts'
import { performanceMiddleware, trackers } from './index.ts'

interface Answer {
  readonly status?: number
  readonly ms?: number
}

async function traffic({ metrics, clock }: ReturnType<typeof setup>, count: number, answer: Answer): Promise<void> {
  const handler = performanceMiddleware({ service: 'core', metrics })(async () => {
    if (answer.ms !== undefined) await new Promise<void>((resolve) => clock.after(answer.ms ?? 0, resolve))
    return new Response(null, { status: answer.status ?? 200 })
  })
  const answers = Array.from({ length: count }, () => handler(get('/x')))
  await clock.tick(answer.ms ?? 0)
  await Promise.all(answers)
}

describe('the rates', () => {
  it('degrade from 20 requests on, or by 5 errors that are most of what could have succeeded', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 4, { status: 500 })
    expect(await ask()).toMatchObject({ code: 200, status: 'healthy', performance: { errorRate: 1 } })
    await traffic(service, 5, {})
    await traffic(service, 1, { status: 500 })
    // 5 of 10 are not most.
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { errorRate: 0.5 } })
    await traffic(service, 1, { status: 500 })
    expect(await ask()).toMatchObject({
      code: 200,
      status: 'degraded',
      reasons: [{ what: 'errorRate', value: 0.5455, limit: 0.05 }],
    })
  })

  it('are bad when 19 of 19 fail', async () => {
    const service = setup()
    await traffic(service, 19, { status: 500 })
    expect(await service.ask()).toMatchObject({ code: 200, status: 'degraded', performance: { errorRate: 1 } })
  })

  it('judge errors above 5 % of what could have succeeded, and a 4xx could not', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 5, { status: 503 })
    await traffic(service, 95, {})
    await traffic(service, 1_000, { status: 404 })
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { errorRate: 0.05, requests: 100 } })
    await traffic(service, 1, { status: 503 })
    expect(await ask()).toMatchObject({ status: 'degraded' })
  })

  it('see 50 failures behind 1000 that were not found', async () => {
    const service = setup()
    await traffic(service, 1_000, { status: 404 })
    await traffic(service, 50, { status: 500 })
    expect(await service.ask()).toMatchObject({ status: 'degraded', performance: { errorRate: 1, requests: 50 } })
  })

  it('see slow answers behind 1000 quick ones for nothing', async () => {
    const service = setup()
    await traffic(service, 1_000, { status: 404 })
    await traffic(service, 20, { ms: 1_500 })
    expect(await service.ask()).toMatchObject({ status: 'degraded', performance: { avgLatencyMs: 1_500 } })
  })

  it('count what is in flight by its age', async () => {
    const service = setup()
    const { ask, clock, metrics } = service
    const ends: (() => void)[] = []
    const handler = performanceMiddleware({ service: 'core', metrics })(
      () => new Promise<Response>((resolve) => ends.push(() => resolve(new Response('late')))),
    )
    const answers = Array.from({ length: 200 }, () => handler(get('/x')))
    await clock.tick(999)
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { slowInFlight: 0 } })
    await clock.tick(9_001)
    expect(await ask()).toMatchObject({
      status: 'degraded',
      performance: { slowInFlight: 200, avgLatencyMs: 10_000 },
      reasons: [
        { what: 'avgLatencyMs', value: 10_000, limit: 1_000 },
        { what: 'inFlight', value: 200 },
      ],
    })
    // They are still open when nothing of the last five minutes is left.
    await clock.tick(600_000)
    expect(await ask()).toMatchObject({ status: 'degraded', performance: { slowInFlight: 200 } })
    ends.forEach((end) => end())
    await Promise.all(answers)
    expect(await ask()).toMatchObject({ performance: { slowInFlight: 0, avgLatencyMs: 610_000 } })
  })

  it('see 5 that hang where nothing else gets through, and not 5 among many', async () => {
    for (const [answered, status] of [
      [4, 'degraded'],
      [100, 'healthy'],
    ] as const) {
      const service = setup()
      await traffic(service, answered, {})
      const hang = performanceMiddleware({ service: 'core', metrics: service.metrics })(
        () => new Promise(() => undefined),
      )
      for (let n = 0; n < 5; n += 1) void hang(get('/x'))
      await service.clock.tick(2_000)
      expect(await service.ask()).toMatchObject({ status })
    }
  })

  it('do not judge the 30 first look-ups of a cold start, nor a cache that a silence has emptied', async () => {
    const service = setup()
    const { ask, clock } = service
    const stats = { hits: 0, staleHits: 0, misses: 0 }
    collect(service.metrics, 'cache', 'profile', () => ({ ...stats }))
    const minute = async (misses: number): Promise<void> => {
      for (let n = 0; n < 30; n += 1) {
        await traffic(service, 1, {})
        stats.misses += misses
      }
      await clock.tick(60_000)
    }
    await minute(1)
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { cacheHitRate: 0, cacheLookups: 30 } })
    for (let n = 0; n < 5; n += 1) await minute(1)
    expect(await ask()).toMatchObject({ status: 'degraded', reasons: [{ what: 'cacheHitRate', limit: 0.5 }] })
    await clock.tick(600_000)
    await minute(2)
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { cacheHitRate: 0 } })
  })

  it('are judged by thresholds of the service, which the answer names', async () => {
    const thresholds = { errorRate: 0.5, avgLatencyMs: 10, minRequests: 2 }
    const service = setup({}, thresholds)
    await traffic(service, 3, { ms: 11 })
    expect(await service.ask()).toMatchObject({
      status: 'degraded',
      thresholds: { ...thresholds, minErrors: 5, slowMs: 1_000, cacheHitRate: 0.5 },
      reasons: [{ what: 'avgLatencyMs', value: 11, limit: 10 }],
    })
  })

  it('refuse thresholds that mean nothing', () => {
    for (const thresholds of [
      null,
      5,
      { errors: 1 },
      { errorRate: 2 },
      { errorRate: NaN },
      { minRequests: 0 },
      { minErrors: 1.5 },
      { slowMs: -1 },
    ])
      // prettier-ignore
      expect(() => setup({}, thresholds as object)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error)
  })

  it('name the check that failed among the reasons', async () => {
    const { ask } = setup({ database: fails, cache: { run: fails, critical: false } })
    expect((await ask()).reasons).toEqual([
      { what: 'checks.database', value: 'failed' },
      { what: 'checks.cache', value: 'failed' },
    ])
  })

  it('know what was recorded by hand', async () => {
    const service = setup()
    const { recordRequestMetrics } = trackers(service.metrics)
    for (let n = 0; n < 100; n += 1)
      recordRequestMetrics({ method: 'POST', status: 500, route: '/webhook', durationMs: 5 })
    expect(await service.ask()).toMatchObject({
      status: 'degraded',
      performance: { errorRate: 1, avgLatencyMs: 5, requests: 100 },
    })
  })

  it('judge an average above a second', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 20, { ms: 1_000 })
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { avgLatencyMs: 1_000 } })
    await traffic(service, 20, { ms: 1_002 })
    expect(await ask()).toMatchObject({ status: 'degraded', performance: { avgLatencyMs: 1_001 } })
  })

  it('forget what is older than five minutes', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 30, { status: 500 })
    await service.clock.tick(269_000)
    expect(await ask()).toMatchObject({ status: 'degraded', performance: { errorRate: 1 } })
    await service.clock.tick(31_000)
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { errorRate: 0 } })
    await traffic(service, 20, {})
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { errorRate: 0, uptime: 300_000 } })
  })

  it('judge the cache by its recent look-ups, stale hits included', async () => {
    const service = setup()
    const { ask } = service
    const stats = { hits: 0, staleHits: 0, misses: 1_000 }
    collect(service.metrics, 'cache', 'profile', () => ({ ...stats }))
    await traffic(service, 20, {})
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { cacheHitRate: 0 } })
    stats.hits += 20
    stats.staleHits += 20
    stats.misses += 40
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { cacheHitRate: 0.5 } })
    stats.misses += 20
    expect(await ask()).toMatchObject({ status: 'degraded', performance: { cacheHitRate: 0.4 } })
  })
})

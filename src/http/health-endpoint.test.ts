import { describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { collect, createMetrics, type Metrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { healthEndpoint, performanceMiddleware, type HealthChecks, type HealthDocument } from './index.ts'

const get = (path = '/health', headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost${path}`, { headers })

function setup(checks: HealthChecks = {}) {
  const clock = manualClock()
  const host = createHost({ clock })
  const metrics = createMetrics({ host })
  const endpoint = healthEndpoint({ service: 'core', version: '2.2.0', checks, metrics, host })
  const ask = async (): Promise<HealthDocument & { code: number }> => {
    const answer = await endpoint(get())
    return { ...((await answer.json()) as HealthDocument), code: answer.status }
  }
  return { clock, host, metrics, endpoint, ask }
}

const fails = (): never => {
  throw new Error('down')
}

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

describe('the words', () => {
  it('are healthy, ok and 200 when all is well', async () => {
    const { ask } = setup({ database: async () => undefined, cache: { run: () => true, critical: false } })
    expect(await ask()).toEqual({
      code: 200,
      status: 'healthy',
      service: 'core',
      version: '2.2.0',
      checks: { database: 'ok', cache: 'ok' },
      performance: { errorRate: 0, avgLatencyMs: 0, cacheHitRate: 0, uptime: 0 },
      warmedUp: true,
    })
  })

  it('are unhealthy and 503 when a critical check fails, and a bare function is critical', async () => {
    for (const database of [fails, () => false, () => Promise.reject(new Error('down')), { run: fails }])
      expect(await setup({ database }).ask()).toMatchObject({
        code: 503,
        status: 'unhealthy',
        checks: { database: 'failed' },
      })
  })

  it('are degraded and 200 when only a check fails that is not critical', async () => {
    const { ask } = setup({ database: () => true, cache: { run: fails, critical: false } })
    expect(await ask()).toMatchObject({ code: 200, status: 'degraded', checks: { database: 'ok', cache: 'failed' } })
  })

  it('say so on the content type when it is asked for', async () => {
    const { endpoint } = setup()
    expect((await endpoint(get())).headers.get('content-type')).toBe('application/json')
    const asked = await endpoint(get('/health', { accept: 'application/health+json' }))
    expect(asked.headers.get('content-type')).toBe('application/health+json')
    expect(asked.headers.get('cache-control')).toBe('no-store')
  })

  it('are warmed up when every task has succeeded or may fail', async () => {
    const { ask, metrics } = setup()
    const tasks: Record<string, object> = { profile: { status: 'running' }, ads: { status: 'failed', optional: true } }
    collect(metrics, 'warmup', 'core', () => tasks)
    expect((await ask()).warmedUp).toBe(false)
    tasks['profile'] = { status: 'ok' }
    expect((await ask()).warmedUp).toBe(true)
  })
})

describe('the checks', () => {
  it('run side by side, each with its deadline and a signal that says when it is over', async () => {
    const { ask, clock } = setup({
      slow: { run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))), critical: false }, // prettier-ignore
      hung: { run: () => new Promise(() => undefined), timeoutMs: 500, critical: false },
      quick: () => new Promise<void>((resolve) => clock.after(1_900, resolve)),
    })
    let document: HealthDocument | undefined
    void ask().then((answer) => (document = answer))
    await clock.tick(1_999)
    expect(document).toBeUndefined()
    await clock.tick(1)
    expect(document?.checks).toEqual({ slow: 'timeout', hung: 'timeout', quick: 'ok' })
    expect(document?.status).toBe('degraded')
  })

  it('run once for a flood, and again after a second', async () => {
    let runs = 0
    const { ask, clock } = setup({ database: () => new Promise<void>((resolve) => void ((runs += 1), clock.after(100, resolve))) }) // prettier-ignore
    const flood = Promise.all(Array.from({ length: 50 }, ask))
    await clock.tick(100)
    expect((await flood).every(({ code }) => code === 200)).toBe(true)
    await clock.tick(999)
    await ask()
    expect(runs).toBe(1)
    await clock.tick(1)
    const again = ask()
    await clock.tick(100)
    await again
    expect(runs).toBe(2)
  })

  it('are not touched by the question whether the process is alive', async () => {
    const { endpoint } = setup({ database: fails })
    const alive = await endpoint(get('/health/live?x=1'))
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'healthy', service: 'core' }])
    expect((await endpoint(get('/health?probe=/live'))).status).toBe(503)
  })
})

describe('the rates', () => {
  it('degrade from 20 requests on, and never before', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 19, { status: 500 })
    expect(await ask()).toMatchObject({ code: 200, status: 'healthy', performance: { errorRate: 1 } })
    await traffic(service, 1, {})
    expect(await ask()).toMatchObject({ code: 200, status: 'degraded', performance: { errorRate: 0.95 } })
  })

  it('judge errors above 5 %, and a 4xx is none', async () => {
    const service = setup()
    const { ask } = service
    await traffic(service, 5, { status: 503 })
    await traffic(service, 95, { status: 404 })
    expect(await ask()).toMatchObject({ status: 'healthy', performance: { errorRate: 0.05 } })
    await traffic(service, 1, { status: 503 })
    expect(await ask()).toMatchObject({ status: 'degraded' })
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

describe('healthEndpoint', () => {
  it('refuses options of the wrong type', () => {
    const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    const base = { service: 'a', version: '1' }
    for (const checks of [
      { a: 1 },
      { a: {} },
      { a: { run: fails, timeoutMs: 0 } },
      { a: { run: fails, crit: true } },
      'x',
      null,
    ])
      expect(() => healthEndpoint({ ...base, checks: checks as HealthChecks })).toThrow(option)
    expect(() => healthEndpoint({ ...base, version: '' })).toThrow(option)
    expect(() => healthEndpoint({ ...base, metrics: {} as Metrics })).toThrow(option)
  })

  it('answers 405 to anything but GET and HEAD', async () => {
    expect((await setup().endpoint(new Request('http://localhost/health', { method: 'POST' }))).status).toBe(405)
  })
})

import { describe, expect, it } from 'vitest'
import { checkedService as setup, fails, healthRequest as get } from '../../test/support/checked-service.ts'
import { StoreSetupError } from '../core/errors.ts'
import { collect, type Metrics } from '../metrics/index.ts'
import { healthEndpoint, type HealthChecks, type HealthDocument } from './index.ts'

describe('the words', () => {
  it('are healthy, ok and 200 when all is well', async () => {
    const { ask } = setup({ database: async () => undefined, cache: { run: () => true, critical: false } })
    expect(await ask()).toEqual({
      code: 200,
      status: 'healthy',
      service: 'core',
      version: '2.2.0',
      scope: 'isolate',
      checks: { database: 'ok', cache: 'ok' },
      performance: { errorRate: 0, avgLatencyMs: 0, cacheHitRate: 0, requests: 0, cacheLookups: 0, slowInFlight: 0, uptime: 0 }, // prettier-ignore
      thresholds: { errorRate: 0.05, minErrors: 5, minRequests: 20, avgLatencyMs: 1_000, slowMs: 1_000, cacheHitRate: 0.5 }, // prettier-ignore
      reasons: [],
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

  it('are unhealthy when a store is not set up, whatever the weight of its check', async () => {
    const run = (): never => {
      throw new StoreSetupError('relation "wa_250788000001" does not exist')
    }
    for (const check of [run, { run, critical: false }, { run: async () => run(), critical: false }])
      expect(await setup({ database: check }).ask()).toMatchObject({
        code: 503,
        status: 'unhealthy',
        checks: { database: 'misconfigured' },
      })
  })

  it('never hold what a check threw or gave', async () => {
    const secret = 'postgres://root:secret@db'
    const { endpoint } = setup({
      throws: () => {
        throw Object.assign(new Error(secret), { code: secret })
      },
      rejects: () => Promise.reject(new Error(secret)),
      gives: () => secret,
      ['__proto__']: () => true,
    })
    const answer = await endpoint(get())
    const text = await answer.text()
    expect(text + JSON.stringify([...answer.headers])).not.toContain('secret')
    const { checks } = JSON.parse(text) as HealthDocument
    expect(Object.entries(checks)).toEqual([
      ['throws', 'failed'],
      ['rejects', 'failed'],
      ['gives', 'ok'],
      ['__proto__', 'ok'],
    ])
  })

  it('name the domains when they are given', async () => {
    const domains = ['jobs', 'property']
    const endpoint = healthEndpoint({ service: 'core', version: '1', domains })
    domains.push('late')
    expect(await (await endpoint(get())).json()).toMatchObject({ version: '1', domains: ['jobs', 'property'] })
    expect(await setup().ask()).not.toHaveProperty('domains')
  })

  it('say so on the content type when it is asked for', async () => {
    const { endpoint } = setup()
    const type = async (accept?: string): Promise<string | null> =>
      (await endpoint(get('/health', accept === undefined ? {} : { accept }))).headers.get('content-type')
    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      'application/json, application/health+json;q=0.9',
      'application/health+json;q=0, */*',
      'text/html',
    ])
      // prettier-ignore
      expect(await type(accept)).toBe('application/json')
    for (const accept of [
      'application/health+json',
      'Application/Health+JSON',
      'application/health+json, application/json;q=0.9',
    ])
      // prettier-ignore
      expect(await type(accept)).toBe('application/health+json')
    const { headers } = await endpoint(get())
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['no-store', 'Accept'])
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
    for (const domains of ['jobs', [''], [1], null, {}])
      expect(() => healthEndpoint({ ...base, domains: domains as string[] })).toThrow(option)
    expect(() => healthEndpoint({ ...base, metrics: {} as Metrics })).toThrow(option)
  })

  it('answers 405 to anything but GET and HEAD, and HEAD without a body', async () => {
    const { endpoint } = setup({ database: fails })
    expect((await endpoint(new Request('http://localhost/health', { method: 'POST' }))).status).toBe(405)
    for (const [path, status] of [
      ['/health', 503],
      ['/health/live', 200],
    ] as const) {
      const head = await endpoint(new Request(`http://localhost${path}`, { method: 'HEAD' }))
      expect([head.status, head.body, head.headers.get('content-type')]).toEqual([status, null, 'application/json'])
    }
  })
})

describe('a process that drains', () => {
  it('says so with 503 from the first moment, asks nobody, and is alive', async () => {
    let asked = 0
    const { ask, host, endpoint } = setup({ database: () => (asked += 1) })
    expect(await ask()).toMatchObject({ code: 200, status: 'healthy' })
    let end = (): void => undefined
    host.track(new Promise<void>((resolve) => (end = resolve)))
    const drained = host.drain()
    expect(await ask()).toMatchObject({
      code: 503,
      status: 'draining',
      checks: {},
      reasons: [{ what: 'draining' }],
    })
    expect((await endpoint(get('/health/live'))).status).toBe(200)
    end()
    expect(await drained).toBe(0)
    expect(await ask()).toMatchObject({ code: 503, status: 'draining' })
    expect(asked).toBe(1)
  })

  it('says so, too, when it began while a check was asked', async () => {
    const { ask, host } = setup({ database: () => void host.drain() })
    expect(await ask()).toMatchObject({ code: 503, status: 'draining', checks: { database: 'ok' } })
  })
})

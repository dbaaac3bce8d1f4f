import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { StoreSetupError } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import type { MetricsView } from '../core/metrics-port.ts'
import { createMetrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { metricsEndpoint } from './index.ts'

const get = (query = '', headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost/metrics${query}`, { headers })

function setup(give: (view: MetricsView) => MetricsView | Promise<MetricsView> = (view) => view) {
  const clock = manualClock()
  const facts: Fact[] = []
  const host = createHost({ clock, observe: (fact) => facts.push(fact) })
  const metrics = createMetrics({ host })
  const hits = metrics.counter('hits_total', { help: 'Hits', labels: ['page'] })
  const seen = { renderings: 0 }
  const endpoint = metricsEndpoint({
    host,
    access: 'public',
    metrics: () => {
      seen.renderings += 1
      return give(metrics)
    },
  })
  const hitsShown = async (query = ''): Promise<number | undefined> => {
    const text = await (await endpoint(get(query))).text()
    const [, count] = /hits_total{page=\\?"a\\?"}"?:? ?(\d+)/.exec(text) ?? []
    return count === undefined ? undefined : Number(count)
  }
  return { clock, facts, host, metrics, hits, seen, endpoint, hitsShown }
}

const later = (clock: ReturnType<typeof manualClock>, ms: number): Promise<void> =>
  new Promise((resolve) => clock.after(ms, resolve))

describe('a flood of scrapes', () => {
  it('is rendered once a second for each format', async () => {
    const { clock, hits, seen, endpoint, hitsShown } = setup()
    hits.inc('a')
    expect([await hitsShown(), await hitsShown('?format=prometheus')]).toEqual([1, 1])
    hits.inc('a')
    await clock.tick(999)
    await Promise.all(Array.from({ length: 1_000 }, () => endpoint(get())))
    expect([await hitsShown(), await hitsShown('?format=prometheus'), seen.renderings]).toEqual([1, 1, 2])
    await clock.tick(1)
    expect([await hitsShown(), await hitsShown('?format=prometheus'), seen.renderings]).toEqual([2, 2, 4])
    expect([await hitsShown('?format=openmetrics'), seen.renderings]).toEqual([2, 5])
  })

  it('shares the rendering that is under way', async () => {
    const { clock, seen, endpoint } = setup(async (view) => {
      await later(clock, 500)
      return view
    })
    const flood = Promise.all(Array.from({ length: 1_000 }, () => endpoint(get())))
    await clock.tick(500)
    expect((await flood).every(({ status }) => status === 200)).toBe(true)
    expect(seen.renderings).toBe(1)
  })

  it('is not shown an old rendering for long when the clock is set back', async () => {
    const { clock, hits, hitsShown } = setup()
    hits.inc('a')
    expect(await hitsShown()).toBe(1)
    hits.inc('a')
    clock.set(clock.now() - 86_400_000)
    expect(await hitsShown()).toBe(2)
  })
})

describe('metrics that cannot be had', () => {
  it('are answered with 503, and told once by their code', async () => {
    for (const give of [
      (): never => {
        throw new StoreSetupError('no table of 250788000001')
      },
      () => Promise.reject(new StoreSetupError('no table of 250788000001')),
    ]) {
      const { clock, facts, seen, endpoint } = setup(give)
      const [answer] = await Promise.all(Array.from({ length: 100 }, () => endpoint(get())))
      expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer?.text()).toBe('Service Unavailable\n')
      expect(facts).toEqual([{ name: 'http.failed', of: 'metricsEndpoint', code: 'ERR_PERF_STORE_SETUP' }])
      expect([(await endpoint(get())).status, seen.renderings]).toEqual([503, 1])
      await clock.tick(1_000)
      expect([(await endpoint(get())).status, seen.renderings, facts.length]).toEqual([503, 2, 2])
    }
  })

  it('are no view of metrics', async () => {
    const { endpoint } = setup(() => 'metrics' as unknown as MetricsView)
    expect((await endpoint(get())).status).toBe(503)
  })

  it('cost their deadline and no more', async () => {
    const { clock, facts, endpoint } = setup(() => new Promise(() => undefined))
    let status: number | undefined
    void endpoint(get()).then((answer) => (status = answer.status))
    await clock.tick(1_999)
    expect(status).toBeUndefined()
    await clock.tick(1)
    expect(status).toBe(503)
    expect(facts).toEqual([{ name: 'http.failed', of: 'metricsEndpoint', code: 'ERR_PERF_TIMEOUT' }])
  })

  it('are shown again when they can be', async () => {
    let down = true
    const { clock, endpoint } = setup((view) => (down ? Promise.reject(new Error('down')) : view))
    expect((await endpoint(get())).status).toBe(503)
    down = false
    expect((await endpoint(get())).status).toBe(503)
    await clock.tick(1_000)
    expect((await endpoint(get())).status).toBe(200)
  })
})

describe('compression', () => {
  const withSeries = (count: number) => {
    const service = setup()
    for (let index = 0; index < count; index += 1) service.hits.inc(`page ${index}`)
    return service
  }
  const gzip = { 'accept-encoding': 'gzip' }
  const bytes = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer())

  it('is for those who accept it, and holds the same text', async () => {
    const { endpoint } = withSeries(1_000)
    for (const query of ['', '?format=prometheus', '?format=openmetrics', '?format=html']) {
      const plain = await endpoint(get(query))
      const [first, second] = await Promise.all([endpoint(get(query, gzip)), endpoint(get(query, gzip))])
      expect([plain, first, second].map(({ headers }) => headers.get('content-encoding'))).toEqual([
        null,
        'gzip',
        'gzip',
      ])
      const text = await bytes(plain)
      const compressed = await bytes(first)
      expect(gunzipSync(compressed).equals(text)).toBe(true)
      expect((await bytes(second)).equals(compressed)).toBe(true)
      expect(compressed.length).toBeLessThan(text.length / 2)
    }
  })

  it('does not touch what is small, or what is wanted as it is', async () => {
    const { endpoint } = withSeries(1)
    expect((await endpoint(get('?format=prometheus', gzip))).headers.has('content-encoding')).toBe(false)
    const large = withSeries(1_000).endpoint
    for (const accepted of ['identity', 'br', 'gzip;q=0', '']) {
      const answer = await large(get('?format=prometheus', { 'accept-encoding': accepted }))
      expect([accepted, answer.headers.has('content-encoding')]).toEqual([accepted, false])
    }
  })

  it('is left out where the platform cannot, or fails', async () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'CompressionStream') ?? {}
    const { clock, endpoint } = withSeries(1_000)
    const broken = class {
      constructor() {
        throw new Error('not implemented')
      }
    }
    for (const value of [undefined, broken])
      try {
        Object.defineProperty(globalThis, 'CompressionStream', { ...own, value })
        const answer = await endpoint(get('?format=prometheus', gzip))
        expect([answer.status, answer.headers.has('content-encoding')]).toEqual([200, false])
        expect(await answer.text()).toContain('hits_total{page="page 999"} 1\n')
        await clock.tick(1_000)
      } finally {
        Object.defineProperty(globalThis, 'CompressionStream', own)
      }
  })
})

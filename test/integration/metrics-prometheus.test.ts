import { spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMetricsText } from '../../src/core/open-metrics-text.ts'
import { statsTable } from '../../src/core/stats-table.ts'
import { metricsEndpoint, performanceMiddleware, toNode } from '../../src/http/index.ts'
import { cleanValue } from '../../src/metrics/labels.ts'
import { collect, createMetrics, prometheusText, type Metrics } from '../../src/metrics/index.ts'
import { collectRuntime } from '../../src/metrics/runtime.ts'
import { debianProgram } from '../servers/debian-program.ts'
import { startPrometheus } from '../servers/prometheus.ts'
import type { PrivateServer } from '../servers/server.ts'
import { parseOpenMetricsText } from '../support/open-metrics-text.ts'
import { parsePrometheusText } from '../support/prometheus-text.ts'

const TOKEN = 'a-token-for-the-scrape-of-this-test'
const TRAFFIC_MS = 20_000
const TICK_MS = 250
const SCRAPE_SECONDS = 1
const PATHS = ['/orders', '/orders', '/orders', '/missing', '/broken']
/** Sent before Prometheus starts, so that each series has a first value to count from. */
const WARM_UP_ROUNDS = 3

const HOSTILE = ['"', '\\', '\n', '\\n', '\\"', '{le="+Inf"}', '} 1\nup 0', '# EOF', '\r\n', '\t', '\0', '\u2028', 'é😀', ' ', '__proto__', '"}, x="y'] // prettier-ignore

/** A series as Prometheus gives it back. */
interface Series {
  readonly metric: Readonly<Record<string, string>>
  /** Of a query for one moment. */
  readonly value: readonly [seconds: number, value: string]
  /** Of a query for a range: what was scraped, as it was. */
  readonly values: readonly (readonly [seconds: number, value: string])[]
}

/** A service with everything that the package can show. */
function service(): { metrics: Metrics; server: Server; answered: Map<string, string> } {
  const metrics = createMetrics({ defaultLabels: { service: 'core', odd: 'a"b\\c\nd' } })
  showEverything(metrics)
  const route = (request: Request): string => new URL(request.url).pathname
  const work = performanceMiddleware({ service: 'core', metrics, log: () => undefined, route })((request: Request) => {
    const status = { '/missing': 404, '/broken': 500 }[route(request)] ?? 200
    return new Response('done', { status })
  })
  const show = metricsEndpoint({ metrics, access: { tokens: [TOKEN] } })
  const answered = new Map<string, string>()
  const handler = async (request: Request): Promise<Response> => {
    if (route(request) !== '/metrics') return work(request)
    const response = await show(request)
    const how = `${response.headers.get('content-type')} ${response.headers.get('content-encoding')}`
    answered.set(new URL(request.url).searchParams.get('job') ?? '', how)
    return response
  }
  return { metrics, server: createServer(toNode(handler)), answered }
}

function showEverything(metrics: Metrics): void {
  const full = (kind: keyof typeof statsTable): object =>
    Object.fromEntries(Object.entries(statsTable[kind].fields).map(([name, { word }]) => [name, word ?? 3]))
  for (const kind of ['cache', 'pool', 'dedup'] as const)
    for (const name of ['one', 'a"b\\c\nd']) collect(metrics, kind, name, () => full(kind))
  for (const kind of ['lazy', 'warmup'] as const) collect(metrics, kind, 'core', () => ({ 'core:home': full(kind) }))
  collect(metrics, 'custom', 'inbox', () => ({ depth: 3, waitMs: 7, sentTotal: 5 }))
  collectRuntime(metrics)
  // One misuse, so that the registry's own counters are there too.
  metrics.gauge('level', { help: 'Level "of"\\ it\nall' }).set(NaN)
  metrics.gauge('level', { help: 'Level "of"\\ it\nall' }).set(-0.5)
  const hostile = metrics.counter('hostile_total', { help: 'H', labels: ['value'] })
  const sizes = metrics.histogram('hostile_bytes', { help: 'H', labels: ['value'], buckets: [1, 1_048_576] })
  for (const [index, value] of HOSTILE.entries()) {
    hostile.add(index + 1, value)
    sizes.observe(index, value)
  }
}

function scrapeConfig(target: string): object {
  const job = (name: string, format: string | undefined, credentials: string): object => ({
    job_name: name,
    static_configs: [{ targets: [target] }],
    params: { job: [name], ...(format === undefined ? {} : { format: [format] }) },
    authorization: { credentials },
  })
  return {
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS}s` },
    scrape_configs: [
      job('default', undefined, TOKEN),
      job('text', 'prometheus', TOKEN),
      job('open', 'openmetrics', TOKEN),
      job('closed', undefined, 'wrong'),
    ],
  }
}

const JOBS = ['default', 'text', 'open'] as const

describe('a real Prometheus that scrapes a service', () => {
  const { metrics, server, answered } = service()
  const seconds = metrics.histogram('known_seconds', { help: 'Known', buckets: [0.1, 0.25, 1] })
  let prometheus: PrivateServer
  let url = ''
  let sent = 0
  /** In seconds: a moment at which all that was sent had been scraped by everybody who may. What it was then, it stays. */
  let settledAt = NaN

  async function query(expression: string, at = settledAt): Promise<readonly Series[]> {
    const parameters = new URLSearchParams({ query: expression, time: at.toFixed(3) })
    const response = await fetch(`${prometheus.url}/api/v1/query?${parameters.toString()}`)
    const { data, error } = (await response.json()) as { data?: { result: readonly Series[] }; error?: string }
    if (data === undefined) throw new Error(`${expression}: ${error}`)
    return data.result
  }

  const one = async (expression: string, at?: number): Promise<number> => {
    const [series, ...others] = await query(expression, at)
    expect(others).toEqual([])
    return Number(series?.value[1])
  }

  /** Gives the moment at which it was so. The test's own timeout ends a wait in vain. */
  async function eventually(expression: string, value: number): Promise<number> {
    for (;;) {
      // Long enough ago that no scrape from before it is still under way: a failed one takes series away.
      const at = Date.now() / 1_000 - 2 * SCRAPE_SECONDS
      const [series] = await query(expression, at)
      if (Number(series?.value[1]) === value) return at
      await sleep(100)
    }
  }

  async function round(): Promise<void> {
    await Promise.all(PATHS.map(async (path) => (await fetch(url + path)).arrayBuffer()))
    seconds.observe(0.2)
    sent += PATHS.length
  }

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
    url = `http://${target}`
    for (let count = 0; count < WARM_UP_ROUNDS; count += 1) await round()
    prometheus = await startPrometheus(scrapeConfig(target))
    await eventually(`count(http_requests_total{route="/broken",status="500"})`, JOBS.length)
    const until = performance.now() + TRAFFIC_MS
    while (performance.now() < until) {
      await round()
      await sleep(TICK_MS)
    }

    // A scrape that comes too late on a machine under load is followed by another one.
    settledAt = await eventually(
      `min(sum by (job) (http_requests_total)) and sum(up) == ${JOBS.length} and count(up) == ${JOBS.length + 1}`,
      sent,
    )
  })

  afterAll(async () => {
    await prometheus.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('gets in with the token, and only with it', async () => {
    const up = await query('up')
    const byJob = Object.fromEntries(up.map(({ metric, value }) => [metric['job'], value[1]]))
    expect(byJob).toEqual({ default: '1', text: '1', open: '1', closed: '0' })
  })

  it('was given OpenMetrics when it asked in its own words, and each format when that was named', () => {
    const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8 gzip'
    expect(answered.get('default')).toBe(open)
    expect(answered.get('open')).toBe(open)
    expect(answered.get('text')).toBe('text/plain; version=0.0.4; charset=utf-8 gzip')
  })

  for (const job of JOBS)
    it(`counts what was sent, and its rate() and increase() are the same: ${job}`, async () => {
      const series = `http_requests_total{job="${job}",route="/orders",status="200"}`
      const [raw] = await query(`${series}[5m]`)
      const values = raw?.values ?? []
      const [first = [NaN, ''], last = [NaN, '']] = [values[0], values.at(-1)]
      const perRound = PATHS.filter((path) => path === '/orders').length
      const during = perRound * (sent / PATHS.length - WARM_UP_ROUNDS)
      expect(Number(first[1])).toBe(perRound * WARM_UP_ROUNDS)
      expect(Number(last[1])).toBe(perRound * WARM_UP_ROUNDS + during)
      // Asked for exactly the time between the two samples, at the second of them, Prometheus has nothing to extrapolate.
      const windowMs = Math.round((last[0] - first[0]) * 1_000)
      expect(windowMs).toBeGreaterThanOrEqual(TRAFFIC_MS)
      expect(await one(`increase(${series}[${windowMs}ms])`, last[0])).toBeCloseTo(during, 6)
      expect(await one(`rate(${series}[${windowMs}ms])`, last[0])).toBeCloseTo((during * 1_000) / windowMs, 6)
    })

  it('answers quantiles of a histogram', async () => {
    for (const job of JOBS) {
      const rates = (metric: string): string => `sum by (le) (rate(${metric}_bucket{job="${job}"}[1m]))`
      const p50 = await one(`histogram_quantile(0.5, ${rates('known_seconds')})`)
      expect(p50).toBeGreaterThan(0.1)
      expect(p50).toBeLessThanOrEqual(0.25)
      expect(await one(`histogram_quantile(0.99, ${rates('http_request_duration_seconds')})`)).toBeGreaterThan(0)
    }
  })

  it('reads hostile label values as they were recorded, in both formats', async () => {
    const expected = HOSTILE.map((value, index) => [cleanValue(value, 'value'), String(index + 1)])
    for (const job of JOBS) {
      const found = await query(`hostile_total{job="${job}",service="core"}`)
      expect(found.map(({ metric, value }) => [metric['value'], value[1]]).sort()).toEqual(expected.toSorted())
      expect(new Set(found.map(({ metric }) => metric['odd']))).toEqual(new Set(['a"b\\c\nd']))
    }
  })

  it('has the same series whichever format it asked for', async () => {
    const names = async (job: string): Promise<readonly string[]> =>
      (await query(`{job="${job}",service="core"}`)).map(({ metric }) => JSON.stringify({ ...metric, job: '' })).sort() // prettier-ignore
    const [byDefault, text, open] = await Promise.all(JOBS.map(names))
    expect(text?.length).toBeGreaterThan(150)
    expect(open).toEqual(text)
    expect(byDefault).toEqual(text)
  })

  it('would find no fault in what it reads: promtool and our own readers', async () => {
    const promtool = await debianProgram({ program: 'promtool', packages: ['prometheus'] })
    const text = prometheusText(metrics)
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(parsePrometheusText(text).size).toBeGreaterThan(50)
    expect(parseOpenMetricsText(openMetricsText(metrics)).size).toBe(parsePrometheusText(text).size)
  })
})

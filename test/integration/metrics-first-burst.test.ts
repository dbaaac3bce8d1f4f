import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metricsEndpoint, performanceMiddleware } from '../../src/http/index.ts'
import { createMetrics } from '../../src/metrics/index.ts'
import { ownFolder } from '../servers/launch.ts'
import { startPrometheus } from '../servers/prometheus.ts'
import type { PrivateServer } from '../servers/server.ts'
import { serve, type StoppableServer } from '../support/stoppable-server.ts'

/** A series over a time, as it was scraped. */
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [seconds: number, value: string])[]
}

const metrics = createMetrics({ defaultLabels: { service: 'wa' } })
let failing = false
const measured = performanceMiddleware({
  service: 'wa',
  metrics,
  routes: ['/declared'],
  route: (request) => new URL(request.url).pathname,
})(() => new Response(null, { status: failing ? 500 : 200 }))
const show = metricsEndpoint({ metrics, access: 'public' })

let server: StoppableServer
let prometheus: PrivateServer
const folder = ownFolder('first-burst')

async function ask<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)
  const { data } = (await response.json()) as { data?: T }
  if (data === undefined) throw new Error(`Prometheus answered ${response.status} to ${path}`)
  return data
}

async function valuesOf(series: string): Promise<Series['values']> {
  const { result } = await ask<{ result: readonly Series[] }>('query', { query: `${series}[10m]` })
  return result[0]?.values ?? []
}

/** What `increase` says over exactly the samples that there are, so that nothing is extrapolated. */
async function increaseOf(series: string): Promise<number> {
  const values = await valuesOf(series)
  const [[first] = [NaN], [last] = [NaN]] = [values[0], values.at(-1)]
  const query = `increase(${series}[${Math.round((last - first) * 1_000)}ms])`
  const { result } = await ask<{ result: readonly { value: readonly [number, string] }[] }>('query', { query, time: String(last) }) // prettier-ignore
  return Number(result[0]?.value[1])
}

/** Waits until the series has been scraped so often with this value. The test's own timeout ends a wait in vain. */
async function scraped(series: string, value: number, times: number): Promise<void> {
  while ((await valuesOf(series)).filter(([, each]) => Number(each) === value).length < times) await sleep(200)
}

const send = async (count: number, path: string): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, async () => (await fetch(server.url + path)).arrayBuffer()))

beforeAll(async () => {
  server = await serve((request) => (new URL(request.url).pathname === '/metrics' ? show(request) : measured(request)))
  // The rules as they are, but that a minute is a second.
  const rules = readFileSync(new URL('../../docs/monitoring/alerts.yml', import.meta.url), 'utf8')
  writeFileSync(join(folder, 'alerts.yml'), rules.replaceAll(/for: (\d+)m/g, 'for: $1s'))
  prometheus = await startPrometheus({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'alerts.yml')],
    scrape_configs: [{ job_name: 'easymo', static_configs: [{ targets: [server.url.replace('http://', '')] }] }],
  })
})

afterAll(async () => {
  await prometheus.stop()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('301 good answers, then 60 errors in one burst, scraped by a real Prometheus', { timeout: 120_000 }, () => {
  const errors = (route: string): string => `http_request_errors_total{route="${route}"}`
  const failed = (route: string): string => `http_requests_total{route="${route}",status="500"}`

  it('are an increase of 60, of a route that was answered before and of one that was declared', async () => {
    await send(301, '/webhook')
    await scraped(errors('/webhook'), 0, 3)
    await scraped(errors('/declared'), 0, 3)
    failing = true
    await send(60, '/webhook')
    await send(60, '/declared')
    for (const route of ['/webhook', '/declared']) {
      await scraped(errors(route), 60, 3)
      expect(await increaseOf(errors(route))).toBeCloseTo(60, 6)
    }
    expect(await increaseOf(failed('/webhook'))).toBeCloseTo(60, 6)
  })

  it('raise the alert', async () => {
    const firing = async (): Promise<readonly string[]> => {
      const { alerts } = await ask<{ alerts: readonly { labels: Record<string, string>; state: string }[] }>('alerts')
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => `${labels['alertname']} ${labels['service']}`) // prettier-ignore
    }
    await expect.poll(firing, { timeout: 60_000, interval: 500 }).toContain('EasymoErrorRateHigh wa')
  })
})

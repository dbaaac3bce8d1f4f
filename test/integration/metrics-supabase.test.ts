import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { MetricsFlush, MetricsStore } from '../../src/core/metrics-store.ts'
import { aggregate, createMetrics, flush, prometheusText } from '../../src/metrics/index.ts'
import { supabaseMetricsStore } from '../../src/supabase/index.ts'
import { metricsStoreContract } from '../../src/testing/index.ts'
import { FORGET_METRICS, metricsRollback, metricsSchema } from '../support/metrics-schema.ts'
import { overPostgrest } from '../support/over-postgrest.ts'

const FLUSH: MetricsFlush = { id: '1', instance: '"a"', maxSeriesPerMetric: 9, gaugeTtlMs: 60_000, definitions: [['m', 'd']], series: [{ metric: 'm', series: 's', sums: [['v', 1]] }] } // prettier-ignore

const PATIENT = { timeoutMs: 10_000 }

const rest = overPostgrest(metricsSchema, FORGET_METRICS)

const storeOf = (options: object = {}): MetricsStore => supabaseMetricsStore(rest.client(options))

describe('metrics in Supabase keep the contract of a store', () => {
  for (const { name, run } of metricsStoreContract)
    it(`which ${name}`, () => run({ store: storeOf(), wait: (ms) => sleep(ms) }))
})

it('a flush to Supabase is one request, and so is reading', async () => {
  const metrics = createMetrics()
  metrics.counter('requests_total', { help: 'Requests', labels: ['status'] }).add(2, '200')
  metrics.gauge('size', { help: 'Size' }).set(3)
  expect(await flush(metrics, storeOf(), PATIENT)).toBe(true)
  expect(prometheusText(await aggregate(storeOf(), PATIENT))).toContain('requests_total{status="200"} 2\n')
  expect(rest.recorded().map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /rest/v1/rpc/easymo_metrics_add',
    'POST /rest/v1/rpc/easymo_metrics_read',
  ])
  expect(Object.keys(JSON.parse(rest.recorded()[0]?.body ?? '') as object)).toEqual(['flush'])
})

it('a role without rights, and an unknown function, are mistakes in the set-up', async () => {
  const refused = storeOf({ headers: { authorization: `Bearer ${rest.stranger}` } })
  for (const call of [() => refused.add(FLUSH), () => refused.read()])
    await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP', cause: { code: '42501' } })
  const other = await metricsSchema(inject('postgresUrl'))
  await other.admin.query(await metricsRollback())
  const missing = storeOf({ schema: other.schema })
  for (const call of [() => missing.add(FLUSH), () => missing.read()])
    await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP', cause: { code: 'PGRST202' } })
  await other.end()
})

describe('what is not PostgREST', () => {
  let server: Server
  let store: MetricsStore
  let answer: readonly [status: number, body: string] | undefined

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (answer === undefined) request.socket.destroy()
      else response.writeHead(answer[0]).end(answer[1])
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    store = supabaseMetricsStore(new PostgrestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it.each([
    ['a proxy’s page', [502, '<html>Bad Gateway</html>'], 'ERR_PERF_STORE_UNAVAILABLE'],
    ['a wrong key', [401, '{"message":"Invalid API key"}'], 'ERR_PERF_STORE_SETUP'],
    ['another function of that name', [200, '{"won":true}'], 'ERR_PERF_STORE_SETUP'],
  ] as const)('is told from it: %s', async (_, answered, code) => {
    answer = answered
    await expect(store.add(FLUSH)).rejects.toMatchObject({ code })
    await expect(store.read()).rejects.toMatchObject({ code })
  })

  it('is an outage when it hangs up', async () => {
    answer = undefined
    for (const call of [() => store.add(FLUSH), () => store.read()])
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })
})

it('supabaseMetricsStore refuses what is no client of Supabase', () => {
  for (const client of [undefined, {}, { from: () => 1 }, 'https://x.supabase.co'])
    expect(() => supabaseMetricsStore(client as never)).toThrow('@supabase/supabase-js')
})

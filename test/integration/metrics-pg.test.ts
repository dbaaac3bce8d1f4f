import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { MetricsFlush, MetricsStore } from '../../src/core/metrics-store.ts'
import { aggregate, createMetrics, flush, metricsJson } from '../../src/metrics/index.ts'
import { pgMetricsStore } from '../../src/pg/index.ts'
import { metricsStoreContract } from '../../src/testing/index.ts'
import { FORGET_METRICS, metricsMigration, metricsRollback, metricsSchema } from '../support/metrics-schema.ts'
import { pgDrivers, type StartedDriver } from '../support/pg-drivers.ts'
import { roleServer, type RoleServer } from '../support/role-server.ts'
import type { SqlSchema } from '../support/sql-schema.ts'

const SETUP = { code: 'ERR_PERF_STORE_SETUP' }
const PATIENT = { timeoutMs: 10_000 }
const FLUSH: MetricsFlush = { id: '1', instance: '"a"', maxSeriesPerMetric: 1_000, gaugeTtlMs: 60_000, definitions: [['m', 'd']], gauges: [{ metric: 'g', series: 's', value: 1, ageMs: 0 }], series: [{ metric: 'm', series: 's', sums: [['v', 1]] }] } // prettier-ignore

let own: SqlSchema
let store: MetricsStore

beforeAll(async () => {
  own = await metricsSchema(inject('postgresUrl'))
  store = pgMetricsStore(own.admin)
})
beforeEach(() => own.admin.query(FORGET_METRICS))
afterAll(() => own.end())

const rows = async (sql: string): Promise<unknown> => (await own.admin.query<object>(sql)).rows

describe.each(Object.keys(pgDrivers))('metrics in Postgres over %s keep the contract of a store', (name) => {
  let started: StartedDriver

  beforeAll(async () => {
    started = await (pgDrivers[name] as (typeof pgDrivers)[string])(own, await metricsMigration())
  })
  beforeEach(() => started.exec(FORGET_METRICS))
  afterAll(() => started.close())

  for (const { name: promise, run } of metricsStoreContract)
    it(`which ${promise}`, () => run({ store: pgMetricsStore(started.driver), wait: (ms) => sleep(ms) }))
})

describe('a flush to Postgres', () => {
  it('is not refused, with all that it holds, for numbers that have no sum', async () => {
    for (let isolate = 0; isolate < 2; isolate += 1) {
      const metrics = createMetrics()
      metrics.counter('requests_total', { help: 'Requests' }).inc()
      metrics.counter('received_bytes_total', { help: 'Received' }).add(1.7e308)
      metrics.histogram('payload_bytes', { help: 'Size', quantiles: true }).observe(1.7e308)
      expect(await flush(metrics, store, PATIENT)).toBe(true)
    }
    const { counters, histograms } = metricsJson(await aggregate(store, PATIENT))
    expect(counters['requests_total']).toBe(2)
    expect(histograms['payload_bytes']).toMatchObject({ count: 2, max: 1.7e308 })
  })

  it('is one statement, and so is reading', async () => {
    const client = await own.connect()
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    let statements = 0
    Object.assign(client, { query: (...args: unknown[]) => ((statements += 1), query(...args)) })
    const counted = pgMetricsStore(client)
    const metrics = createMetrics()
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['status'] })
    metrics.gauge('size', { help: 'Size' }).set(3)
    metrics.histogram('latency_seconds', { help: 'Latency', quantiles: true }).observe(0.1)
    for (let status = 0; status < 20; status += 1) requests.inc(String(status))
    expect(await flush(metrics, counted, PATIENT)).toBe(true)
    expect(statements).toBe(1)
    await aggregate(counted, PATIENT)
    expect(statements).toBe(2)
    expect(await flush(metrics, counted, PATIENT)).toBe(true)
    expect(statements).toBe(2)
  })

  it('keeps all digits in sessions that prefer fewer', async () => {
    const few = pgMetricsStore(await own.connect('set extra_float_digits = -10'))
    for (const id of ['1', '2', '3']) await few.add({ ...FLUSH, id, series: [{ metric: 'm', series: 's', sums: [['v', 0.1]], min: 1 / 3 }], gauges: [{ metric: 'g', series: 's', value: 2 / 3, ageMs: 0 }] }) // prettier-ignore
    const { series, gauges } = await few.read()
    expect(series).toEqual([{ metric: 'm', series: 's', sums: [['v', 0.1 + 0.1 + 0.1]], min: 1 / 3 }])
    expect(gauges[0]?.value).toBe(2 / 3)
  })

  it('never deadlocks with others that bring the same series, metrics and instances in other orders', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => own.connect("set deadlock_timeout = '20ms'")))
    const names = Array.from({ length: 300 }, (_, at) => at)
    const shuffled = (): number[] => names.map((at) => [Math.random(), at] as const).sort(([a], [b]) => a - b).map(([, at]) => at) // prettier-ignore
    const write = async (client: pg.Client, writer: number): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        const order = shuffled().slice(0, 200)
        const series = order.map((at) => ({ metric: `m${at % 9}`, series: `s${at}`, sums: { v: 1 } }))
        const definitions = shuffled().slice(0, 9).map((at) => [`m${at % 9}`, 'd']) // prettier-ignore
        const what = {
          ...FLUSH,
          id: `${writer} ${round}`,
          instance: `"${round % 2}"`,
          series,
          definitions,
          overflow: 'o',
        }
        // Past the store, which would repeat what was a deadlock.
        await client.query('select easymo_metrics_add($1)', [JSON.stringify(what)])
        await client.query('select easymo_metrics_cleanup()')
      }
    }
    await Promise.all(clients.map(write))
    const { series } = await store.read()
    expect(series.reduce((sum, { sums }) => sum + (sums[0]?.[1] ?? 0), 0)).toBe(4 * 10 * 200)
  })

  it('finds series by the primary key, also by plans made when the table was empty', async () => {
    const client = await own.connect("set plan_cache_mode = 'force_generic_plan'")
    const planned = pgMetricsStore(client)
    await planned.add({ ...FLUSH, id: 'first' })
    await own.admin.query("insert into easymo_metrics_series select easymo_metrics_key('m', n::text), 'm', n::text, '{}' from generate_series(1, 20000) n") // prettier-ignore
    const scans = async (): Promise<unknown> => {
      await Promise.all([client, own.admin].map((each) => each.query('select pg_stat_force_next_flush()')))
      return rows("select seq_scan from pg_stat_user_tables where relid = 'easymo_metrics_series'::regclass")
    }
    const before = await scans()
    await planned.add({ ...FLUSH, id: 'second' })
    expect(await scans()).toEqual(before)
  })

  it('takes away, a few at a time, what is past its time', async () => {
    await own.admin.query("insert into easymo_metrics_flushes select 'old' || n, now() - interval '25 hours' from generate_series(1, 5) n") // prettier-ignore
    await own.admin.query("insert into easymo_metrics_gauges values ('gone', '[]', now(), now() - interval '1 s')")
    await store.add({ ...FLUSH, id: '1' })
    expect(await rows("select count(*)::int from easymo_metrics_flushes where id like 'old%'")).toEqual([{ count: 2 }])
    expect(await rows('select instance from easymo_metrics_gauges')).toEqual([{ instance: '"a"' }])
    await store.add({ ...FLUSH, id: '2' })
    expect(await rows('select id from easymo_metrics_flushes order by id')).toEqual([{ id: '1' }, { id: '2' }])
  })

  it('is cleaned up of metrics that nobody has flushed for thirty days', async () => {
    await store.add(FLUSH)
    await store.add({ ...FLUSH, id: '2', definitions: [['n', 'd']], series: [{ metric: 'n', series: 's', sums: [['v', 1]] }] }) // prettier-ignore
    await own.admin.query(
      "update easymo_metrics_definitions set said_at = now() - interval '31 days' where metric = 'm'",
    )
    expect(await rows('select easymo_metrics_cleanup()::int as removed')).toEqual([{ removed: 1 }])
    const { series, definitions } = await store.read()
    expect([series.map(({ metric }) => metric), definitions.map(({ metric }) => metric)]).toEqual([['n'], ['n']])
    await store.add({ ...FLUSH, id: '3' })
    expect((await store.read()).series).toHaveLength(2)
  })
})

describe('the migration of the metrics', () => {
  it('can run again, and keeps what is counted', async () => {
    await store.add(FLUSH)
    await own.admin.query(await metricsMigration())
    expect((await store.read()).series).toHaveLength(1)
    expect(await rows('select * from easymo_schema_versions')).toEqual([{ component: 'metrics', version: 1 }])
  })

  it('makes functions that find their own tables, whatever the search path of the caller', async () => {
    const elsewhere = await own.connect('create temporary table easymo_metrics_series (like easymo_metrics_series including all); set search_path = pg_catalog') // prettier-ignore
    const what = JSON.stringify({ ...FLUSH, series: [{ metric: 'm', series: 's', sums: { v: 1 } }], overflow: 'o' })
    await elsewhere.query(`select ${own.schema}.easymo_metrics_add($1)`, [what])
    expect((await store.read()).series).toHaveLength(1)
  })

  it('is taken back without a trace; then the store is not set up', async () => {
    const other = await metricsSchema(inject('postgresUrl'))
    for (let run = 0; run < 2; run += 1) await other.admin.query(await metricsRollback())
    const left = `select relname from pg_class where relnamespace = $1::text::regnamespace
      union all select proname from pg_proc where pronamespace = $1::text::regnamespace`
    expect((await other.admin.query<object>(left, [other.schema])).rows).toEqual([])
    const gone = pgMetricsStore(other.admin)
    await expect(gone.add(FLUSH)).rejects.toMatchObject(SETUP)
    await expect(gone.read()).rejects.toMatchObject(SETUP)
    await other.admin.query(await metricsMigration())
    expect(await gone.add(FLUSH)).toBe(true)
    await other.admin.query('drop table easymo_metrics_series')
    await expect(gone.add({ ...FLUSH, id: '2' })).rejects.toMatchObject(SETUP)
    await other.end()
  })
})

describe('who may flush', () => {
  let server: RoleServer
  beforeAll(async () => {
    server = await roleServer(await metricsMigration())
  })
  afterAll(() => server.stop())

  it.each(['anon', 'authenticated', 'app'])('not the role %s', async (role) => {
    const client = await server.connect(role)
    const shut = pgMetricsStore(client)
    await pgMetricsStore(server.owner).add(FLUSH)
    await expect(shut.add(FLUSH)).rejects.toMatchObject({ ...SETUP, cause: { code: '42501' } })
    await expect(shut.read()).rejects.toMatchObject(SETUP)
    for (const table of ['flushes', 'series', 'gauges', 'definitions'])
      // By default `app` may read tables, and row level security shows it none of their rows.
      if (role === 'app') expect((await client.query(`select * from easymo_metrics_${table}`)).rows).toEqual([])
      else await expect(client.query(`table easymo_metrics_${table}`)).rejects.toMatchObject({ code: '42501' })
  })

  it('the service role', async () => {
    const open = pgMetricsStore(await server.connect('service_role'))
    expect(await open.add({ ...FLUSH, id: 'service' })).toBe(true)
    expect((await open.read()).series).toHaveLength(1)
    await (await server.connect('service_role')).query('select easymo_metrics_cleanup()')
  })
})

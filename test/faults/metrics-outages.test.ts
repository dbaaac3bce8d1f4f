import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Counter, Metrics } from '../../src/core/metrics-port.ts'
import type { MetricsStore } from '../../src/core/metrics-store.ts'
import { aggregate, createMetrics, flush } from '../../src/metrics/index.ts'
import { pgMetricsStore } from '../../src/pg/index.ts'
import { redisMetricsStore } from '../../src/redis/index.ts'
import { ownName, startPostgres, startRedis, type PrivateServer } from '../servers/index.ts'
import { toldHost } from '../support/dedup-probe.ts'
import { resent } from '../support/dedup-service.ts'
import { metricsMigration } from '../support/metrics-schema.ts'
import { countsOf } from '../support/metrics-isolates.ts'
import { redisClient, redisDrivers, type RedisDriver } from '../support/redis-clients.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const UNAVAILABLE = { code: 'ERR_PERF_STORE_UNAVAILABLE' }
const PATIENT = { timeoutMs: 10_000 }

interface Started {
  server: PrivateServer
  readonly proxy: TcpProxy
  readonly close: () => Promise<unknown>
  readonly store: () => MetricsStore
}

async function onRedis(driver: RedisDriver): Promise<Started> {
  const server = await startRedis({ private: true })
  // The server comes back on another port, to clients that know one address.
  const proxy = await tcpProxy(server.port)
  const redis = await redisClient(driver, `redis://127.0.0.1:${proxy.port}`)
  return { server, proxy, close: async () => redis.close(), store: () => redisMetricsStore(redis.client, { prefix: ownName() }) } // prettier-ignore
}

async function onPostgres(): Promise<Started> {
  const server = await startPostgres({ private: true })
  const proxy = await tcpProxy(server.port)
  const url = new URL(server.url)
  url.port = String(proxy.port)
  // The test servers commit into memory only; metrics must not be lost in a crash.
  const pool = new pg.Pool({ connectionString: url.href, max: 6, options: '-csynchronous_commit=on' })
  pool.on('error', () => undefined)
  await pool.query(await metricsMigration())
  return { server, proxy, close: () => pool.end(), store: () => pgMetricsStore(pool) }
}

const places: Readonly<Record<string, () => Promise<Started>>> = {
  ...Object.fromEntries(redisDrivers.map((driver) => [`Redis, by ${driver}`, () => onRedis(driver)])),
  Postgres: onPostgres,
}

/** An isolate whose counter has a name of its own, and which never gives up. */
function isolateOf(store: MetricsStore): {
  metrics: Metrics
  name: string
  requests: Counter<readonly []>
  settle(): Promise<unknown>
} {
  const metrics = createMetrics()
  const name = `${ownName()}_total`
  const requests = metrics.counter(name, { help: 'Requests' })
  const settle = (): Promise<unknown> => resent(() => flush(metrics, store, PATIENT))
  return { metrics, name, requests, settle }
}

const countOf = async (store: MetricsStore, name: string): Promise<number> =>
  // A connection may be found dead by whoever asks first.
  countsOf(await resent(() => aggregate(store, PATIENT)))[`${name} `] ?? 0

describe.each(Object.entries(places))('a flush to %s', (_, start) => {
  let started: Started
  beforeAll(async () => {
    started = await start()
  })
  afterEach(() => started.server.resume())
  afterAll(async () => {
    await started.close()
    await started.proxy.close()
    await started.server.stop()
  })

  it('of a frozen server fails at its deadline, and is counted once when the server goes on', async () => {
    const store = started.store()
    const { metrics, name, requests, settle } = isolateOf(store)
    const { host, told } = toldHost()
    requests.inc()
    await settle()
    for (let round = 0; round < 3; round += 1) {
      await started.server.pause()
      requests.inc()
      await expect(flush(metrics, store, { host })).rejects.toMatchObject(UNAVAILABLE)
      requests.inc()
      await expect(flush(metrics, store, { host })).rejects.toMatchObject(UNAVAILABLE)
      // All that was sent is carried out now, perhaps more than once.
      await started.server.resume()
      expect(await resent(() => flush(metrics, store, { host, timeoutMs: 10_000 }))).toBe(true)
      expect(await countOf(store, name)).toBe(3 + 2 * round)
    }
    expect(told('metrics.flush_failed')).toBeGreaterThan(0)
  }, 180_000)

  it('whose connections are reset again and again is counted once', async () => {
    const real = started.store()
    let [unclear, ended] = [0, 0]
    const store: MetricsStore = {
      read: () => real.read(),
      async add(what) {
        // Sent again by us, or by the driver itself, and applied before.
        const applied = await real.add(what).finally(() => {
          unclear += 1
          ended += 1
        })
        if (applied) unclear -= 1
        return applied
      },
    }
    const isolates = [1, 2, 3, 4].map(() => isolateOf(store))
    started.proxy.weather({ latencyMs: 6, sliceBytes: 400 })
    let stopped = false
    const resets = (async () => {
      while (!stopped) {
        await sleep(Math.random() * 80)
        started.proxy.reset()
        // On a slow machine a new connection may take longer than that: no reset before there was an answer.
        for (const before = ended; ended === before && !stopped;) await sleep(5)
      }
    })()
    await Promise.all(
      isolates.map(async ({ metrics, requests }) => {
        for (let round = 0; round < 40; round += 1) {
          requests.add(3)
          await flush(metrics, store, PATIENT).catch(() => undefined)
        }
      }),
    )
    stopped = true
    await resets
    started.proxy.weather({})
    for (const { settle } of isolates) await settle()
    expect(unclear).toBeGreaterThan(0)
    for (const { name } of isolates) expect(await countOf(store, name)).toBe(120)
  }, 180_000)
})

describe('a server that is killed', () => {
  it('Postgres: comes back with all that was acknowledged, and nothing twice', async () => {
    const started = await onPostgres()
    const store = started.store()
    const { metrics, name, requests, settle } = isolateOf(store)
    requests.add(5)
    await settle()
    const victim = new pg.Client({ connectionString: started.server.url })
    victim.on('error', () => undefined)
    await victim.connect()
    const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid')
    const flushing = (async () => {
      for (let round = 0; round < 60; round += 1) {
        requests.inc()
        await flush(metrics, store, PATIENT).catch(() => sleep(10))
      }
    })()
    await sleep(20)
    // One killed process of the server takes all others with it; then Postgres recovers from its log.
    process.kill(rows[0]?.pid ?? NaN, 'SIGKILL')
    await flushing
    await settle()
    expect(await countOf(store, name)).toBe(65)
    await started.close()
    await started.proxy.close()
    await started.server.stop()
  }, 180_000)

  it('Redis without a disk: comes back empty, and goes on with what is recorded from then on', async () => {
    const started = await onRedis('ioredis')
    const store = started.store()
    const { metrics, name, requests, settle } = isolateOf(store)
    requests.add(5)
    await settle()
    await started.server.kill()
    requests.add(2)
    await expect(flush(metrics, store)).rejects.toMatchObject(UNAVAILABLE)
    started.server = await startRedis({ private: true })
    started.proxy.to(started.server.port)
    await settle()
    expect((await store.read()).series[0]?.sums).toEqual([['v', 2]])
    // The metric is told anew, within a minute of the clock, to a store that forgot it.
    expect(await countOf(store, name)).toBe(0)
    await started.close()
    await started.proxy.close()
    await started.server.stop()
  }, 180_000)
})

import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { aggregate, createMetrics, flush, prometheusText } from '../../src/metrics/index.ts'
import { redisMetricsStore } from '../../src/redis/index.ts'
import { metricsStoreContract } from '../../src/testing/index.ts'
import { ownName, startRedis, startRedisCluster, type PrivateServer, type RedisCluster } from '../servers/index.ts'
import { redisClusterClient, type RedisClusterClient } from '../support/redis-cluster-clients.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { upstashLike } from '../support/redis-upstash.ts'

const SETUP = { code: 'ERR_PERF_STORE_SETUP' }
const PATIENT = { timeoutMs: 10_000 }
const wait = (ms: number): Promise<void> => sleep(ms)
const FLUSH = { instance: '"a"', maxSeriesPerMetric: 9, gaugeTtlMs: 60_000, definitions: [['m', 'd']], gauges: [{ metric: 'g', series: 's', value: 1, ageMs: 0 }], series: [{ metric: 'm', series: 's', sums: [['v', 1]] }] } as const // prettier-ignore

for (const driver of [...redisDrivers, 'the shape of Upstash'] as const)
  describe(`metrics in Redis, by ${driver}, keep the contract of a store`, () => {
    let redis: RedisClient
    let client: RedisClient['client']

    beforeAll(async () => {
      redis = await redisClient(driver === 'node-redis' ? driver : 'ioredis', inject('redisUrl'))
      client = driver === 'the shape of Upstash' ? upstashLike(redis.send) : redis.client
    })
    afterAll(() => redis.close())

    for (const { name, run } of metricsStoreContract)
      it(`which ${name}`, () => run({ store: redisMetricsStore(client, { prefix: ownName() }), wait }))
  })

describe('metrics in a Redis Cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  for (const driver of redisDrivers)
    describe(`by ${driver}`, () => {
      let redis: RedisClusterClient
      beforeAll(async () => {
        redis = await redisClusterClient(driver, cluster)
      })
      afterAll(() => redis.close())

      for (const { name, run } of metricsStoreContract)
        it(name, () => run({ store: redisMetricsStore(redis.client, { prefix: ownName() }), wait }))

      it.each(['{tag}own:', 'own:{tag}', '{}', '{', '}{'])(
        'all keys of the prefix %s are in one slot',
        async (prefix) => {
          const store = redisMetricsStore(redis.client, { prefix: ownName() + prefix })
          expect(await store.add({ ...FLUSH, id: '1' })).toBe(true)
          expect((await store.read()).series).toHaveLength(1)
        },
      )
    })
})

describe('redisMetricsStore', () => {
  let server: PrivateServer
  let client: Redis
  beforeAll(async () => {
    server = await startRedis({ private: true })
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  it('sends a flush by one command, and reads by one', async () => {
    const sent: string[] = []
    const call = client.call.bind(client) as (...command: string[]) => Promise<unknown>
    const counted = Object.create(client, {
      call: { value: (...command: string[]) => (sent.push(command[0] ?? ''), call(...command)) },
    }) as Redis
    const store = redisMetricsStore(counted, { prefix: ownName() })
    const metrics = createMetrics()
    const requests = metrics.counter('requests_total', { help: 'Requests', labels: ['status'] })
    const latency = metrics.histogram('latency_seconds', { help: 'Latency', quantiles: true })
    metrics.gauge('size', { help: 'Size' }).set(3)
    const all = async (): Promise<void> => {
      for (let status = 0; status < 20; status += 1) requests.inc(String(status))
      latency.observe(0.02)
      await flush(metrics, store, PATIENT)
      await aggregate(store, PATIENT)
    }
    await all()
    // The server did not know the scripts before.
    expect(sent).toEqual(['EVALSHA', 'EVAL', 'EVALSHA', 'EVAL'])
    await all()
    expect(sent.slice(4)).toEqual(['EVALSHA', 'EVALSHA'])
  })

  it('leaves nothing that does not go away by itself', async () => {
    const prefix = ownName()
    await redisMetricsStore(client, { prefix }).add({ ...FLUSH, id: 'one' })
    const keys = await client.keys(`{${prefix}}*`)
    expect(keys.sort()).toEqual(['counts', 'definitions', 'flush:one', 'gauges', 'instances', 'series'].map((name) => `{${prefix}}${name}`)) // prettier-ignore
    const days = await Promise.all(keys.map(async (key) => Math.ceil((await client.pttl(key)) / 86_400_000)))
    expect(days).toEqual([30, 30, 1, 30, 30, 30])
  })

  it('takes the gauges of isolates away that are not heard of any more', async () => {
    const prefix = ownName()
    const store = redisMetricsStore(client, { prefix })
    for (let nth = 0; nth < 10; nth += 1)
      await store.add({ ...FLUSH, id: `short ${nth}`, instance: `"${nth}"`, gaugeTtlMs: 1 })
    await sleep(20)
    await store.add({ ...FLUSH, id: 'long' })
    expect(await client.hkeys(`{${prefix}}gauges`)).toEqual(['"a"'])
    expect(await client.zrange(`{${prefix}}instances`, '0', '-1')).toEqual(['"a"'])
  })

  it.each(['series', 'counts', 'gauges', 'instances', 'definitions'])(
    'does nothing, and says so, when the key %s holds something else',
    async (name) => {
      const prefix = ownName()
      const store = redisMetricsStore(client, { prefix })
      await client.rpush(`{${prefix}}${name}`, 'a list')
      await expect(store.add({ ...FLUSH, id: '1' })).rejects.toMatchObject(SETUP)
      expect(await client.keys(`{${prefix}}*`)).toEqual([`{${prefix}}${name}`])
      await client.del(`{${prefix}}${name}`)
      expect(await store.add({ ...FLUSH, id: '1' })).toBe(true)
    },
  )

  it('does nothing while the server has no memory left, and everything afterwards', async () => {
    const store = redisMetricsStore(client, { prefix: ownName() })
    await client.config('SET', 'maxmemory', '1')
    await expect(store.add({ ...FLUSH, id: '1' })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    await client.config('SET', 'maxmemory', '0')
    expect(await store.read()).toEqual({ series: [], gauges: [], definitions: [] })
    expect(await store.add({ ...FLUSH, id: '1' })).toBe(true)
  })

  it('leaves out, and alone, what another version wrote', async () => {
    const prefix = ownName()
    const store = redisMetricsStore(client, { prefix })
    await store.add({ ...FLUSH, id: '1' })
    await client.hset(`{${prefix}}series`, 'm\nnew', '2 {"v":1}')
    await client.hset(`{${prefix}}gauges`, '"b"', '2 ...')
    await client.hset(`{${prefix}}definitions`, 'n', '2 ...')
    const [one] = FLUSH.series
    expect(await store.add({ ...FLUSH, id: '2', series: [one, { ...one, series: 'new' }] })).toBe(true)
    expect(await client.hget(`{${prefix}}series`, 'm\nnew')).toBe('2 {"v":1}')
    const { series, gauges, definitions } = await store.read()
    expect([series, gauges.length, definitions.length]).toEqual([[{ ...one, sums: [['v', 2]] }], 1, 1])
  })

  it('shows the sum of two registries, as every reader sees it', async () => {
    const store = redisMetricsStore(client, { prefix: ownName() })
    for (const service of ['core', 'core', 'jobs']) {
      const metrics = createMetrics({ defaultLabels: { service } })
      metrics.counter('requests_total', { help: 'Requests', labels: ['status'] }).add(2, '200')
      await flush(metrics, store, PATIENT)
    }
    const text = prometheusText(await aggregate(store, PATIENT))
    expect(text).toContain('requests_total{service="core",status="200"} 4\n')
    expect(text).toContain('requests_total{service="jobs",status="200"} 2\n')
  })

  it('is a mistake in the set-up without the right to write', async () => {
    await client.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@connection', '+@read', '+info')
    const reader = new Redis(server.url.replace('redis://', 'redis://reader:secret@'))
    const store = redisMetricsStore(reader, { prefix: ownName() })
    await expect(store.add({ ...FLUSH, id: '1' })).rejects.toMatchObject(SETUP)
    await expect(flush(countedOnce(), store, PATIENT)).rejects.toMatchObject(SETUP)
    await expect(aggregate(store, PATIENT)).rejects.toMatchObject(SETUP)
    reader.disconnect()
  })

  it.each([[null], ['redis://127.0.0.1'], [{}]])('refuses %j as a client', (given) => {
    expect(() => redisMetricsStore(given as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
  it.each([[{ prefix: '' }], [{ prefix: 7 }], [{ keyPrefix: 'a' }]])('refuses the options %j', (options) => {
    expect(() => redisMetricsStore(client, options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_PERF_OPTION' }),
    )
  })
})

function countedOnce(): ReturnType<typeof createMetrics> {
  const metrics = createMetrics()
  metrics.counter('requests_total', { help: 'Requests' }).inc()
  return metrics
}

import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisCacheStore, redisDedupStore, redisPort } from '../../src/redis/index.ts'
import { cacheStoreContract, dedupStoreContract } from '../../src/testing/index.ts'
import { claims, long } from '../../src/testing/dedup-store-case.ts'
import { ownName, startRedisCluster, type RedisCluster } from '../servers/index.ts'
import { redisDrivers } from '../support/redis-clients.ts'
import { redisClusterClient, type RedisClusterClient } from '../support/redis-cluster-clients.ts'

let cluster: RedisCluster
let nodes: Redis[]

beforeAll(async () => {
  cluster = await startRedisCluster()
  nodes = cluster.nodes.map(({ url }) => new Redis(url))
})
afterAll(async () => {
  nodes.forEach((node) => node.disconnect())
  await cluster.stop()
})

for (const driver of redisDrivers)
  describe(`on a Redis Cluster, by ${driver},`, () => {
    let redis: RedisClusterClient

    beforeAll(async () => {
      redis = await redisClusterClient(driver, cluster)
    })
    afterAll(() => redis.close())

    const wait = (ms: number): Promise<void> => sleep(ms)

    describe('the tier of a cache', () => {
      for (const { name, run } of cacheStoreContract)
        it(name, () => run({ store: redisCacheStore(redis.client, { prefix: ownName() }), wait }))
    })
    describe('the tier of a cache whose keys share a slot', () => {
      for (const { name, run } of cacheStoreContract)
        it(name, () => run({ store: redisCacheStore(redis.client, { prefix: `{${ownName()}}` }), wait }))
    })
    describe('a store of claims', () => {
      for (const { name, run } of dedupStoreContract)
        it(name, () => run({ store: redisDedupStore(redis.client, { prefix: ownName() }), wait }))
    })

    it('a prefix of the client’s own changes the slots, and does no harm', async () => {
      const prefixed = await redisClusterClient(driver, cluster, { keyPrefix: 'own:' })
      const prefix = ownName()
      // Alike in their slots as long as nothing of another length stands behind them: then a longer prefix parts them.
      const keys = sharingASlot(`${prefix}key:`)
      try {
        const write = { text: 'text', version: '1', tags: ['t', 'u'], ttlMs: 60_000, staleMs: 0 }
        const store = redisCacheStore(prefixed.client, { prefix })
        await store.writeMany(keys.map((key) => ({ ...write, key })))
        const { records } = await store.readMany(keys, ['t'])
        expect(records.map((record) => record?.text)).toEqual(['text', 'text'])
      } finally {
        prefixed.close()
      }
    })

    function sharingASlot(prefix: string): [string, string] {
      const { slotOf = () => 0 } = redisPort(redis.client)
      const short = new Map(Array.from({ length: 2_000 }, (_, at) => [slotOf(`${prefix}${at}`), String(at)]))
      for (let at = 0; ; at += 1) {
        const found = short.get(slotOf(`${prefix}longer${at}`))
        if (found !== undefined) return [found, `longer${at}`]
      }
    }

    it('the slot of a key is the server’s', async () => {
      const { slotOf } = redisPort(redis.client)
      const keys = ['', 'a', 'a{b}c', 'a{}{b}', '{a', '{a{b}}', 'a}b{c}', '漢字', '{👋🏾}x', 'line\n{end\r}', '\0']
      const slots = await Promise.all(keys.map((key) => nodes[0]?.call('CLUSTER', 'KEYSLOT', key)))
      expect(keys.map((key) => slotOf?.(key))).toEqual(slots)
    })

    it('the keys of one prefix are spread over all nodes', async () => {
      const prefix = ownName()
      const store = redisCacheStore(redis.client, { prefix })
      const write = { text: '', version: '1', tags: [], ttlMs: 60_000, staleMs: 0 }
      await store.writeMany(Array.from({ length: 100 }, (_, at) => ({ ...write, key: `k${at}` })))
      const held = await Promise.all(nodes.map((node) => node.keys(`${prefix}*`)))
      expect(held.flat()).toHaveLength(100)
      expect(held.map((keys) => keys.length > 10)).toEqual([true, true, true])
    })

    it('all times of a tier are those of one node', async () => {
      const store = redisCacheStore(redis.client, { prefix: ownName() })
      const keys = Array.from({ length: 50 }, (_, at) => `k${at}`)
      await Promise.all(nodes.map((node) => node.config('RESETSTAT')))
      await store.writeMany(keys.map((key) => ({ key, text: '', version: '1', tags: keys, ttlMs: 60_000, staleMs: 0 })))
      await store.readMany(keys, keys)
      await store.deleteMany(keys, { keepMs: 60_000 })
      await store.stampTags(keys, { as: 'gone', keepMs: 60_000 })
      const asked = await Promise.all(
        nodes.map(async (node) => (await node.info('commandstats')).includes('cmdstat_time')),
      )
      expect(asked.filter(Boolean)).toHaveLength(1)
    })

    it('a batch of claims that one node cannot answer is given back by the others', async () => {
      const broken = await startRedisCluster()
      const own = await redisClusterClient(driver, broken)
      try {
        const store = redisDedupStore(own.client, { prefix: ownName() })
        const keys = Array.from({ length: 30 }, (_, at) => `k${at}`)
        await store.claimMany(claims('before', ...keys), long)
        await store.releaseMany(claims('before', ...keys))
        await broken.nodes[2]?.kill()
        await expect(store.claimMany(claims('first', ...keys), long)).rejects.toMatchObject({
          code: 'ERR_PERF_STORE_UNAVAILABLE',
        })
        const second = async (): Promise<string[]> => {
          const met = await Promise.allSettled(keys.map((key) => store.claimMany(claims('second', key), long)))
          return met.map((claim) => (claim.status === 'fulfilled' ? String(claim.value[0]?.status) : 'unavailable'))
        }
        const statuses = await second()
        expect(statuses).not.toContain('leased')
        expect(new Set(statuses)).toEqual(new Set(['won', 'unavailable']))
      } finally {
        own.close()
        await broken.stop()
      }
    }, 180_000)
  })

import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, startRedisCluster, type PrivateServer } from '../../test/servers/index.ts'
import { redisClient, redisDrivers, type RedisClient } from '../../test/support/redis-clients.ts'
import { SOON } from '../../test/support/soon.ts'
import { claims } from '../testing/dedup-store-case.ts'
import { classified } from './errors.ts'
import { redisCacheStore, redisDedupStore } from './index.ts'

const setup = (word: string): object => ({ code: 'ERR_PERF_STORE_SETUP', message: `redis refused the call: ${word}` })
const outage = (word: string): object => ({
  code: 'ERR_PERF_STORE_UNAVAILABLE',
  message: `redis refused the call for now: ${word}`,
})
const unreachable = { code: 'ERR_PERF_STORE_UNAVAILABLE', message: 'redis did not answer the call' }
const because = (reason: string): object => ({ ...unreachable, message: `redis did not answer the call (${reason})` })

describe('an error of a driver', () => {
  it.each([
    // What the servers of other versions, and of others, say.
    ['WRONGPASS invalid username-password pair or user is disabled.', setup('WRONGPASS')],
    ['ERR unknown command `EVALSHA`, with args beginning with: ', setup('ERR')],
    ['DENIED Redis is running in protected mode because protected mode is enabled and ...', setup('DENIED')],
    ['LOADING Redis is loading the dataset in memory', outage('LOADING')],
    ['TRYAGAIN Multiple keys request during rehashing of slot', outage('TRYAGAIN')],
    ['MISCONF Redis is configured to save RDB snapshots, but ...', outage('MISCONF')],
    ['ERR max number of clients reached', outage('ERR')],
    ['ERR max requests limit exceeded. Limit: 500000, Usage: 500001. See https://upstash.com', outage('ERR')],
    // A script before Redis 7.
    ["ERR Error running script (call to f_a1): @user_script:3: @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.", outage('OOM')], // prettier-ignore
    ['ERR Error running script (call to f_a1): @user_script:3: WRONGTYPE Operation against a key', setup('WRONGTYPE')],
    [
      'ERR Error running script (call to f_a1): @user_script:3: user_script:3: attempt to index a nil value',
      setup('ERR'),
    ],
    // Upstash, in a pipeline of its own and in one of the user's.
    ['Command failed: WRONGTYPE Operation against a key', setup('WRONGTYPE')],
    ['Command 1 [ evalsha ] failed: OOM command not allowed', outage('OOM')],
    // Drivers themselves.
    ['connect ECONNREFUSED 127.0.0.1:6379', unreachable],
    ['Connection is closed.', because('the client is closed')],
    ["Stream isn't writeable and enableOfflineQueue options is false", because('the client is offline')],
    ['The client is closed', because('the client is closed')],
    ['Reached the max retries per request limit (which is 20).', because('the client gave up after its retries')],
    ['', unreachable],
  ])('that says %j has a meaning', (message, meaning) => {
    const cause = new Error(message)
    expect(classified(cause)).toMatchObject({ ...meaning, cause })
  })

  it.each([[undefined], ['a string'], [{ message: 'NOAUTH no' }]])('that is %j means an outage', (error) => {
    expect(classified(error)).toMatchObject({ ...unreachable, cause: error })
  })
})

for (const driver of redisDrivers)
  describe(`by ${driver}, a server`, () => {
    let server: PrivateServer
    let admin: Redis
    let redis: RedisClient

    beforeAll(async () => {
      server = await startRedis({ private: true })
      admin = new Redis(server.url)
      redis = await redisClient(driver, server.url)
    })
    afterAll(async () => {
      admin.disconnect()
      redis.close()
      await server.stop()
    })

    const claim = (keys = ['k']): Promise<unknown> =>
      redisDedupStore(redis.client).claimMany(claims('token', ...keys), { leaseMs: 1_000 })
    const remove = (): Promise<unknown> => redisCacheStore(redis.client).deleteMany(['k'], { keepMs: 1_000 })

    it('that runs somebody’s endless script is out for now', async () => {
      await admin.config('SET', 'busy-reply-threshold', '10')
      const endless = await redisClient(driver, server.url)
      const ended = endless.send('EVAL', 'while true do end', '0').catch(String)
      await expect.poll(() => admin.ping().catch(String), SOON).toContain('BUSY')
      await expect(claim()).rejects.toMatchObject(outage('BUSY'))
      await admin.script('KILL')
      await ended
      endless.close()
      await claim()
    })

    it('that has become a replica of one that is away is out for now', async () => {
      await admin.config('SET', 'replica-serve-stale-data', 'no')
      await admin.replicaof('127.0.0.1', 1)
      await expect(claim()).rejects.toMatchObject(outage('MASTERDOWN'))
      await admin.config('SET', 'replica-serve-stale-data', 'yes')
      await expect(remove()).rejects.toMatchObject(outage('READONLY'))
      await admin.replicaof('NO', 'ONE')
      await remove()
    })

    it('that lost its rights for us is a mistake in the set-up', async () => {
      await admin.call('ACL', 'SETUSER', 'default', '-evalsha')
      await expect(claim()).rejects.toMatchObject(setup('NOPERM'))
      await admin.call('ACL', 'SETUSER', 'default', '+@all')
      await claim()
    })

    it('that is a node of a cluster, behind a client of one server, is a mistake in the set-up; of a broken cluster it is not', async () => {
      const cluster = await startRedisCluster()
      const node = await redisClient(driver, String(cluster.nodes[0]?.url))
      try {
        const store = redisDedupStore(node.client)
        const claimed = (...some: string[]): Promise<unknown> =>
          store.claimMany(claims('token', ...some), { leaseMs: 1_000 })
        const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
        await expect(claimed(...keys)).rejects.toMatchObject(setup('CROSSSLOT'))
        const alone = await Promise.allSettled(keys.map((key) => claimed(key)))
        const refused = alone.find(({ status }) => status === 'rejected') as PromiseRejectedResult
        expect(refused.reason).toMatchObject(setup('MOVED'))
        const own = keys[alone.findIndex(({ status }) => status === 'fulfilled')] as string
        await node.send('FLUSHALL')
        await node.send('CLUSTER', 'FLUSHSLOTS')
        await expect(claimed(own)).rejects.toMatchObject(outage('CLUSTERDOWN'))
      } finally {
        node.close()
        await cluster.stop()
      }
    })
  })

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { redisCacheBus, redisCacheStore } from '../../src/redis/index.ts'
import { startRedis, type PrivateServer } from '../servers/index.ts'
import { cacheTraffic, survives, type Traffic } from '../support/cache-traffic.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const CACHES = 3

for (const driver of redisDrivers)
  describe(`tiered caches on a Redis that fails, by ${driver},`, () => {
    let server: PrivateServer
    let proxy: TcpProxy
    let clients: RedisClient[]

    beforeAll(async () => {
      server = await startRedis({ private: true })
      proxy = await tcpProxy(server.port)
      const connect = (): Promise<RedisClient> => redisClient(driver, `redis://127.0.0.1:${proxy.port}`)
      clients = await Promise.all(Array.from({ length: CACHES }, connect))
    })
    afterAll(async () => {
      clients.forEach(({ close }) => close())
      await proxy.close()
      await server.stop()
    })

    const through = (all: readonly RedisClient[]) =>
      all.map(({ client }) => () => ({ store: redisCacheStore(client), bus: redisCacheBus(client) }))

    const traffic = (): Traffic => cacheTraffic(through(clients))

    it('goes on while it is frozen, and serves nothing old when it has thawed', () =>
      survives(traffic(), async () => {
        await server.pause()
        await sleep(1_500)
        await server.resume()
      }))

    it('goes on while it answers nobody (CLIENT PAUSE)', () =>
      survives(traffic(), async () => {
        await (clients[0] as RedisClient).send('CLIENT', 'PAUSE', '1500', 'ALL')
        await sleep(1_500)
      }))

    it('goes on while it is killed and comes back empty', () =>
      survives(traffic(), async () => {
        await server.kill()
        await sleep(700)
        server = await startRedis({ private: true })
        proxy.to(server.port)
        await sleep(700)
      }))

    it('takes FLUSHALL in the middle for misses', () =>
      survives(traffic(), async () => {
        for (let time = 0; time < 5; time += 1) {
          await (clients[0] as RedisClient).send('FLUSHALL')
          await sleep(50)
        }
      }))

    it('reads answers that come slowly, in slices of a few bytes', async () => {
      proxy.weather({ sliceBytes: 7, latencyMs: 5 })
      // Slow as it is, it is not down.
      await survives(cacheTraffic(through(clients), 5_000), () => sleep(500))
      proxy.weather({})
    })
  })

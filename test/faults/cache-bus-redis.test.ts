import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ownName, startRedis, type PrivateServer } from '../servers/index.ts'
import type { Order } from '../support/cache-peer.ts'
import { becomes, endPeers, listens, load, peer, type Peer } from '../support/cache-peers.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const LONG_MS = '3600000'
/** Nobody listens there. */
const NOWHERE = 1

const changes: readonly [string, Order][] = [
  ['a deletion', { do: 'delete', key: 'k' }],
  ['an invalidation', { do: 'invalidate', tag: 't' }],
  ['a clear', { do: 'clear' }],
]

for (const driver of redisDrivers)
  describe(`what the bus could not tell, by ${driver},`, () => {
    let server: PrivateServer
    let proxy: TcpProxy
    let admin: RedisClient

    beforeAll(async () => {
      server = await startRedis({ private: true })
      proxy = await tcpProxy(server.port)
      admin = await redisClient(driver, server.url)
    })
    afterEach(endPeers)
    afterAll(async () => {
      admin.close()
      await proxy.close()
      await server.stop()
    })

    /** One that the network may cut off, and one that it does not. */
    async function pair(storeTimeoutMs: string): Promise<readonly [cutOff: Peer, listening: Peer]> {
      const [prefix, channel] = [ownName(), ownName()]
      const start = (port: number): Promise<Peer> =>
        peer(driver, `redis://127.0.0.1:${port}`, prefix, channel, LONG_MS, storeTimeoutMs)
      const both = [await start(proxy.port), await start(server.port)] as const
      for (const one of both) await listens(one, channel, admin)
      return both
    }

    it.each(changes)('is told by a process that was cut off, and does nothing more: %s', async (_, order) => {
      const [cutOff, listening] = await pair('1000')
      await listening.ask(load('before'))
      proxy.to(NOWHERE)
      proxy.resetAll()
      await cutOff.ask(order)
      expect(await listening.ask({ do: 'peek', key: 'k' })).toBe('before')
      proxy.to(server.port)
      await becomes(() => listening.ask({ do: 'peek', key: 'k' }), undefined)
      // The store had not heard either.
      await becomes(() => listening.ask(load('after')), 'after')
    })

    it.each(changes)('is told when the server has thawed: %s', async (_, order) => {
      const [changing, listening] = await pair('300')
      await listening.ask(load('before'))
      await server.pause()
      await changing.ask(order)
      expect(await listening.ask({ do: 'peek', key: 'k' })).toBe('before')
      await server.resume()
      await becomes(() => listening.ask({ do: 'peek', key: 'k' }), undefined)
    })

    it('is told whatever is killed in the middle', async () => {
      const [changing, listening] = await pair('2000')
      const keys = Array.from({ length: 60 }, (_, at) => `k${at}`)
      for (const key of keys) await listening.ask(load('before', key))
      const killing = (async () => {
        for (let time = 0; time < 15; time += 1) {
          await admin.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => undefined)
          await sleep(20)
        }
      })()
      for (const key of keys) await changing.ask({ do: 'delete', key })
      await killing
      for (const key of keys) await becomes(() => listening.ask({ do: 'peek', key }), undefined)
    })
  })

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import type { Order } from '../support/cache-peer.ts'
import { becomes, dropped, endPeers, listens, load, peer } from '../support/cache-peers.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'

afterEach(endPeers)

const LONG_MS = '3600000'

for (const driver of redisDrivers)
  describe(`two processes with a tiered cache on one Redis, by ${driver},`, () => {
    let admin: RedisClient
    beforeAll(async () => {
      admin = await redisClient(driver, inject('redisUrl'))
    })
    afterAll(() => admin.close())

    it('share what one of them has loaded', async () => {
      const args = [inject('redisUrl'), ownName(), '', LONG_MS]
      const [one, other] = [await peer(driver, ...args), await peer(driver, ...args)]
      expect(await one.ask(load('of one'))).toBe('of one')
      await becomes(() => other.ask(load('of one')), 'of one')
      await one.ask({ do: 'delete', key: 'k' })
      expect(await one.ask(load('again'))).toBe('again')
    })

    it('notice within tagCheckMs what the other invalidated, without a bus', async () => {
      const args = [inject('redisUrl'), ownName(), '', '300']
      const [one, other] = [await peer(driver, ...args), await peer(driver, ...args)]
      await other.ask(load('before'))
      await one.ask({ do: 'invalidate', tag: 't' })
      await sleep(300)
      expect(await other.ask(load('after'))).toBe('after')
    })

    it.each<[string, Order]>([
      ['an invalidation', { do: 'invalidate', tag: 't' }],
      ['a deletion', { do: 'delete', key: 'k' }],
      ['a clear', { do: 'clear' }],
    ])('tell each other at once by the bus: %s', async (_, order) => {
      const channel = ownName()
      const args = [inject('redisUrl'), ownName(), channel, LONG_MS]
      const [one, other] = [await peer(driver, ...args), await peer(driver, ...args)]
      await listens(other, channel, admin)
      await other.ask(load('before'))
      expect(await other.ask({ do: 'peek', key: 'k' })).toBe('before')
      await one.ask(order)
      await becomes(() => other.ask({ do: 'peek', key: 'k' }), undefined)
      expect(await other.ask(load('after'))).toBe('after')
    })

    it('drop what they have when they come back after they could not hear each other', async () => {
      const proxy = await tcpProxy(Number(new URL(inject('redisUrl')).port))
      try {
        const channel = ownName()
        const other = await peer(driver, `redis://127.0.0.1:${proxy.port}`, ownName(), channel, LONG_MS)
        await listens(other, channel, admin)
        await other.ask(load('before'))
        expect(await other.ask({ do: 'peek', key: 'k' })).toBe('before')
        // The one that speaks, and the one that listens.
        proxy.resetAll()
        await becomes(() => other.ask({ do: 'peek', key: 'k' }), undefined)
        // It hears again.
        await other.ask(load('before'))
        expect(await other.ask({ do: 'peek', key: 'k' })).toBe('before')
        await admin.send('PUBLISH', channel, dropped('k'))
        await becomes(() => other.ask({ do: 'peek', key: 'k' }), undefined)
      } finally {
        await proxy.close()
      }
    })
  })

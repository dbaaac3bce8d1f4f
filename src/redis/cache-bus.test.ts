import { Cluster, Redis } from 'ioredis'
import { createClientPool, createCluster, createSentinel } from 'redis'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName, startRedis, type PrivateServer } from '../../test/servers/index.ts'
import { redisClient, redisDrivers, type RedisClient } from '../../test/support/redis-clients.ts'
import { upstashLike } from '../../test/support/redis-upstash.ts'
import { SOON } from '../../test/support/soon.ts'
import { tcpProxy, type TcpProxy } from '../../test/support/tcp-proxy.ts'
import { redisCacheBus, redisCacheStore, redisDedupStore } from './index.ts'

interface Heard {
  readonly messages: string[]
  gaps: number
  readonly end: () => Promise<void>
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => void (await Promise.all(ends.splice(0).map((end) => end()))))

async function listen({ client }: RedisClient, channel: string): Promise<Heard> {
  const messages: string[] = []
  const heard: Heard = {
    messages,
    gaps: 0,
    end: await redisCacheBus(client, { channel }).subscribe(
      (message) => messages.push(message),
      () => (heard.gaps += 1),
    ),
  }
  ends.push(heard.end)
  return heard
}

for (const driver of redisDrivers)
  describe(`a bus by ${driver}`, () => {
    let redis: RedisClient
    let other: RedisClient

    beforeAll(async () => {
      redis = await redisClient(driver, inject('redisUrl'))
      other = await redisClient(driver, inject('redisUrl'))
    })
    afterAll(() => [redis, other].forEach(({ close }) => close()))

    it('brings every message to every listener, in order and unchanged', async () => {
      const channel = ownName()
      const [one, two] = [await listen(redis, channel), await listen(other, channel)]
      const messages = ['a', '', '{"k":["x"]}', 'nul \0 in it', 'line\r\nend', '漢 👋🏾', 'x'.repeat(100_000)]
      const bus = redisCacheBus(redis.client, { channel })
      for (const message of messages) await bus.publish(message)
      await expect.poll(() => [one.messages, two.messages], SOON).toEqual([messages, messages])
      expect([one.gaps, two.gaps]).toEqual([0, 0])
    })

    it('hears its own channel only', async () => {
      const channel = ownName()
      const heard = await listen(redis, channel)
      await redisCacheBus(redis.client).publish('to another channel')
      await redisCacheBus(redis.client, { channel }).publish('to this one')
      await expect.poll(() => heard.messages, SOON).toEqual(['to this one'])
    })

    it('ends its connection, and only that', async () => {
      const channel = ownName()
      const heard = await listen(redis, channel)
      await heard.end()
      await heard.end()
      await expect.poll(async () => redis.send('PUBSUB', 'NUMSUB', channel), SOON).toEqual([channel, 0])
      await redisCacheBus(redis.client, { channel }).publish('nobody hears it')
      expect(heard).toMatchObject({ messages: [], gaps: 0 })
    })

    describe('on a server of its own', () => {
      let server: PrivateServer
      let proxy: TcpProxy
      let own: RedisClient

      beforeAll(async () => {
        server = await startRedis({ private: true })
        proxy = await tcpProxy(server.port)
        own = await redisClient(driver, `redis://127.0.0.1:${proxy.port}`)
      })
      afterAll(async () => {
        own.close()
        await proxy.close()
        await server.stop()
      })

      it('does nothing before it is asked to', async () => {
        const connections = async (): Promise<unknown[]> =>
          String(await own.send('CLIENT', 'LIST')).match(/^id=/gm) ?? []
        const before = await connections()
        redisCacheBus(own.client)
        await sleep(100)
        expect(await connections()).toHaveLength(before.length)
      })

      /** Sends until it is heard: who publishes may still be without a connection. */
      async function heardAgain(heard: Heard, channel: string, message: string): Promise<void> {
        const { publish } = redisCacheBus(own.client, { channel })
        await expect
          .poll(
            async () =>
              publish(message).then(
                () => heard.messages.includes(message),
                () => false,
              ),
            SOON,
          )
          .toBe(true)
      }

      it('tells of a gap when its connection was killed, and hears what comes after that', async () => {
        const channel = ownName()
        const heard = await listen(own, channel)
        for (const round of [1, 2]) {
          await own.send('CLIENT', 'KILL', 'TYPE', 'pubsub')
          await expect.poll(() => heard.gaps, SOON).toBe(round)
          // Nothing may be lost from here on: one message must do.
          await redisCacheBus(own.client, { channel }).publish(`after ${round}`)
          await expect.poll(() => heard.messages.at(-1), SOON).toBe(`after ${round}`)
        }
        expect(heard.messages).toEqual(['after 1', 'after 2'])
      })

      it('tells of a gap when the server was away and came back', async () => {
        const channel = ownName()
        const heard = await listen(own, channel)
        await server.kill()
        await sleep(300)
        expect(heard.gaps).toBe(0)
        server = await startRedis({ private: true })
        proxy.to(server.port)
        await expect.poll(() => heard.gaps, SOON).toBeGreaterThan(0)
        await heardAgain(heard, channel, 'back')
      })

      it('tells of a gap only when it hears again, not as soon as it is connected', async () => {
        const channel = ownName()
        // A client that does not ask the server anything before it calls itself ready.
        const hasty = new Redis(proxy.port, '127.0.0.1', {
          enableReadyCheck: false,
          protocol: 2,
          disableClientInfo: true,
        })
        const heard = await listen(driver === 'ioredis' ? { ...own, client: hasty } : own, channel)
        // Frozen first: who comes back from here on is connected and not answered, however late that is.
        await server.pause()
        proxy.resetAll()
        await sleep(700)
        expect(heard.gaps).toBe(0)
        await server.resume()
        await expect.poll(() => heard.gaps, SOON).toBe(1)
        hasty.disconnect()
      })

      it('stays ended when it is ended while the server is away', async () => {
        const channel = ownName()
        const heard = await listen(own, channel)
        await server.kill()
        await sleep(100)
        await heard.end()
        server = await startRedis({ private: true })
        proxy.to(server.port)
        await expect.poll(() => own.send('PUBSUB', 'NUMSUB', channel).catch(() => 'away'), SOON).toEqual([channel, 0])
        await sleep(500)
        expect(await own.send('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 0])
        expect(heard.gaps).toBe(0)
      })

      it('hears again when the server takes its channel again, which it refused on the way back', async () => {
        const channel = ownName()
        const heard = await listen(own, channel)
        await own.send('ACL', 'SETUSER', 'default', 'resetchannels')
        await own.send('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await sleep(1_000)
        expect(heard.gaps).toBe(0)
        await own.send('ACL', 'SETUSER', 'default', 'allchannels')
        await expect.poll(() => heard.gaps, SOON).toBeGreaterThan(0)
        await redisCacheBus(own.client, { channel }).publish('back')
        await expect.poll(() => heard.messages.at(-1), SOON).toBe('back')
      })

      it('is given up on a server that does not answer, and does not listen later', async () => {
        const channel = ownName()
        await server.pause()
        const call = redisCacheBus(own.client, { channel }).subscribe(
          () => undefined,
          () => undefined,
        )
        await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
        await server.resume()
        await sleep(500)
        await expect.poll(() => own.send('PUBSUB', 'NUMSUB', channel).catch(() => 'away'), SOON).toEqual([channel, 0])
      })

      it('rejects when there is no server, and leaves nothing behind that tries again', async () => {
        await server.kill()
        const channel = ownName()
        const call = redisCacheBus(own.client, { channel }).subscribe(
          () => undefined,
          () => undefined,
        )
        await expect(call).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
        server = await startRedis({ private: true })
        proxy.to(server.port)
        await expect.poll(() => own.send('PUBSUB', 'NUMSUB', channel).catch(() => 'away'), SOON).toEqual([channel, 0])
        await sleep(500)
        expect(await own.send('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 0])
      })

      it('is refused as a mistake in the set-up when the user may not use the channel', async () => {
        await own.send('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', 'resetchannels')
        const deaf = await redisClient(driver, `redis://deaf:secret@127.0.0.1:${proxy.port}`)
        const bus = redisCacheBus(deaf.client, { channel: 'forbidden' })
        const refused = { code: 'ERR_PERF_STORE_SETUP', message: 'redis refused the call: NOPERM' }
        await expect(
          bus.subscribe(
            () => undefined,
            () => undefined,
          ),
        ).rejects.toMatchObject(refused)
        await expect(bus.publish('m')).rejects.toMatchObject(refused)
        deaf.close()
      })
    })
  })

describe('redisCacheBus', () => {
  const refused: unknown = expect.objectContaining({ code: 'ERR_PERF_OPTION' })

  it('refuses by name the clients that cannot listen to one server', () => {
    const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })
    for (const [client, name] of [
      [cluster, 'ioredis cluster'],
      [createCluster({ rootNodes: [] }), 'node-redis cluster'],
      [upstashLike(() => Promise.resolve()), 'upstash'],
      [createClientPool(), 'a pool'],
    ] as const)
      expect(() => redisCacheBus(client)).toThrow(
        `redisCacheBus listens by ioredis' Redis or node-redis' createClient, not by ${name}`,
      )
    cluster.disconnect()
  })

  it('refuses a client of sentinels, as the stores do: its commands have other parameters', () => {
    const sentinel = createSentinel({ name: 'x', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
    for (const make of [redisCacheBus, redisCacheStore, redisDedupStore])
      expect(() => make(sentinel as never)).toThrow(refused)
  })

  it.each([[{ channel: '' }], [{ channel: 7 }], [{ prefix: 'a' }]])('refuses the options %j', async (options) => {
    const { client, close } = await redisClient('ioredis', inject('redisUrl'))
    expect(() => redisCacheBus(client, options as never)).toThrow(refused)
    close()
  })
})

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { ownName } from '../servers/index.ts'
import type { Order } from '../support/cache-peer.ts'
import { redisClient, redisDrivers, type RedisClient, type RedisDriver } from '../support/redis-clients.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'

/** A process of its own with a cache of its own. */
interface Peer {
  ask(order: Order): Promise<string | undefined>
}

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.disconnect()
    await once(child, 'exit')
  }
})

async function peer(driver: RedisDriver, ...args: readonly string[]): Promise<Peer> {
  const child = fork(new URL('../support/cache-peer.ts', import.meta.url), [driver, ...args], {
    execArgv: ['--import', 'tsx'],
  })
  children.push(child)
  await once(child, 'message')
  return {
    async ask(order) {
      const answered = once(child, 'message')
      child.send(order)
      const [{ answer }] = (await answered) as [{ answer?: string }]
      return answer
    },
  }
}

/** Asks again until it is so: a quarter of a minute where it would never be. */
async function becomes(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  const until = performance.now() + 15_000
  let answer = await ask()
  while (answer !== expected && performance.now() < until) {
    await sleep(20)
    answer = await ask()
  }
  expect(answer).toBe(expected)
}

const load = (value: string, key = 'k'): Order => ({ do: 'load', key, value, tags: ['t'] })
const dropped = (key: string): string => JSON.stringify({ from: 'me', name: 'peer', do: 'drop', key })

/** Has a peer listen, and waits until it does: it drops what it cached before its subscription stood, or hears that it must. */
async function listens(peer: Peer, channel: string, admin: RedisClient): Promise<void> {
  await peer.ask(load('before', 'first'))
  await becomes(async () => {
    await admin.send('PUBLISH', channel, dropped('first'))
    return peer.ask({ do: 'peek', key: 'first' })
  }, undefined)
}
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

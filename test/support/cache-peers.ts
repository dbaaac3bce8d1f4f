import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Order } from './cache-peer.ts'
import type { RedisClient, RedisDriver } from './redis-clients.ts'

/** A process of its own with a cache of its own. */
export interface Peer {
  ask(order: Order): Promise<string | undefined>
}

const children: ChildProcess[] = []

/** After each test. */
export async function endPeers(): Promise<void> {
  for (const child of children.splice(0)) {
    child.disconnect()
    await once(child, 'exit')
  }
}

export async function peer(driver: RedisDriver, ...args: readonly string[]): Promise<Peer> {
  const child = fork(new URL('cache-peer.ts', import.meta.url), [driver, ...args], {
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
export async function becomes(ask: () => Promise<unknown>, expected: unknown): Promise<void> {
  const until = performance.now() + 15_000
  let answer = await ask()
  while (answer !== expected && performance.now() < until) {
    await sleep(20)
    answer = await ask()
  }
  expect(answer).toBe(expected)
}

/** An order to cache a value under the tag `t`. */
export const load = (value: string, key = 'k'): Order => ({ do: 'load', key, value, tags: ['t'] })

/** What somebody else would say on the bus. */
export const dropped = (key: string): string => JSON.stringify({ from: 'me', name: 'peer', do: 'drop', key })

/** Has a peer listen, and waits until it does: it drops what it cached before its subscription stood, or hears that it must. */
export async function listens(peer: Peer, channel: string, admin: RedisClient): Promise<void> {
  await peer.ask(load('before', 'first'))
  await becomes(async () => {
    await admin.send('PUBLISH', channel, dropped('first'))
    return peer.ask({ do: 'peek', key: 'first' })
  }, undefined)
}

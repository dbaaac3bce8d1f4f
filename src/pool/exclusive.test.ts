import { expect, it } from 'vitest'
import type { Client } from '../../test/support/pool-of.ts'
import { systemClock } from '../core/clock.ts'
import { createHost } from '../core/host.ts'
import { createPool } from './pool.ts'

it('loses no slot and lends none twice under ten thousand borrows that fail in every way', async () => {
  let seed = 7
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  const inHands = new Set<Client>()
  const pause = (): Promise<void> =>
    random() < 0.02 ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve()
  let [alive, passed] = [0, 0]
  // Time enough between any two looks at it, so that a create that failed is tried again.
  const clock = { ...systemClock, elapsed: () => (passed += 1_000) }
  const pool = createPool<Client>({
    maxClients: 7,
    maxWaiting: 20_000,
    maxUses: 50,
    acquireTimeoutMs: Infinity,
    host: createHost({ clock }),
    create: async () => {
      await pause()
      if (random() < 0.2) throw new Error('create failed')
      alive += 1
      return { id: alive, ended: false }
    },
    destroy: () => {
      alive -= 1
    },
    validate: (client) => (random() < 0.5 ? random() < 0.9 : pause().then(() => !client.ended && random() < 0.9)),
    reset: () => (random() < 0.5 ? true : pause().then(() => random() < 0.9)),
  })
  const borrow = async (): Promise<void> => {
    const abort = new AbortController()
    if (random() < 0.05) setImmediate(() => abort.abort(new Error('gave up')))
    const lease = await pool.acquire({ signal: abort.signal })
    expect(inHands.has(lease.client)).toBe(false)
    inHands.add(lease.client)
    expect(inHands.size).toBeLessThanOrEqual(7)
    await pause()
    inHands.delete(lease.client)
    lease.release({ broken: random() < 0.05 })
    if (random() < 0.1) lease.release()
  }
  for (let round = 0; round < 100; round += 1) await Promise.allSettled(Array.from({ length: 100 }, borrow))
  expect(pool.stats()).toMatchObject({ borrowed: 0, waiting: 0 })
  expect(pool.stats().size).toBeLessThanOrEqual(7)
  expect(await pool.drain()).toEqual({ held: [] })
  expect(alive).toBe(0)
})

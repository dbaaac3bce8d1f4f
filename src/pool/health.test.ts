import { describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { poolOf } from '../../test/support/pool-of.ts'

describe('health', () => {
  it('is checked when a client is lent that was not checked for so long, and never by a timer', async () => {
    const checked: number[] = []
    const { pool, clock } = poolOf({
      healthCheckIntervalMs: 1_000,
      validate: ({ id }) => checked.push(id) > 0,
    })
    const borrow = async (): Promise<void> => (await pool.acquire()).release()
    await borrow()
    for (const ms of [400, 400, 199]) {
      await clock.tick(ms)
      await borrow()
    }
    expect(checked).toEqual([])
    await clock.tick(1)
    await borrow()
    await borrow()
    expect(checked).toEqual([0])
    await clock.tick(60_000)
    expect(checked).toEqual([0])
    await borrow()
    expect(checked).toEqual([0, 0])
  })

  it('of what lies idle below is not asked for before its turn', async () => {
    const checked: number[] = []
    const { pool, clock } = poolOf({ healthCheckIntervalMs: 1_000, validate: ({ id }) => checked.push(id) > 0 })
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
    for (const lease of leases) lease.release()
    await clock.tick(1_000)
    await pool.acquire()
    expect(checked).toEqual([2])
    await pool.acquire()
    expect(checked).toEqual([2, 1])
  })

  it('is checked of every client before it is lent again when the pool may have stood still', async () => {
    const checked: number[] = []
    const { pool, clock } = poolOf({ healthCheckIntervalMs: 60_000, validate: ({ id }) => checked.push(id) > 0 })
    const all = async (): Promise<void> => {
      const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
      for (const lease of leases) lease.release()
    }
    await all()
    await clock.tick(499)
    await all()
    expect(checked).toEqual([])
    await clock.tick(500)
    await all()
    expect(checked.sort()).toEqual([0, 1, 2])
    await all()
    expect(checked).toHaveLength(3)
  })

  it('is checked of a client that somebody held meanwhile before the next one gets it', async () => {
    const checked: number[] = []
    const sound = new Set([1])
    const { pool, clock, clients } = poolOf({
      ...{ healthCheckIntervalMs: 60_000, maxClients: 1 },
      validate: async ({ id }) => checked.push(id) > 0 && sound.has(id),
    })
    const lease = await pool.acquire()
    const next = pool.acquire()
    await clock.tick(1_000)
    lease.release()
    expect((await next).client.id).toBe(1)
    expect(checked).toEqual([0])
    expect(clients[0]?.ended).toBe(true)
  })

  it('is checked after the clock was set back, because nobody knows how long that took', async () => {
    const checked: number[] = []
    const clock = manualClock()
    let setBackMs = 0
    const own = { ...clock, now: () => clock.now() - setBackMs }
    const { pool } = poolOf({
      ...{ healthCheckIntervalMs: 60_000, host: createHost({ clock: own }) },
      validate: ({ id }) => checked.push(id) > 0,
    })
    ;(await pool.acquire()).release()
    setBackMs = 10_000
    ;(await pool.acquire()).release()
    expect(checked).toEqual([0])
  })

  it('does not cover a client that is known to be lost: neither lent nor taken back, however fresh its check is', async () => {
    const lost = new Set<number>()
    const { pool, clients } = poolOf({
      healthCheckIntervalMs: 60_000,
      validate: () => true,
      isLost: ({ id }) => lost.has(id),
    })
    ;(await pool.acquire()).release()
    lost.add(0)
    const second = await pool.acquire()
    expect(second.client.id).toBe(1)
    expect(clients[0]?.ended).toBe(true)
    lost.add(1)
    second.release()
    expect(clients[1]?.ended).toBe(true)
    expect(pool.stats().size).toBe(0)
  })

  it('that fails replaces the client, and the borrower waits for the new one', async () => {
    const { pool, clock, clients } = poolOf({ healthCheckIntervalMs: 1_000, validate: async ({ id }) => id > 0 })
    ;(await pool.acquire()).release()
    await clock.tick(1_000)
    expect((await pool.acquire()).client.id).toBe(1)
    expect(clients[0]?.ended).toBe(true)
  })
})

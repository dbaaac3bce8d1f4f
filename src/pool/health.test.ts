import { describe, expect, it } from 'vitest'
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
    await clock.tick(999)
    await borrow()
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

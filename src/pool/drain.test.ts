import { describe, expect, it } from 'vitest'
import { never, poolOf } from '../../test/support/pool-of.ts'

describe('drain', () => {
  it('refuses new borrowers, serves those who wait, and ends every client', async () => {
    const { pool, clients } = poolOf({ maxClients: 1 })
    const lease = await pool.acquire()
    const waiting = pool.use((client) => client.id)
    const drained = pool.drain()
    await expect(pool.acquire()).rejects.toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    lease.release()
    expect(await waiting).toBe(0)
    expect(await drained).toEqual({ held: [] })
    expect(clients.every((client) => client.ended)).toBe(true)
    expect(pool.stats()).toMatchObject({ size: 0, borrowed: 0 })
  })

  it('names who still holds what, tells the work, and takes the client away', async () => {
    const { pool, clock, clients, facts } = poolOf({ maxClients: 1 })
    const stuck = pool.use((_, { signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason as Error))), { by: 'export' }) // prettier-ignore
    const told = expect(stuck).rejects.toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    await clock.tick(200)
    const late = expect(pool.acquire()).rejects.toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    const drained = pool.drain({ timeoutMs: 300 })
    await clock.tick(300)
    expect(await drained).toEqual({ held: [{ by: 'export', heldForMs: 500 }] })
    await Promise.all([told, late])
    expect(clients[0]?.ended).toBe(true)
    expect(facts).toContainEqual({ name: 'pool.leaked', of: 'pool', reason: 'export', count: 1, durationMs: 500 })
    expect(pool.stats()).toMatchObject({ size: 0, borrowed: 0, waiting: 0 })
  })

  it('does not wait longer than its time for a destroy that hangs', async () => {
    const { pool, clock } = poolOf({ destroy: () => never })
    ;(await pool.acquire()).release()
    const drained = pool.drain({ timeoutMs: 100 })
    await clock.tick(100)
    expect(await drained).toEqual({ held: [] })
  })

  it('ends a client once that is still being reset when its time is over', async () => {
    let finish = (): void => undefined
    let ended = 0
    const { pool, clock } = poolOf({
      reset: () => new Promise<void>((resolve) => (finish = resolve)),
      destroy: () => void (ended += 1),
    })
    ;(await pool.acquire()).release()
    const drained = pool.drain({ timeoutMs: 100 })
    await clock.tick(100)
    expect(await drained).toEqual({ held: [] })
    finish()
    await clock.tick(0)
    expect([ended, pool.stats().size]).toEqual([1, 0])
  })

  it('gives every caller the same report', async () => {
    const { pool } = poolOf()
    expect(pool.drain()).toBe(pool.drain())
    expect(await pool.drain()).toEqual({ held: [] })
  })
})

import { describe, expect, it, vi } from 'vitest'
import { never, poolOf } from '../../test/support/pool-of.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createPool } from './pool.ts'

describe('createPool', () => {
  it('makes no client before one is asked for', () => {
    const { clients } = poolOf()
    expect(clients).toHaveLength(0)
  })

  it('refuses unknown and wrong options', () => {
    expect(() => poolOf({ maxClient: 3 } as object)).toThrow('unknown option "maxClient"')
    expect(() => poolOf({ maxClients: 0 })).toThrow('maxClients')
    expect(() => poolOf({ idleTimeoutMs: Number.NaN })).toThrow('idleTimeoutMs')
    expect(() => createPool({ create: () => 1 } as never)).toThrow('destroy must be a function')
    expect(() => poolOf({ mode: 'own' } as object)).toThrow('mode must be one of exclusive, shared, request')
    expect(() => poolOf({ healthCheckIntervalMs: 1_000 })).toThrow('needs a validate')
    expect(() => poolOf({ healthCheckIntervalMs: -1, validate: () => true })).toThrow('healthCheckIntervalMs')
    expect(poolOf({ maxClients: undefined } as object).pool.stats().size).toBe(0)
  })

  it('lends the client that was used last', async () => {
    const { pool } = poolOf()
    const [a, b] = await Promise.all([pool.acquire(), pool.acquire()])
    b.release()
    a.release()
    expect((await pool.acquire()).client).toBe(a.client)
  })

  it('never makes more than maxClients, and serves who waits in the order of their coming', async () => {
    const { pool, clients } = poolOf({ maxClients: 2 })
    const served: number[] = []
    let most = 0
    const borrowers = Array.from({ length: 50 }, (_, i) =>
      pool.use(async () => {
        served.push(i)
        most = Math.max(most, pool.stats().borrowed)
        await undefined
      }),
    )
    expect(pool.stats()).toMatchObject({ waiting: 50, borrowed: 0 })
    await Promise.all(borrowers)
    expect(served).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(most).toBe(2)
    expect(clients).toHaveLength(2)
    expect(pool.stats()).toMatchObject({ size: 2, healthy: 2, idle: 2, borrowed: 0, waiting: 0, totalUses: 50 })
  })

  it('does not lend a client twice when it is released twice', async () => {
    const { pool } = poolOf({ maxClients: 2 })
    const first = await pool.acquire()
    first.release()
    first.release()
    const [a, b] = await Promise.all([pool.acquire(), pool.acquire()])
    expect(a.client).not.toBe(b.client)
    first.release()
    expect(pool.stats()).toMatchObject({ borrowed: 2, idle: 0 })
  })

  it('gives a lease back at the end of its block', async () => {
    const { pool } = poolOf()
    const lease = await pool.acquire()
    await lease[Symbol.asyncDispose]()
    expect(pool.stats()).toMatchObject({ borrowed: 0, idle: 1 })
  })

  it('takes the client back from work that throws, and destroys one that is released as broken', async () => {
    const { pool, clients } = poolOf()
    await expect(pool.use(() => Promise.reject(new Error('work failed')))).rejects.toThrow('work failed')
    expect(pool.stats()).toMatchObject({ borrowed: 0, idle: 1 })
    const lease = await pool.acquire()
    lease.release({ broken: true })
    expect(clients[0]?.ended).toBe(true)
    expect(pool.stats()).toMatchObject({ size: 0, idle: 0 })
  })

  it('makes a new client for a waiter when the borrowed one comes back broken', async () => {
    const { pool } = poolOf({ maxClients: 1 })
    const lease = await pool.acquire()
    const waiting = pool.acquire()
    lease.release({ broken: true })
    expect((await waiting).client.id).toBe(1)
  })

  it('refuses a borrower when maxWaiting wait already', async () => {
    const { pool } = poolOf({ create: () => never, maxWaiting: 2 })
    void pool.acquire().catch(() => undefined)
    void pool.acquire().catch(() => undefined)
    await expect(pool.acquire()).rejects.toMatchObject({ code: 'ERR_PERF_POOL_FULL' })
  })

  it('keeps the work alive by waitUntil', async () => {
    const { pool } = poolOf()
    const kept: Promise<unknown>[] = []
    const working = pool.use(() => Promise.reject(new Error('no')), { waitUntil: (promise) => void kept.push(promise) })
    await expect(working).rejects.toThrow('no')
    expect(await Promise.all(kept)).toHaveLength(1)
  })
})

describe('waiting', () => {
  it('ends after acquireTimeoutMs with a word on who holds the clients', async () => {
    const { pool, clock } = poolOf({ maxClients: 1, acquireTimeoutMs: 100, name: 'db' })
    await pool.acquire({ by: 'report' })
    const waiting = pool.acquire()
    const refused = expect(waiting).rejects.toMatchObject({
      code: 'ERR_PERF_TIMEOUT',
      message: 'db (1 of 1 borrowed, longest by report for 100 ms; 0 being made) did not answer within 100 ms',
    })
    await clock.tick(100)
    await refused
    expect(pool.stats().waiting).toBe(0)
  })

  it('ends when the signal aborts, and costs no slot', async () => {
    const { pool } = poolOf({ maxClients: 1 })
    const lease = await pool.acquire()
    const abort = new AbortController()
    const waiting = [pool.acquire(), pool.acquire({ signal: abort.signal }), pool.acquire()]
    abort.abort(new Error('gone'))
    await expect(waiting[1]).rejects.toThrow('gone')
    lease.release()
    ;(await waiting[0])?.release()
    ;(await waiting[2])?.release()
    await expect(pool.acquire({ signal: abort.signal })).rejects.toThrow('gone')
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1, waiting: 0 })
  })

  it('leaves no timer behind, and sets one for all who wait', async () => {
    const clock = manualClock()
    let [timers, most] = [0, 0]
    const after = (ms: number, fire: () => void): (() => void) => {
      most = Math.max(most, (timers += 1))
      const cancel = clock.after(ms, fire)
      return () => (cancel(), (timers -= 1))
    }
    const { pool } = poolOf({ maxClients: 1, host: createHost({ clock: { ...clock, after } }) })
    const lease = await pool.acquire()
    const waiting = Array.from({ length: 100 }, () => pool.use(() => undefined))
    expect(timers).toBe(1)
    lease.release()
    await Promise.all(waiting)
    // The wait and the create of the first borrower.
    expect([timers, most]).toEqual([0, 2])
  })

  it('ends for each borrower at their own time, though one timer does for all', async () => {
    const { pool, clock } = poolOf({ maxClients: 1, acquireTimeoutMs: 100 })
    await pool.acquire()
    const ended: number[] = []
    for (const at of [0, 30, 60]) {
      pool.acquire().catch(() => ended.push(at))
      await clock.tick(30)
    }
    await clock.tick(9)
    expect(ended).toEqual([])
    await clock.tick(1)
    expect(ended).toEqual([0])
    await clock.tick(30)
    expect(ended).toEqual([0, 30])
    await clock.tick(30)
    expect(ended).toEqual([0, 30, 60])
    expect(pool.stats().waiting).toBe(0)
  })

  it('makes no signal for work that reads none', async () => {
    let made = 0
    class Counted extends AbortController {
      constructor() {
        super()
        made += 1
      }
    }
    vi.stubGlobal('AbortController', Counted)
    try {
      const { pool } = poolOf({ validate: () => true, reset: () => true })
      await pool.use(() => undefined)
      await pool.use(() => undefined)
      expect(made).toBe(0)
      await pool.use((_, { signal }) => signal.aborted)
      expect(made).toBe(1)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('tells the work when its caller gives up', async () => {
    const { pool } = poolOf()
    const abort = new AbortController()
    const seen = pool.use((_, call) => new Promise((r) => call.signal.addEventListener('abort', () => r('told'))), {
      signal: abort.signal,
    })
    await Promise.resolve()
    setTimeout(() => abort.abort(), 1)
    expect(await seen).toBe('told')
  })
})

describe('age', () => {
  it('of an idle client is looked at when somebody borrows, also of those at the bottom', async () => {
    const { pool, clock, clients } = poolOf({ idleTimeoutMs: 1_000 })
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
    for (const lease of leases) lease.release()
    await clock.tick(600)
    ;(await pool.acquire()).release()
    await clock.tick(600)
    expect((await pool.acquire()).client).toBe(clients[2])
    expect(clients.map((client) => client.ended)).toEqual([true, true, false])
  })

  it('ends a client after maxLifetimeMs, whether it is idle or comes back', async () => {
    const { pool, clock, clients } = poolOf({ maxLifetimeMs: 1_000, idleTimeoutMs: Infinity })
    ;(await pool.acquire()).release()
    await clock.tick(1_000)
    const second = await pool.acquire()
    expect(second.client.id).toBe(1)
    expect(pool.stats().oldestClientAgeMs).toBe(0)
    await clock.tick(1_000)
    second.release()
    expect(clients.map((client) => client.ended)).toEqual([true, true])
  })

  it('is cut short by up to a tenth by chance, so that clients made together do not end together', async () => {
    const random = vi.spyOn(Math, 'random')
    const { pool, clock, clients } = poolOf({ maxLifetimeMs: 1_000, idleTimeoutMs: Infinity })
    random.mockReturnValueOnce(0).mockReturnValueOnce(0.99)
    const leases = await Promise.all([pool.acquire(), pool.acquire()])
    random.mockRestore()
    for (const lease of leases) lease.release()
    await clock.tick(950)
    await pool.acquire()
    expect(clients.map((client) => client.ended)).toEqual([false, true])
  })

  it('in uses ends a client after maxUses', async () => {
    const { pool, clients } = poolOf({ maxUses: 2 })
    for (let i = 0; i < 4; i += 1) (await pool.acquire()).release()
    expect(clients).toHaveLength(2)
  })

  it('in one pair of hands counts as leaked, and a fact names the borrower, once', async () => {
    const { pool, clock, facts } = poolOf({ leakAfterMs: 1_000 })
    const lease = await pool.acquire({ by: 'export' })
    expect(pool.stats().leaked).toBe(0)
    await clock.tick(1_001)
    expect(facts).toEqual([])
    expect(pool.stats().leaked).toBe(1)
    expect(pool.stats().leaked).toBe(1)
    expect(facts).toEqual([{ name: 'pool.leaked', of: 'pool', reason: 'export', count: 1, durationMs: 1_001 }])
    lease.release()
    expect(pool.stats().leaked).toBe(0)
    const next = await pool.acquire()
    await clock.tick(2_000)
    next.release()
    expect(facts.slice(1)).toEqual([
      { name: 'pool.leaked', of: 'pool', reason: 'unnamed', count: 1, durationMs: 2_000 },
    ])
  })

  it('that leaked is told to who waits in vain, too', async () => {
    const { pool, clock, facts } = poolOf({ maxClients: 1, leakAfterMs: 50, acquireTimeoutMs: 100 })
    await pool.acquire({ by: 'report' })
    const refused = expect(pool.acquire()).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await clock.tick(100)
    await refused
    expect(facts).toMatchObject([{ name: 'pool.leaked', reason: 'report' }])
  })
})

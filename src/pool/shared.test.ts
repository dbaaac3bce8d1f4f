import { describe, expect, it } from 'vitest'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock, type ManualClock } from '../testing/clock.ts'
import { createPool, type SharedPool, type SharedPoolOptions } from './index.ts'

interface Http {
  readonly id: number
  readonly target: string
  ended: boolean
}

type Options = SharedPoolOptions<Http, string>

interface Made {
  readonly pool: SharedPool<Http, string>
  readonly clock: ManualClock
  readonly clients: Http[]
  readonly facts: Fact[]
}

function sharedOf(options: Partial<Options> = {}): Made {
  const clock = manualClock()
  const clients: Http[] = []
  const facts: Fact[] = []
  const pool = createPool<Http, string>({
    mode: 'shared',
    create: (_, target) => {
      const client = { id: clients.length, target, ended: false }
      clients.push(client)
      return client
    },
    destroy: (client) => {
      client.ended = true
    },
    host: createHost({ clock, observe: (fact) => facts.push(fact) }),
    ...options,
  })
  return { pool, clock, clients, facts }
}

const lend = async (pool: Made['pool'], target = 'a'): Promise<Http> => (await pool.acquire({ target })).client

describe('mode shared', () => {
  it('lends one client to many borrowers at once, and makes it once', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => (finish = resolve))
    let calls = 0
    const { pool } = sharedOf({
      create: async (_, target) => {
        await slow
        return { id: (calls += 1), target, ended: false }
      },
    })
    const borrowers = Array.from({ length: 100 }, () => pool.acquire({ target: 'a' }))
    expect(pool.stats()).toMatchObject({ size: 0, waiting: 100, borrowed: 0 })
    finish()
    const leases = await Promise.all(borrowers)
    expect(calls).toBe(1)
    expect(new Set(leases.map(({ client }) => client)).size).toBe(1)
    expect(pool.stats()).toEqual({
      ...{ size: 1, healthy: 1, idle: 0, borrowed: 100, waiting: 0, totalUses: 100 },
      ...{ oldestClientAgeMs: 0, leaked: 0 },
    })
    for (const lease of leases) {
      lease.release()
      lease.release()
    }
    expect(pool.stats()).toMatchObject({ borrowed: 0, idle: 1 })
  })

  it('has a client for each target, whatever the order of its members', async () => {
    const pool = createPool({
      mode: 'shared',
      create: (_, target: { url: string; schema?: string }) => ({ target }),
      destroy: () => undefined,
    })
    const of = async (target: { url: string; schema?: string }) => (await pool.acquire({ target })).client
    expect(await of({ url: 'x', schema: 'y' })).toBe(await of({ schema: 'y', url: 'x' }))
    expect(await of({ url: 'x' })).not.toBe(await of({ url: 'x', schema: 'y' }))
    expect(pool.stats().size).toBe(2)
  })

  it('lets the least recently used client go for one more, which ends when its last borrower gives it back', async () => {
    const { pool, clients } = sharedOf({ maxClients: 2 })
    const a = await pool.acquire({ target: 'a' })
    ;(await pool.acquire({ target: 'b' })).release()
    ;(await pool.acquire({ target: 'a' })).release()
    await lend(pool, 'c')
    expect(clients.map(({ ended }) => ended)).toEqual([false, true, false])
    await lend(pool, 'd')
    expect(clients[0]?.ended).toBe(false)
    expect(pool.stats()).toMatchObject({ size: 3, healthy: 2 })
    a.release()
    expect(clients[0]?.ended).toBe(true)
    expect(pool.stats().size).toBe(2)
  })

  it('replaces a client that is too old, too long idle, used up, lost or given back as broken', async () => {
    const lost = new Set<number>()
    const { pool, clock, clients } = sharedOf({
      ...{ maxLifetimeMs: 10_000, idleTimeoutMs: 1_000, maxUses: 3 },
      isLost: ({ id }) => lost.has(id),
    })
    const use = (): Promise<number> => pool.use(({ id }) => id, { target: 'a' })
    expect(await use()).toBe(0)
    await clock.tick(1_000)
    expect([await use(), await use(), await use()]).toEqual([1, 1, 1])
    expect(await use()).toBe(2)
    lost.add(2)
    expect(await use()).toBe(3)
    ;(await pool.acquire({ target: 'a' })).release({ broken: true })
    expect(await use()).toBe(4)
    const held = await pool.acquire({ target: 'a' })
    await clock.tick(10_000)
    expect(await use()).toBe(5)
    expect(clients[4]?.ended).toBe(false)
    held.release()
    expect(clients.map(({ ended }) => ended)).toEqual([true, true, true, true, true, false])
  })

  it('checks a client not checked for so long once for all who ask, and replaces it when it is unhealthy', async () => {
    let checks = 0
    const { pool, clock } = sharedOf({
      healthCheckIntervalMs: 1_000,
      validate: async ({ id }) => {
        checks += 1
        return id > 0
      },
    })
    expect((await lend(pool)).id).toBe(0)
    await clock.tick(1_000)
    const found = await Promise.all(Array.from({ length: 20 }, () => lend(pool)))
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set([1]))
    expect(checks).toBe(1)
    await clock.tick(1_000)
    expect((await lend(pool)).id).toBe(1)
    expect((await lend(pool)).id).toBe(1)
    expect(checks).toBe(2)
  })

  it('checks a client before it is lent again when the pool may have stood still', async () => {
    let checks = 0
    const { pool, clock } = sharedOf({ healthCheckIntervalMs: 60_000, validate: () => (checks += 1) > 0 })
    await lend(pool)
    await clock.tick(499)
    await lend(pool)
    expect(checks).toBe(0)
    await clock.tick(500)
    await Promise.all([lend(pool), lend(pool)])
    await lend(pool)
    expect(checks).toBe(1)
  })

  it('tells a failed create to all who wait, does not try it again at once, and heals', async () => {
    let [calls, down] = [0, true]
    const { pool, clock } = sharedOf({
      create: (_, target) => {
        calls += 1
        if (down && target === 'a') throw new Error('refused')
        return { id: calls, target, ended: false }
      },
    })
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lend(pool)))
    expect(results.every((result) => result.status === 'rejected' && result.reason.message === 'refused')).toBe(true)
    await expect(lend(pool)).rejects.toThrow('refused')
    expect(calls).toBe(1)
    expect((await lend(pool, 'b')).target).toBe('b')
    down = false
    await clock.tick(50)
    expect((await lend(pool)).target).toBe('a')
  })

  it('gives up waiting by signal and by time, and the client goes to the next', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => (finish = resolve))
    const { pool, clock } = sharedOf({
      ...{ acquireTimeoutMs: 100, maxWaiting: 2 },
      create: (_, target) => slow.then(() => ({ id: 0, target, ended: false })),
    })
    const abort = new AbortController()
    const gone = expect(pool.acquire({ target: 'a', signal: abort.signal })).rejects.toThrow('gone')
    const late = expect(pool.acquire({ target: 'a' })).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await expect(pool.acquire({ target: 'a' })).rejects.toMatchObject({ code: 'ERR_PERF_POOL_FULL' })
    abort.abort(new Error('gone'))
    await clock.tick(100)
    await Promise.all([gone, late])
    finish()
    expect((await lend(pool)).id).toBe(0)
    expect(pool.stats()).toMatchObject({ waiting: 0, borrowed: 1 })
  })

  it('drains: names who still holds what, tells their work, and ends every client', async () => {
    const { pool, clock, clients, facts } = sharedOf()
    const stuck = pool.use((_, { signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason as Error))), { target: 'a', by: 'export' }) // prettier-ignore
    const told = expect(stuck).rejects.toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    ;(await pool.acquire({ target: 'b' })).release()
    const drained = pool.drain({ timeoutMs: 300 })
    await expect(pool.acquire({ target: 'b' })).rejects.toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    expect(clients[1]?.ended).toBe(true)
    await clock.tick(300)
    expect(await drained).toEqual({ held: [{ by: 'export', heldForMs: 300 }] })
    await told
    expect(clients[0]?.ended).toBe(true)
    expect(facts).toMatchObject([{ name: 'pool.leaked', reason: 'export', durationMs: 300 }])
    expect(pool.stats()).toMatchObject({ size: 0, borrowed: 0 })
  })

  it('drains without waiting when everything came back, and ends a client that comes for nobody', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => (finish = resolve))
    const late = { id: 0, target: 'a', ended: false }
    const { pool, clock } = sharedOf({ acquireTimeoutMs: 10, create: () => slow.then(() => late) })
    const gone = expect(lend(pool)).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await clock.tick(10)
    await gone
    expect(await pool.drain()).toEqual({ held: [] })
    finish()
    await clock.tick(0)
    expect(late.ended).toBe(true)
  })

  it('refuses a reset: what many use at once cannot be cleaned', () => {
    const options = { mode: 'shared', create: () => 1, destroy: () => undefined, reset: () => true }
    expect(() => createPool(options as never)).toThrow('reset must be left out')
  })
})

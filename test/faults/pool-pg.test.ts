import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { manualClock } from '../../src/testing/index.ts'
import type { PrivateServer } from '../servers/index.ts'
import { durablePostgres, type DurablePostgres } from '../servers/postgres.ts'
import { finished } from '../support/dedup-probe.ts'
import { connected, healed, one, pgPoolOf, uncaughtExceptions, type Address } from '../support/pool-pg.ts'
import { SOON } from '../support/soon.ts'

let home: DurablePostgres
let server: PrivateServer
const address: Address = { url: '' }
const uncaught = uncaughtExceptions()

async function start(): Promise<void> {
  server = await home.start()
  address.url = server.url
}

beforeAll(async () => {
  home = await durablePostgres()
  await start()
})
afterEach(async () => {
  await server.resume()
  expect(uncaught.seen).toEqual([])
})
afterAll(async () => {
  uncaught.stop()
  await server.stop()
  home.remove()
})

const pidOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID

/** Ends backends, and waits until the server has let go of them. */
async function terminate(...pids: readonly number[]): Promise<void> {
  const admin = await connected(address.url)
  await admin.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids])
  const left = 'select 1 from pg_stat_activity where pid = any ($1)'
  await expect.poll(async () => (await admin.query(left, [pids])).rowCount, SOON).toBe(0)
  await admin.end()
}

describe('a server that dies', () => {
  it('in the middle of queries: each fails, new borrowers hear why at once, and all is well when it is back', async () => {
    const { pool, facts, open } = pgPoolOf(address)
    const sleeping = Array.from({ length: 3 }, () => pool.use((client) => client.query('select pg_sleep(30)')))
    const outcomes = Promise.allSettled(sleeping)
    await expect.poll(() => pool.stats().borrowed, SOON).toBe(3)
    const waiting = Promise.allSettled(Array.from({ length: 20 }, () => one(pool)))
    await server.kill()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    for (const result of await waiting) expect(result).toMatchObject({ reason: { code: 'ECONNREFUSED' } })
    expect(pool.stats()).toMatchObject({ size: 0, borrowed: 0, waiting: 0 })
    const before = facts.length
    const refused = await Promise.allSettled(Array.from({ length: 1_000 }, () => one(pool)))
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true)
    // No loop: a thousand borrowers, a try or two.
    expect(facts.length - before).toBeLessThan(5)
    await start()
    expect(await healed(() => one(pool))).toBe(1)
    expect(await Promise.all(Array.from({ length: 50 }, () => one(pool)))).toHaveLength(50)
    expect(pool.stats()).toMatchObject({ borrowed: 0, waiting: 0 })
    expect(await pool.drain()).toEqual({ held: [] })
    await expect.poll(open, SOON).toBe(0)
  })
})

describe('a server that stands still', () => {
  it('costs a borrower the deadline of the check; its connections are cut, and their slots are free again', async () => {
    const limits = { checkTimeoutMs: 200, createTimeoutMs: 200, acquireTimeoutMs: 2_000 }
    const clock = manualClock()
    const { pool, facts, open } = pgPoolOf(address, { ...limits, healthCheckIntervalMs: 1 }, clock)
    await Promise.all([one(pool), one(pool), one(pool)])
    await server.pause()
    await clock.tick(1)
    const startedAt = clock.elapsed()
    const results = await finished(clock, Promise.allSettled(Array.from({ length: 10 }, () => one(pool))))
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill('rejected'))
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'ERR_PERF_TIMEOUT' } })
    // Every borrower is answered by the deadlines of one check and one connect, not of one each.
    expect(clock.elapsed() - startedAt).toBeLessThanOrEqual(2 * 200)
    expect(facts.map(({ name }) => name)).toContain('pool.validate_failed')
    // Nor does a goodbye that nobody answers keep them open.
    await clock.tick(200)
    await expect.poll(open, SOON).toBe(0)
    expect(pool.stats()).toMatchObject({ size: 0, borrowed: 0, waiting: 0 })
    await server.resume()
    // Later than any pause between two tries.
    await clock.tick(1_000)
    expect(await one(pool)).toBe(1)
    expect(await pool.drain()).toEqual({ held: [] })
  })

  it('under a borrower: the client is taken away at drain, its work is told, and the process may end', async () => {
    const { pool, open } = pgPoolOf(address, { checkTimeoutMs: 100 })
    const told = pool.use(
      async (client, { signal }) => {
        const query = client.query('select 1').catch(() => undefined)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await query
        return signal.reason as unknown
      },
      { by: 'nightly report' },
    )
    await expect.poll(() => pool.stats().borrowed, SOON).toBe(1)
    await server.pause()
    const { held } = await pool.drain({ timeoutMs: 200 })
    expect(held).toMatchObject([{ by: 'nightly report' }])
    expect(await told).toMatchObject({ code: 'ERR_PERF_POOL_CLOSED' })
    await expect.poll(open, SOON).toBe(0)
  })
})

describe('a backend that is terminated', () => {
  it('while idle is never lent, however many there are', async () => {
    const { pool } = pgPoolOf(address, { healthCheckIntervalMs: 60_000 })
    const leases = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
    const ends = leases.map(({ client }) => new Promise((resolve) => client.once('end', resolve)))
    for (const lease of leases) lease.release()
    await terminate(...leases.map(({ client }) => pidOf(client)))
    await Promise.all(ends)
    expect(await Promise.all([one(pool), one(pool), one(pool), one(pool)])).toEqual([1, 1, 1, 1])
    expect(pool.stats()).toMatchObject({ borrowed: 0, waiting: 0 })
    expect(await pool.drain()).toEqual({ held: [] })
  })

  it('while borrowed fails its work alone; the next borrower gets another connection', async () => {
    const { pool } = pgPoolOf(address, { maxClients: 1 })
    const work = pool.use(async (client) => {
      const query = client.query('select pg_sleep(30)')
      await Promise.all([expect(query).rejects.toMatchObject({ code: '57P01' }), terminate(pidOf(client))])
      return pidOf(client)
    })
    const next = pool.use((client) => pidOf(client))
    expect(await next).not.toBe(await work)
    expect(pool.stats()).toMatchObject({ size: 1, borrowed: 0, waiting: 0 })
    expect(await pool.drain()).toEqual({ held: [] })
  })
})

describe('a connection that comes late', () => {
  it('is closed, and its slot serves somebody else meanwhile', async () => {
    let release = (): void => undefined
    const hung = new Promise<void>((resolve) => (release = resolve))
    const made: pg.Client[] = []
    const create = async (): Promise<pg.Client> => {
      const client = await connected(address.url)
      made.push(client)
      if (made.length === 1) await hung
      return client
    }
    const clock = manualClock()
    const { pool } = pgPoolOf(address, { maxClients: 1, createTimeoutMs: 100, create }, clock)
    const refused = expect(one(pool)).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await expect.poll(() => made.length, SOON).toBe(1)
    await clock.tick(100)
    await refused
    // Later than any pause between two tries.
    await clock.tick(1_000)
    expect(await one(pool)).toBe(1)
    const ended = new Promise((resolve) => made[0]?.once('end', resolve))
    release()
    await ended
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1 })
    expect(await pool.drain()).toEqual({ held: [] })
  })
})

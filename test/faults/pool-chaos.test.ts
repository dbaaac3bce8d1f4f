import { once } from 'node:events'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Lease } from '../../src/pool/index.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { connected, healed, pgPoolOf, uncaughtExceptions } from '../support/pool-pg.ts'
import { SOON } from '../support/soon.ts'

const BORROWS = 20_000
const KILLS = 50
const AT_ONCE = 100
const MAX = 8

let server: PrivateServer
let admin: pg.Client
const uncaught = uncaughtExceptions()

beforeAll(async () => {
  server = await startPostgres({ private: true })
  admin = await connected(server.url)
})
afterAll(async () => {
  uncaught.stop()
  await admin.end()
  await server.stop()
})

const chance = (share: number): boolean => Math.random() < share

it(`loses no slot in ${BORROWS} borrows while backends are killed, connects fail or come late, and borrowers give up`, async () => {
  let [most, served, failed, killed, late, calm] = [0, 0, 0, 0, 0, false]
  const inHands = new Set<pg.Client>()
  const underway = async (signal: AbortSignal): Promise<void> => {
    if (calm) return
    if (chance(0.1)) throw new Error('refused')
    if (signal.aborted || !chance(0.1)) return
    late += 1
    await once(signal, 'abort')
  }
  const limits = { maxClients: MAX, maxWaiting: 1_000, maxUses: 500, createTimeoutMs: 1_000, checkTimeoutMs: 5_000 }
  const { pool, facts, open } = pgPoolOf({ url: server.url, underway }, { ...limits, healthCheckIntervalMs: 50 })

  const borrow = async (): Promise<void> => {
    const abort = new AbortController()
    const options = chance(0.1) ? { signal: abort.signal } : {}
    if ('signal' in options) setImmediate(() => abort.abort(new Error('gave up')))
    const lease = await pool.acquire(options)
    try {
      expect(inHands.has(lease.client), 'a client is lent twice').toBe(false)
      inHands.add(lease.client)
      most = Math.max(most, inHands.size)
      if (chance(0.3)) await lease.client.query(chance(0.1) ? 'begin' : 'select 1')
      else await turn()
      served += 1
    } finally {
      inHands.delete(lease.client)
      lease.release({ broken: chance(0.005) })
      if (chance(0.05)) lease.release()
    }
  }

  let over = false
  const killing = (async () => {
    while (!over) {
      const { rowCount } = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid in (select pid from pg_stat_activity where pid <> pg_backend_pid()
           and backend_type = 'client backend' order by random() limit 1)`,
      )
      killed += rowCount ?? 0
      await sleep(20)
    }
  })()
  let borrows = 0
  const borrower = async (): Promise<void> => {
    while (borrows < BORROWS || killed < KILLS) {
      borrows += 1
      await borrow().catch(async () => {
        failed += 1
        await sleep(10)
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, borrower))
  over = true
  await killing

  expect(served + failed).toBe(borrows)
  expect([borrows >= BORROWS, killed >= KILLS]).toEqual([true, true])
  expect(most).toBeLessThanOrEqual(MAX)
  await expect.poll(() => pool.stats(), SOON).toMatchObject({ borrowed: 0, waiting: 0, leaked: 0 })
  // Every slot is there again.
  calm = true
  const leases: Lease<pg.Client>[] = []
  while (leases.length < MAX) leases.push(await healed(() => pool.acquire()))
  expect(new Set(leases.map(({ client }) => client)).size).toBe(MAX)
  for (const lease of leases) lease.release()
  expect(await pool.drain()).toEqual({ held: [] })
  await expect.poll(open, SOON).toBe(0)
  expect(uncaught.seen).toEqual([])
  const told = new Set(facts.map(({ name }) => name))
  expect([late > 0, told.has('pool.create_failed'), served > BORROWS / 4]).toEqual([true, true, true])
}, 300_000)

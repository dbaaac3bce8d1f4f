import { Redis } from 'ioredis'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDedup, type Dedup } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { startRedis, type PrivateServer } from '../servers/index.ts'
import { probed } from '../support/dedup-probe.ts'
import { dedupSchema } from '../support/dedup-schema.ts'
import { ids, key } from '../support/dedup-start.ts'
import { SOON } from '../support/soon.ts'
import type { SqlSchema } from '../support/sql-schema.ts'

const COUNT = 1_000
/** A script in Redis takes no more keys than this. */
const PIECE = 250
/** A timer of 25 ms may come a millisecond early. */
const GATHER_MS = 24

const options = { name: 'wa', storeTimeoutMs: 10_000 }
const updates = (name: string): string[] => ids(COUNT).map((id) => `${name} ${id}`)
const handled = (dedup: Dedup, name: string, takesMs: number): Promise<unknown> =>
  dedup.each(updates(name), { key, handle: () => (takesMs > 0 ? sleep(takesMs) : undefined) })

describe('the round trips of a delivery of a thousand updates to Redis', () => {
  let server: PrivateServer
  let client: Redis
  let admin: Redis
  beforeAll(async () => {
    server = await startRedis({ private: true })
    client = new Redis(server.url)
    admin = new Redis(server.url)
    // The server gets to know the scripts.
    await createDedup({ ...options, store: redisDedupStore(client) }).once('first', () => 1)
  })
  afterAll(async () => {
    client.disconnect()
    admin.disconnect()
    await server.stop()
  })

  /** Scripts that the server has run. */
  async function scripts(): Promise<number> {
    const stats = await admin.info('commandstats')
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }

  async function scriptsOf(work: () => Promise<unknown>): Promise<number> {
    const before = await scripts()
    await work()
    return (await scripts()) - before
  }

  it('are one claim, and one or two completions', async () => {
    const { store, count } = probed(redisDedupStore(client))
    const dedup = createDedup({ ...options, store })
    // The first completion takes what ended at once, the second one the rest.
    expect(await scriptsOf(() => handled(dedup, 'quick', 0))).toBeLessThanOrEqual((2 * COUNT) / PIECE + 1)
    expect([count('claimMany'), count('renewMany'), count('releaseMany')]).toEqual([1, 0, 0])
    expect(count('completeMany')).toBeLessThanOrEqual(2)
  })

  it('do not wait for one piece before the next is sent', async () => {
    let sent = 0
    const call = client.call.bind(client) as (...command: string[]) => Promise<unknown>
    const counted = Object.create(client, {
      call: { value: (...command: string[]) => ((sent += 1), call(...command)) },
    }) as Redis
    const dedup = createDedup({ ...options, store: redisDedupStore(counted) })
    await server.pause()
    const working = handled(dedup, 'together', 0)
    // Nothing is answered before all are there.
    await expect.poll(() => sent, SOON).toBe(COUNT / PIECE)
    await server.resume()
    await working
  })

  it('are at most one completion in 25 ms for handlers that take their time', async () => {
    const { store, count } = probed(redisDedupStore(client))
    const startedAt = performance.now()
    await handled(createDedup({ ...options, store }), 'slow', 3)
    const most = 1 + Math.ceil((performance.now() - startedAt) / GATHER_MS)
    expect(count('completeMany')).toBeGreaterThan(5)
    expect(count('completeMany')).toBeLessThanOrEqual(most)
    expect(count('claimMany')).toBe(1)
  })

  it('are none when all are known here, and one claim when another process did them', async () => {
    const dedup = createDedup({ ...options, store: redisDedupStore(client) })
    await handled(dedup, 'known', 0)
    expect(await scriptsOf(() => handled(dedup, 'known', 0))).toBe(0)
    const other = createDedup({ ...options, store: redisDedupStore(client) })
    expect(await scriptsOf(() => handled(other, 'known', 0))).toBe(COUNT / PIECE)
    expect(await scriptsOf(() => handled(other, 'known', 0))).toBe(0)
  })
})

describe('the statements of a delivery of a thousand updates to Postgres', () => {
  let own: SqlSchema
  let client: pg.Client
  let statements = 0
  beforeAll(async () => {
    own = await dedupSchema(inject('postgresUrl'))
    client = await own.connect()
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    Object.assign(client, { query: (...args: unknown[]) => ((statements += 1), query(...args)) })
  })
  afterAll(() => own.end())

  async function statementsOf(work: () => Promise<unknown>): Promise<number> {
    const before = statements
    await work()
    return statements - before
  }

  it('are one claim and one or two completions, one claim for what another process did, and none for what is known here', async () => {
    const dedup = createDedup({ ...options, store: pgDedupStore(client) })
    // The first completion takes what ended at once, the second one the rest.
    expect(await statementsOf(() => handled(dedup, 'quick', 0))).toBeLessThanOrEqual(3)
    expect(await statementsOf(() => handled(dedup, 'quick', 0))).toBe(0)
    const other = createDedup({ ...options, store: pgDedupStore(client) })
    expect(await statementsOf(() => handled(other, 'quick', 0))).toBe(1)
    expect(await statementsOf(() => handled(other, 'quick', 0))).toBe(0)
  })

  it('are at most one completion in 25 ms for handlers that take their time', async () => {
    const dedup = createDedup({ ...options, store: pgDedupStore(client) })
    const startedAt = performance.now()
    const took = await statementsOf(() => handled(dedup, 'slow', 3))
    const most = 2 + Math.ceil((performance.now() - startedAt) / GATHER_MS)
    expect(took).toBeGreaterThan(5)
    expect(took).toBeLessThanOrEqual(most)
  })
})

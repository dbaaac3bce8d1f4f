import pg from 'pg'
import postgres from 'postgres'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTieredCache } from '../../src/cache/index.ts'
import type { CacheStore } from '../../src/core/cache-store.ts'
import { systemClock } from '../../src/core/clock.ts'
import { createHost } from '../../src/core/host.ts'
import { createStoreGuard } from '../../src/core/store-guard.ts'
import { aggregate, createMetrics, flush } from '../../src/metrics/index.ts'
import { pgCacheStore, pgClients, pgDatabase, pgMetricsStore, type PgDriver } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'
import { query } from '../../src/query/index.ts'
import { startPgBouncer, startPostgres, type PrivateServer } from '../servers/index.ts'
import { cacheMigration } from '../support/cache-schema.ts'
import { metricsMigration } from '../support/metrics-schema.ts'
import { tcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const CONNECTIONS = 4

let server: PrivateServer
let admin: pg.Pool
let proxy: TcpProxy

beforeAll(async () => {
  server = await startPostgres({ private: true })
  admin = new pg.Pool({ connectionString: server.url, max: 2 })
  await admin.query(await cacheMigration())
  await admin.query(await metricsMigration())
  await admin.query('create view slow as select pg_sleep(600)::text as slept')
})
afterAll(async () => {
  await admin.end()
  await server.stop()
})
beforeEach(async () => {
  proxy = await tcpProxy(server.port)
  return () => proxy.close()
})

interface Opened {
  readonly driver: PgDriver
  /** One statement for each connection, so that all are open. */
  warm(): Promise<unknown>
  close(): Promise<unknown>
}

const times = <T>(work: () => PromiseLike<T>): Promise<T[]> => Promise.all(Array.from({ length: CONNECTIONS }, work))
const addressOf = (port: number): string => server.url.replace(`:${server.port}/`, `:${port}/`)

function pgPool(port: number, options: pg.PoolConfig = {}): Opened & { readonly driver: pg.Pool } {
  const pool = new pg.Pool({ connectionString: addressOf(port), max: CONNECTIONS, ...options })
  pool.on('error', () => undefined)
  return { driver: pool, warm: () => warmed(pool), close: () => pool.end() }
}

const drivers: Readonly<Record<string, (port: number) => Opened>> = {
  'pg.Pool': pgPool,
  'our own pool'(port) {
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: addressOf(port) })
      client.on('error', () => undefined)
      await client.connect()
      return client
    }
    const pool = createPool({ ...pgClients({ connect }), maxClients: CONNECTIONS })
    const warm = (): Promise<unknown> => times(() => pool.use((client) => client.query('select pg_sleep(0.1)')))
    return { driver: pool, warm, close: () => pool.drain({ timeoutMs: 1_000 }) }
  },
  'postgres.js'(port) {
    const sql = postgres(addressOf(port), { max: CONNECTIONS, onnotice: () => undefined })
    return { driver: sql, warm: () => times(() => sql`select pg_sleep(0.1)`), close: () => sql.end({ timeout: 0 }) }
  },
}

const warmed = (pool: pg.Pool): Promise<unknown> => times(() => pool.query('select pg_sleep(0.1)'))

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const before = Date.now(); !(await condition().catch(() => false)); await sleep(20))
    if (Date.now() - before > 60_000) throw new Error('it did not come to that')
}

/** How many processes of the server are at work for somebody else. */
async function atWork(): Promise<number> {
  const { rows } = await admin.query<{ count: string }>(
    "select count(*) from pg_stat_activity where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()",
  )
  return Number(rows[0]?.count)
}

/** The calls of a store as its room makes them: under a deadline, at which the store is told. */
function guarded(store: CacheStore, timeoutMs = 300): (call: 'read' | 'write') => Promise<unknown> {
  const guard = createStoreGuard({ host: createHost(), what: 'the store', timeoutMs, tolerated: Infinity })
  const write = { key: 'k', text: 'x', version: '1', tags: [], ttlMs: 60_000, staleMs: 0 }
  return (call) =>
    guard.run<unknown>(({ onGiveUp }) =>
      call === 'read' ? store.readMany(['k'], [], { onGiveUp }) : store.writeMany([write], { onGiveUp }),
    )
}

describe('when the network goes silent on every connection of a pg.Pool, and new ones work,', () => {
  const silentPool = async (options: pg.PoolConfig = {}): Promise<pg.Pool> => {
    const { driver, warm, close } = pgPool(proxy.port, options)
    onTestFinished(async () => void (await close()))
    await warm()
    proxy.swallow()
    return driver
  }

  it('the cache is served again, and so is the application', async () => {
    const pool = await silentPool()
    const cache = createTieredCache<string>({ name: 'silent', ttlMs: 60_000, store: pgCacheStore(pool), storeTimeoutMs: 300 }) // prettier-ignore
    const written = "select from easymo_cache_entries where key = 'silent:k'"
    await until(async () => {
      await cache.set('k', 'after')
      return (await admin.query(written)).rowCount === 1
    })
    // Any of these would hang on a connection that is dead and counts as idle.
    await times(() => pool.query('select 1'))
  })

  it('the metrics are stored and read again, and so is what the application asks', async () => {
    const pool = await silentPool()
    const metrics = createMetrics()
    metrics.counter('seen_total', { help: 'Seen.' }).inc()
    await until(() => flush(metrics, pgMetricsStore(pool), { timeoutMs: 300 }))
    await times(() => pool.query('select 1'))
    await warmed(pool)
    proxy.swallow()
    await until(async () => (await aggregate(pgMetricsStore(pool), { timeoutMs: 300 })) !== undefined)
    await times(() => pool.query('select 1'))
  })

  it('those that met query_timeout are closed, not lent again', async () => {
    const pool = await silentPool({ query_timeout: 500 })
    const store = pgCacheStore(pool)
    await times(() => expect(store.readMany(['k'], [])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' }))
    await times(async () => expect((await pool.query('select 1')).rowCount).toBe(1))
  })
})

/** Statements that are at work for as long as the tables are held. */
async function held(work: () => Promise<void>): Promise<void> {
  const holder = await admin.connect()
  try {
    await holder.query('begin; lock table easymo_cache_entries')
    await work()
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}

describe.each(Object.keys(drivers))('statements of a store that are given up over %s', (name) => {
  let opened: Opened
  const waiting = (count: number) => async (): Promise<boolean> => (await atWork()) >= count

  beforeEach(async () => {
    opened = (drivers[name] as (port: number) => Opened)(proxy.port)
    await opened.warm()
    return () => opened.close()
  })

  it('are not left running in the server', async () => {
    const write = guarded(pgCacheStore(opened.driver), 1_000)
    await held(async () => {
      const given = times(() => expect(write('write')).rejects.toThrow('did not answer'))
      await until(waiting(CONNECTIONS))
      await given
      await until(async () => (await atWork()) === 0)
    })
    await until(async () => (await write('write')) === undefined)
  })

  it('are not left running when nothing is heard of the server any more, either', async () => {
    const write = guarded(pgCacheStore(opened.driver), 1_000)
    await held(async () => {
      const given = times(() => expect(write('write')).rejects.toThrow('did not answer'))
      await until(waiting(CONNECTIONS))
      proxy.swallow()
      await given
      await until(async () => (await atWork()) === 0)
    })
  })

  it('just as they end take no statement of another caller with them', async () => {
    const store = pgCacheStore(opened.driver)
    for (let round = 0; round < 100; round += 1) {
      const givenUp = (turns: number): Promise<unknown> => {
        const onGiveUp = (listener: () => void): void => void sleep(turns).then(listener)
        return store.readMany(['k'], [], { onGiveUp }).catch(() => undefined)
      }
      await Promise.all([0, 1, 1, 2].map(givenUp))
      await times(() => store.readMany(['k'], []))
    }
  })

  it('before their connection was made leave the connections to those that come later', async () => {
    await opened.close()
    opened = (drivers[name] as (port: number) => Opened)(proxy.port)
    const read = guarded(pgCacheStore(opened.driver), 500)
    await server.pause()
    try {
      await Promise.all([...Array(CONNECTIONS)].map(() => expect(read('read')).rejects.toThrow('did not answer')))
      await sleep(200)
    } finally {
      await server.resume()
    }
    await until(async () => (await read('read')) !== undefined)
    await opened.warm()
  })

  it('are not left running behind a PgBouncer, neither those that ran nor those that stood in its queue', async () => {
    const bouncer = await startPgBouncer({ url: server.url, poolSize: 2 })
    proxy.to(bouncer.port)
    const behind = (drivers[name] as (port: number) => Opened)(proxy.port)
    try {
      const db = pgDatabase(behind.driver)
      const slow = (): Promise<void> =>
        expect(query(db, 'slow').execute({ timeoutMs: 1_000, retries: 0 })).rejects.toThrow('did not answer')
      const given = times(slow)
      await until(waiting(2))
      await given
      await until(async () => (await atWork()) === 0)
      await until(async () => (await query(db, 'easymo_schema_versions').execute()).data.length > 0)
      expect(await atWork()).toBe(0)
    } finally {
      await behind.close()
      await bouncer.stop()
    }
  })
})

it('postgres.js whose connections are all silent counts as down, until they have ended', async () => {
  const { whileAlive } = systemClock
  vi.spyOn(systemClock, 'whileAlive').mockImplementation((ms, fire) => whileAlive(ms / 20, fire))
  onTestFinished(() => void vi.restoreAllMocks())
  const opened = (drivers['postgres.js'] as (port: number) => Opened)(proxy.port)
  onTestFinished(async () => void (await opened.close()))
  const store = pgCacheStore(opened.driver)
  const call = guarded(store)
  await opened.warm()
  proxy.swallow()
  await times(() => expect(call('read')).rejects.toThrow('did not answer'))
  // Without a deadline: it would hang if it was put to a connection.
  const refused = 'all connections of postgres.js wait for answers that do not come'
  await until(async () => (await call('read').catch((error: unknown) => (error as Error).message)) === refused)
  await expect(store.readMany([], [])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  proxy.resetAll()
  await until(async () => (await store.readMany([], [])).now > 0)
})

import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { pgClients, pgDatabase } from '../../src/pg/index.ts'
import { createPool, type Pool, type PoolOptions } from '../../src/pool/index.ts'
import { query } from '../../src/query/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { healed } from '../support/pool-pg.ts'
import { SOON } from '../support/soon.ts'

const url = inject('postgresUrl')
const admin = new pg.Client({ connectionString: url })
const pools: Pool<pg.Client>[] = []
const uncaught: unknown[] = []
const onUncaught = (error: unknown): void => void uncaught.push(error)

function poolOf(options: Partial<PoolOptions<pg.Client>> = {}): Pool<pg.Client> {
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return client
  }
  const pool = createPool({ ...pgClients({ connect }), maxClients: 3, ...options })
  pools.push(pool)
  return pool
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

/** Ends a backend and waits until the server has let go of it. */
async function kill(pid: number): Promise<void> {
  await admin.query('select pg_terminate_backend($1)', [pid])
  await expect
    .poll(async () => (await admin.query('select 1 from pg_stat_activity where pid = $1', [pid])).rowCount, SOON)
    .toBe(0)
}

const works = (pool: Pool<pg.Client>): Promise<number> =>
  pool.use(async (client) => (await client.query<{ n: number }>('select 1 as n')).rows[0]?.n ?? 0)

beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', onUncaught)
  await admin.connect()
})

afterEach(async () => {
  for (const pool of pools.splice(0)) expect(await pool.drain({ timeoutMs: 5_000 })).toEqual({ held: [] })
  expect(uncaught).toEqual([])
})

afterAll(async () => {
  process.off('uncaughtExceptionMonitor', onUncaught)
  await admin.end()
})

describe('a pool of real connections', () => {
  it('serves many borrowers over few connections and closes them all', async () => {
    const pool = poolOf()
    const pids = await Promise.all(Array.from({ length: 60 }, () => pool.use(pidOf)))
    expect(new Set(pids).size).toBe(3)
    expect(pool.stats()).toMatchObject({ size: 3, idle: 3, borrowed: 0, totalUses: 60 })
    await pool.drain()
    const left = 'select 1 from pg_stat_activity where pid = any($1)'
    await expect.poll(async () => (await admin.query(left, [pids])).rowCount, SOON).toBe(0)
  })

  it('never hands an open transaction on, nor one that its borrower began without waiting', async () => {
    const pool = poolOf({ maxClients: 1 })
    const inTransaction = (): Promise<boolean> =>
      pool.use(async (client) => {
        await client.query("select set_config('perf.mark', 'kept', false)")
        return (await client.query('select now() = statement_timestamp() as fresh')).rows[0].fresh
      })
    await pool.use(async (client) => void (await client.query('begin')))
    expect(await inTransaction()).toBe(true)
    await pool.use((client) => void client.query('begin'))
    expect(await inTransaction()).toBe(true)
    await pool.use(async (client) => {
      await client.query('begin')
      await client.query('select 1/0').catch(() => undefined)
    })
    expect(await inTransaction()).toBe(true)
    expect(pool.stats().size).toBe(1)
  })
})

/** What a session keeps beside its transaction, and how to see it. */
const LEFT = {
  'a setting': {
    leave: "set search_path = 'elsewhere'",
    see: "select 1 where current_setting('search_path') = 'elsewhere'",
  },
  'a setting by function': {
    leave: "select set_config('perf.tenant', 'a', false)",
    see: "select 1 where current_setting('perf.tenant', true) = 'a'",
  },
  'a temporary table': {
    leave: 'create temp table left_there ()',
    see: "select 1 where to_regclass('left_there') > 0",
  },
  'a listener': { leave: 'listen left_there', see: 'select pg_listening_channels()' },
  'an advisory lock': {
    leave: 'select pg_advisory_lock(77)',
    see: "select 1 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
  },
  'a prepared statement': {
    leave: 'prepare left_there as select 1',
    see: "select 1 from pg_prepared_statements where name = 'left_there'",
  },
} as const

describe.each(Object.entries(LEFT))('%s that a borrower left', (_, { leave, see }) => {
  const seenByNext = async (reset: 'rollback' | 'discard all'): Promise<number> => {
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return client
    }
    const pool = createPool({ ...pgClients({ connect, reset }), maxClients: 1 })
    pools.push(pool)
    await pool.use((client) => client.query(leave))
    // Left open as well: `discard all` cannot stand in a transaction.
    await pool.use((client) => client.query('begin'))
    return pool.use(async (client) => (await client.query(see)).rowCount ?? 0)
  }

  it('goes to the next one by default', async () => expect(await seenByNext('rollback')).toBe(1))
  it("is gone with reset: 'discard all'", async () => expect(await seenByNext('discard all')).toBe(0))
})

it('statements that were prepared by name can be, again, after discard all', async () => {
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return client
  }
  const pool = createPool({ ...pgClients({ connect, reset: 'discard all' }), maxClients: 1 })
  pools.push(pool)
  const named = { name: 'one', text: 'select 1 as one' }
  for (let round = 0; round < 3; round += 1)
    expect((await pool.use((client) => client.query(named))).rows).toEqual([{ one: 1 }])
  expect(pool.stats().size).toBe(1)
})

describe('faults', () => {
  it('a connection killed while idle is never lent', async () => {
    const pool = poolOf()
    const lease = await pool.acquire()
    const pid = await pidOf(lease.client)
    const heard = new Promise((resolve) => lease.client.once('end', resolve))
    lease.release()
    await Promise.all([heard, kill(pid)])
    expect(await works(pool)).toBe(1)
    expect(pool.stats()).toMatchObject({ size: 1, borrowed: 0 })
  })

  it('a connection killed while borrowed fails its work, and its slot is free again', async () => {
    const pool = poolOf({ maxClients: 1 })
    const work = pool.use(async (client) => {
      const sleeping = client.query('select pg_sleep(30)')
      const pid = (client as unknown as { processID: number }).processID
      const [result] = await Promise.allSettled([sleeping, kill(pid)])
      if (result.status === 'rejected') throw result.reason
    })
    const next = works(pool)
    await expect(work).rejects.toMatchObject({ code: '57P01' })
    expect(await next).toBe(1)
    expect(pool.stats()).toMatchObject({ size: 1, borrowed: 0, waiting: 0 })
  })

  it('a connection killed between two queries of its borrower ends nothing but that work', async () => {
    const pool = poolOf({ maxClients: 1 })
    const work = pool.use(async (client) => {
      await kill(await pidOf(client))
      await client.query('select 1')
    })
    await expect(work).rejects.toThrow()
    expect(await works(pool)).toBe(1)
  })

  it('a server that refuses at once is heard by all, without a loop, and the pool heals', async () => {
    let port = '1'
    let attempts = 0
    const healing = new URL(url)
    const pool = poolOf({
      ...pgClients({
        connect: async () => {
          attempts += 1
          const target = new URL(healing)
          if (port !== '') target.port = port
          const client = new pg.Client({ connectionString: target.href })
          await client.connect()
          return client
        },
      }),
    })
    const results = await Promise.allSettled(Array.from({ length: 30 }, () => works(pool)))
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
      Array(30).fill('ECONNREFUSED'),
    )
    expect(attempts).toBe(3)
    port = ''
    expect(await healed(() => works(pool))).toBe(1)
  })

  it('a connect that hangs frees its slot, and the client that comes later is closed', async () => {
    let late: pg.Client | undefined
    let finish = (): void => undefined
    let hang = true
    const clock = manualClock()
    const pool = poolOf({
      host: createHost({ clock }),
      maxClients: 1,
      createTimeoutMs: 100,
      ...pgClients({
        connect: async () => {
          const client = new pg.Client({ connectionString: url })
          await client.connect()
          if (!hang) return client
          late = client
          await new Promise<void>((resolve) => (finish = resolve))
          return client
        },
      }),
    })
    const refused = expect(works(pool)).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await expect.poll(() => late, SOON).toBeDefined()
    await clock.tick(100)
    await refused
    hang = false
    // Later than any pause between two tries.
    await clock.tick(1_000)
    expect(await works(pool)).toBe(1)
    const ended = new Promise((resolve) => late?.once('end', resolve))
    finish()
    await ended
  })

  it('a query that is given up ends its connection and frees the slot, in our pool and in pg.Pool', async () => {
    const ours = poolOf({ maxClients: 1 })
    const theirs = new pg.Pool({ connectionString: url, max: 1 })
    for (const driver of [ours, theirs]) {
      const database = pgDatabase(driver)
      await admin.query('create table if not exists perf_slow (id int)')
      await admin.query('begin; lock table perf_slow')
      const slow = query(database, 'perf_slow').execute({ timeoutMs: 100 })
      await expect(slow).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
      await admin.query('rollback')
      expect(await query(database, 'perf_slow').execute()).toEqual({ data: [] })
    }
    expect(theirs.totalCount).toBe(1)
    await theirs.end()
    await admin.query('drop table perf_slow')
  })

  it('a killed pg.Pool connection is an outage for its query and no uncaught exception', async () => {
    const theirs = new pg.Pool({ connectionString: url, max: 1 })
    theirs.on('error', () => undefined)
    const sleeping = pgDatabase(theirs).run({ text: 'select pg_sleep(30), $1::int as mark', values: [7] }, { signal: new AbortController().signal, onGiveUp: () => undefined }) // prettier-ignore
    const outage = expect(sleeping).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    const running = "select pid from pg_stat_activity where query like 'select pg_sleep(30), $1%' and state = 'active'"
    await expect.poll(async () => (await admin.query(running)).rowCount, SOON).toBe(1)
    await kill((await admin.query(running)).rows[0].pid)
    await outage
    expect(await query(pgDatabase(theirs), 'pg_tables').limit(1).exists().execute()).toEqual({ data: true })
    await theirs.end()
  })
})

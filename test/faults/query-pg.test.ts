import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgClients, pgDatabase, type PgDriver } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'
import { query, type Database } from '../../src/query/index.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { durablePostgres } from '../servers/postgres.ts'

/** `slow` answers after the seconds that it says, `me` tells which process of the server answers. */
const SETUP = `
  set synchronous_commit = on;
  create table trips (id int primary key);
  insert into trips select generate_series(1, 5);
  create view me as select pg_backend_pid() as pid;
  create view slow as select 20 as seconds, pg_sleep(20)::text as slept;
  create view slowish as select pg_backend_pid() as pid, pg_sleep(0.7)::text as slept;`

let server: PrivateServer
let admin: pg.Pool

beforeAll(async () => {
  server = await startPostgres({ private: true })
  admin = new pg.Pool({ connectionString: server.url, max: 1 })
  admin.on('error', () => undefined)
  await admin.query(SETUP)
})

afterAll(async () => {
  await admin.end()
  await server.stop()
})

const connectTo = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

interface Opened {
  readonly driver: PgDriver
  close(): Promise<unknown>
}

const drivers: Readonly<Record<string, () => Opened>> = {
  'pg.Pool'() {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 })
    pool.on('error', () => undefined)
    return { driver: pool, close: () => pool.end() }
  },
  'our own pool'() {
    const pool = createPool({ ...pgClients({ connect: () => connectTo(server.url) }), maxClients: 1 })
    return { driver: pool, close: () => pool.drain() }
  },
  'postgres.js'() {
    const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
    return { driver: sql, close: () => sql.end({ timeout: 1 }) }
  },
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const before = Date.now(); !(await condition().catch(() => false)); await sleep(10))
    if (Date.now() - before > 15_000) throw new Error('it did not come to that')
}

const running = async (what: string): Promise<number[]> => {
  const { rows } = await admin.query<{ pid: number }>(
    `select pid from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%"${what}"%'`,
  )
  return rows.map(({ pid }) => pid)
}
const isRunning = (what: string) => async (): Promise<boolean> => (await running(what)).length > 0

describe.each(Object.keys(drivers))('a read over %s', (name) => {
  let opened: Opened
  let db: Database
  const pid = async (): Promise<unknown> => (await query(db, 'me').single().execute()).data['pid']

  beforeEach(() => {
    opened = (drivers[name] as () => Opened)()
    db = pgDatabase(opened.driver)
    return () => opened.close()
  })

  it('that is over its deadline is cancelled in the server, and its connection goes on', async () => {
    const before = await pid()
    await expect(query(db, 'slow').execute({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await until(async () => !(await isRunning('slow')()))
    expect(await pid()).toBe(before)
  })

  it('that its caller leaves is cancelled too', async () => {
    const before = await pid()
    const abort = new AbortController()
    const left = expect(query(db, 'slow').execute({ signal: abort.signal })).rejects.toThrow('left')
    await until(isRunning('slow'))
    abort.abort(new Error('left'))
    await left
    await until(async () => !(await isRunning('slow')()))
    expect(await pid()).toBe(before)
  })

  it('that fails for another reason cancels nobody else’s statement', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [refused, answered] = await Promise.all([query(db, 'trips').single().settle(), query(db, 'trips').settle()])
      expect([refused.error?.message, answered.error]).toEqual(['single() met more than one row of trips', null])
    }
  })

  it('whose backend is terminated while it runs is answered by another', async () => {
    const asking = query(db, 'slowish').single().execute({ retries: 5 })
    await until(isRunning('slowish'))
    const [victim] = await running('slowish')
    await admin.query('select pg_terminate_backend($1)', [victim])
    const { data } = await asking
    expect(data['pid']).toBeTypeOf('number')
    expect(data['pid']).not.toBe(victim)
  })

  it('whose server crashes meanwhile, and recovers, is answered', async () => {
    const asking = query(db, 'slowish').single().execute({ retries: 10, timeoutMs: 20_000 })
    await until(isRunning('slowish'))
    const [victim] = await running('slowish')
    // One killed process of the server takes all others with it.
    process.kill(victim ?? NaN, 'SIGKILL')
    expect((await asking).data['pid']).not.toBe(victim)
    await until(async () => (await admin.query('select 1')).rowCount === 1)
  })

  it('of a frozen server ends at its deadline, and later reads are answered when the server goes on', async () => {
    await pid()
    await server.pause()
    try {
      await expect(query(db, 'trips').execute({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
      // Long enough for the connection to be given up: cancelling it needs the server, too.
      await sleep(1_200)
    } finally {
      await server.resume()
    }
    expect((await query(db, 'trips').execute({ timeoutMs: 15_000, retries: 10 })).data).toHaveLength(5)
  })
})

it('reads are answered by a server that was started anew elsewhere', async () => {
  const home = await durablePostgres()
  let place = await home.start()
  const pool = createPool({ ...pgClients({ connect: () => connectTo(place.url) }), maxClients: 2 })
  try {
    const first = await connectTo(place.url)
    await first.query(SETUP)
    await first.end()
    const db = pgDatabase(pool)
    await query(db, 'trips').execute()
    const asking = query(db, 'slowish').single().execute({ retries: 15, timeoutMs: 30_000 })
    await sleep(300)
    await place.kill()
    place = await home.start()
    expect((await asking).data['pid']).toBeTypeOf('number')
    expect((await query(db, 'trips').execute()).data).toHaveLength(5)
  } finally {
    await pool.drain()
    await place.stop()
    home.remove()
  }
})

it.each(Object.keys(drivers))(
  'a deadline over %s while the server is gone leaves no rejection behind',
  async (name) => {
    const place = server
    server = await startPostgres({ private: true })
    const opened = (drivers[name] as () => Opened)()
    const unhandled: unknown[] = []
    const listener = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listener)
    try {
      const first = await connectTo(server.url)
      await first.query(SETUP)
      await first.end()
      const db = pgDatabase(opened.driver)
      await query(db, 'trips').execute()
      await server.pause()
      const late = expect(query(db, 'slow').execute({ timeoutMs: 200 })).rejects.toMatchObject({
        code: 'ERR_PERF_TIMEOUT',
      })
      await late
      await server.kill()
      await sleep(1_500)
      await expect(query(db, 'trips').execute({ retries: 0, timeoutMs: 2_000 })).rejects.toMatchObject({ code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) }) // prettier-ignore
      expect(unhandled).toEqual([])
    } finally {
      process.removeListener('unhandledRejection', listener)
      await opened.close()
      await server.stop()
      server = place
    }
  },
)

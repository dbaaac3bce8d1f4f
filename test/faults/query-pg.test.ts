import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { createHost } from '../../src/core/host.ts'
import { pgClients, pgDatabase, type PgDriver } from '../../src/pg/index.ts'
import { createPool } from '../../src/pool/index.ts'
import { query, type Database } from '../../src/query/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { durablePostgres } from '../servers/postgres.ts'

/** What holds `gated` back. */
const GATE = 7

/**
 * `slow` answers after the seconds that it says, `gated` when nobody holds the gate, `me` tells which process of the
 * server answers.
 */
const SETUP = `
  set synchronous_commit = on;
  create table trips (id int primary key);
  insert into trips select generate_series(1, 5);
  create view me as select pg_backend_pid() as pid;
  create view slow as select 20 as seconds, pg_sleep(20)::text as slept;
  create view gated as select pg_backend_pid() as pid, pg_advisory_xact_lock_shared(${GATE})::text as waited;`

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

const running = async (what: string, by: pg.Pool | pg.Client = admin): Promise<number[]> => {
  const { rows } = await by.query<{ pid: number }>(
    `select pid from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%"${what}"%'`,
  )
  return rows.map(({ pid }) => pid)
}
const isRunning = (what: string, by?: pg.Client) => async (): Promise<boolean> => (await running(what, by)).length > 0

/** What is cancelled may take as long as it likes to end: how long it may at most is not what is tested here. */
function patientWithCancelled(): void {
  const { whileAlive } = systemClock
  vi.spyOn(systemClock, 'whileAlive').mockImplementation((ms, fire) => whileAlive(ms * 15, fire))
  onTestFinished(() => void vi.restoreAllMocks())
}

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
    patientWithCancelled()
    const before = await pid()
    const clock = manualClock()
    const asking = query(db, 'slow', { host: createHost({ clock }) }).execute({ timeoutMs: 300 })
    const late = expect(asking).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await until(isRunning('slow'))
    await clock.tick(300)
    await late
    await until(async () => !(await isRunning('slow')()))
    expect(await pid()).toBe(before)
  })

  it('that its caller leaves is cancelled too', async () => {
    patientWithCancelled()
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
    await admin.query('select pg_advisory_lock($1)', [GATE])
    const asking = query(db, 'gated').single().execute({ retries: 5, timeoutMs: 30_000 })
    await until(isRunning('gated'))
    const [victim] = await running('gated')
    await admin.query('select pg_terminate_backend($1)', [victim])
    await until(async () => !(await running('gated')).includes(victim ?? NaN))
    await admin.query('select pg_advisory_unlock($1)', [GATE])
    const { data } = await asking
    expect(data['pid']).toBeTypeOf('number')
    expect(data['pid']).not.toBe(victim)
  })

  it('whose server crashes meanwhile, and recovers, is answered', async () => {
    await admin.query('select pg_advisory_lock($1)', [GATE])
    const asking = query(db, 'gated').single().execute({ retries: 60, timeoutMs: 60_000 })
    await until(isRunning('gated'))
    const [victim] = await running('gated')
    // One killed process of the server takes all others with it, and who held the gate among them.
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
    expect((await query(db, 'trips').execute({ timeoutMs: 60_000, retries: 60 })).data).toHaveLength(5)
  })
})

it('reads are answered by a server that was started anew elsewhere', async () => {
  const home = await durablePostgres()
  let place = await home.start()
  const pool = createPool({ ...pgClients({ connect: () => connectTo(place.url) }), maxClients: 2 })
  try {
    const first = await connectTo(place.url)
    await first.query(SETUP)
    await first.query('select pg_advisory_lock($1)', [GATE])
    const db = pgDatabase(pool)
    await query(db, 'trips').execute()
    const asking = query(db, 'gated').single().execute({ retries: 60, timeoutMs: 60_000 })
    await until(isRunning('gated', first))
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

import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { pgDedupStore } from '../../src/pg/index.ts'
import { claims, ends, kept, long, won } from '../../src/testing/dedup-store-case.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { dedupMigration } from '../support/dedup-schema.ts'
import { gate } from '../support/dedup-probe.ts'
import { dedupService, resent } from '../support/dedup-service.ts'

const UNAVAILABLE = { code: 'ERR_PERF_STORE_UNAVAILABLE' }

let server: PrivateServer
const pools: pg.Pool[] = []

function openPool(): pg.Pool {
  // The test servers commit into memory only; a dedup must not.
  const pool = new pg.Pool({ connectionString: server.url, max: 4, options: '-csynchronous_commit=on' })
  pool.on('error', () => undefined)
  pools.push(pool)
  return pool
}

beforeAll(async () => {
  server = await startPostgres({ private: true })
  await openPool().query(await dedupMigration())
})
afterEach(() => server.resume())
afterAll(async () => {
  for (const pool of pools) await pool.end()
  await server.stop()
})

/** One killed process of the server takes all others with it; then Postgres recovers from its log. */
async function crash(): Promise<void> {
  const [victim, witness] = [await openPool().connect(), await openPool().connect()]
  const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid')
  for (const client of [victim, witness]) client.on('error', () => undefined)
  const ended = [victim, witness].map((client) => new Promise<void>((resolve) => client.once('end', resolve)))
  process.kill(rows[0]?.pid ?? NaN, 'SIGKILL')
  await Promise.all(ended)
  for (const client of [victim, witness]) client.release(true)
  const fresh = openPool()
  await resent(() => fresh.query('select 1'))
}

const store = (): ReturnType<typeof pgDedupStore> => pgDedupStore(openPool())

it('a server that freezes: rejects at its deadline, skips the store, and recovers', async () => {
  const { dedup, told, count } = dedupService(store())
  await dedup.once('before', () => 1)
  await server.pause()
  const ran: string[] = []
  const call = (key: string): Promise<unknown> => dedup.once(key, () => void ran.push(key))
  for (const missed of await Promise.allSettled(['f1', 'f2', 'f3'].map(call)))
    expect(missed).toMatchObject({ reason: { ...UNAVAILABLE, cause: { code: 'ERR_PERF_TIMEOUT' } } })
  expect(told('store.down')).toBe(1)
  const asked = count('claimMany')
  const skipped = await Promise.allSettled(Array.from({ length: 100 }, (_, at) => call(`s${at}`)))
  expect(skipped.every(({ status }) => status === 'rejected')).toBe(true)
  // Not one call each: at most a probe or two, a second apart.
  expect(count('claimMany') - asked).toBeLessThan(5)
  expect(ran).toEqual([])
  // What is known to be done needs no store.
  expect(await dedup.once('before', () => 2)).toEqual({ status: 'duplicate' })
  await server.resume()
  expect(await resent(() => dedup.once('f1', () => 'done after all'))).toMatchObject({ status: 'done' })
  expect(told('store.recovered')).toBe(1)
})

it('a server that freezes under a claim does not keep the key locked when it goes on', async () => {
  const own = store()
  // Connected, so that the statement is on its way before the server stands still.
  await own.releaseMany(claims('t', 'x'))
  const [first, second] = [dedupService(own), dedupService(own)]
  await server.pause()
  await expect(first.dedup.once('u1', () => expect.unreachable('it ran'))).rejects.toMatchObject(UNAVAILABLE)
  await server.resume()
  // The claim that was given up is carried out now, on the server, and would hold for 30 s.
  expect(await resent(() => second.dedup.once('u1', ({ attempt }) => attempt))).toMatchObject({ status: 'done' })
})

it('a server that freezes before the completion: the work is done, degraded, and not repeated here', async () => {
  const { dedup, told } = dedupService(store())
  const { opened, open } = gate()
  const started = gate()
  const call = dedup.once('c1', async () => {
    started.open()
    await opened
    return 1
  })
  await started.opened
  await server.pause()
  open()
  expect(await call).toEqual({ status: 'done', value: 1, degraded: true })
  expect(told('dedup.complete_failed')).toBe(1)
  expect(await dedup.once('c1', () => 'twice')).toEqual({ status: 'duplicate' })
})

it('a server that crashes keeps its claims: what is done stays done, what is leased stays leased', async () => {
  const own = store()
  const { dedup } = dedupService(own)
  expect(await dedup.once('done', () => 1)).toMatchObject({ status: 'done' })
  const failed = 'wa:given back'
  const begun = 'wa:begun'
  await own.claimMany(claims('crashed', 'wa:leased', failed, begun), long)
  await own.releaseMany([{ key: failed, token: 'crashed', begun: true }])
  await own.beginMany(claims('crashed', begun))
  await crash()
  const after = await resent(() => own.claimMany(claims('t', 'wa:done', 'wa:leased', failed), long))
  expect(after).toMatchObject([{ status: 'done' }, { status: 'leased' }, won(1, 0)])
  expect(await own.completeMany(ends('done', 'crashed', 'wa:leased'), kept)).toEqual([true])
  // Its begin is among the runs already: given back as begun, it counts once.
  await own.releaseMany([{ key: begun, token: 'crashed', begun: true }])
  expect(await own.claimMany(claims('t', begun), long)).toEqual([won(1, 0)])
})

it('a connection that is ended in the middle of a call is an outage, and the call did nothing', async () => {
  const own = store()
  const blocker = await openPool().connect()
  const end = 'select pg_terminate_backend(pid) from pg_locks where not granted and pid <> pg_backend_pid()'
  const keys = ['t1', 't2', 't3']
  await own.claimMany(claims('t', 't2'), long)
  try {
    for (const [lock, call] of [
      // The key in the middle is being inserted by somebody else.
      ["select easymo_dedup_claim('{t3}', '{blocker}', 60000)", () => own.claimMany(claims('u', ...keys), long)],
      ["select 1 from easymo_dedup where key = 't2' for update", () => own.beginMany(claims('t', ...keys))],
      ["select 1 from easymo_dedup where key = 't2' for update", () => own.renewMany(claims('t', ...keys), long)],
      [
        "select 1 from easymo_dedup where key = 't2' for update",
        () => own.completeMany(ends('done', 't', ...keys), kept),
      ],
      ["select 1 from easymo_dedup where key = 't2' for update", () => own.releaseMany(claims('t', ...keys))],
    ] as const) {
      await blocker.query(`begin; ${lock}`)
      const refused = expect(call()).rejects.toMatchObject(UNAVAILABLE)
      while ((await blocker.query(end)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await refused
      await blocker.query('rollback')
    }
  } finally {
    blocker.release(true)
  }
  expect(await own.claimMany(claims('next', ...keys), long)).toMatchObject([won(0, 0), { status: 'leased' }, won(0, 0)])
  await own.releaseMany([{ key: 't2', token: 't', begun: true }])
  expect(await own.claimMany(claims('next', 't2'), long)).toEqual([won(1, 0)])
})

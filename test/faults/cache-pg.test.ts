import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CacheStore, CacheWrite } from '../../src/core/cache-store.ts'
import { pgCacheStore } from '../../src/pg/index.ts'
import { startPostgres, type PrivateServer } from '../servers/index.ts'
import { cacheMigration } from '../support/cache-schema.ts'

let server: PrivateServer
let pool: pg.Pool
let store: CacheStore

beforeAll(async () => {
  server = await startPostgres({ private: true })
  pool = new pg.Pool({ connectionString: server.url, max: 2 })
  pool.on('error', () => undefined)
  // The test servers commit into memory only: without this the tables themselves would be lost.
  await pool.query(`set synchronous_commit = on; ${await cacheMigration()}`)
  store = pgCacheStore(pool)
})

afterAll(async () => {
  await pool.end()
  await server.stop()
})

const entry = (key: string, rest: Partial<CacheWrite> = {}): CacheWrite => ({ key, text: 'x', version: '1', tags: ['t'], ttlMs: 60_000, staleMs: 0, ...rest }) // prettier-ignore

/** One killed process of the server takes all others with it; Postgres recovers, and empties the unlogged tables. */
async function crash(): Promise<void> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  process.kill(rows[0]?.pid ?? NaN, 'SIGKILL')
  const before = Date.now()
  for (;;) {
    const answer: unknown = await store.readMany(['old'], []).catch((error: unknown) => error)
    if (!(answer instanceof Error) && (await store.readMany(['old'], [])).records[0] === undefined) return
    if (Date.now() - before > 15_000) throw new Error('the server did not recover', { cause: answer })
    await sleep(20)
  }
}

it('a crash loses all of the cache at once, and no load that began before it is written after it', async () => {
  const { now: beganAt } = await store.readMany([], [])
  await store.writeMany([entry('old')])
  await store.deleteMany(['deleted'], { keepMs: 60_000 })
  await store.stampTags(['t'], { as: 'gone', keepMs: 60_000 })
  await crash()
  expect(await store.readMany(['old'], ['t'])).toMatchObject({ records: [undefined], stamps: [undefined] })
  // The deletion and the invalidation that would have stopped them are lost.
  const late = [entry('deleted', { beganAt }), entry('invalidated', { beganAt })]
  await store.writeMany(late)
  await store.writeMany(late)
  expect((await store.readMany(['deleted', 'invalidated'], ['t'])).records).toEqual([undefined, undefined])
  expect((await store.readMany([], ['t'])).stamps).toEqual([undefined])

  const { now } = await store.readMany([], [])
  await store.writeMany([entry('loaded', { beganAt: now }), entry('set')])
  expect((await store.readMany(['loaded', 'set'], [])).records.map(Boolean)).toEqual([true, true])
})

it('what loses its connection on the way is an outage', async () => {
  const calls = [
    () => store.readMany(['a'], []),
    () => store.writeMany([entry('a')]),
    () => store.deleteMany(['a'], { keepMs: 1 }),
    () => store.stampTags(['t'], { as: 'gone', keepMs: 1 }),
  ]
  const blocker = await pool.connect()
  const end = 'select pg_terminate_backend(pid) from pg_locks where not granted and pid <> pg_backend_pid()'
  try {
    for (const call of calls) {
      await blocker.query('begin; lock table easymo_cache_entries, easymo_cache_tags')
      const refused = expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
      while ((await blocker.query(end)).rowCount === 0) await sleep(5)
      await refused
      await blocker.query('rollback')
    }
  } finally {
    blocker.release(true)
  }
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheStore, CacheWrite } from '../../src/core/cache-store.ts'
import { pgCacheStore } from '../../src/pg/index.ts'
import { cacheMigration } from '../support/cache-schema.ts'
import { grantsForApp, roleServer, type RoleServer } from '../support/role-server.ts'

const FUNCTIONS = ["read('{}', '{}')", "write('[]')", "delete('{}', 1)", "stamp('{}', 'gone', 1)", 'cleanup()']
const WRITE: CacheWrite = { key: 'a', text: 'x', version: '1', tags: ['t'], ttlMs: 60_000, staleMs: 0 }

let server: RoleServer

beforeAll(async () => {
  server = await roleServer(await cacheMigration())
})
afterAll(() => server.stop())

async function works(store: CacheStore): Promise<void> {
  await store.writeMany([WRITE])
  await store.stampTags(['t'], { as: 'stale', keepMs: 1_000 })
  expect((await store.readMany(['a'], ['t'])).records).toMatchObject([{ text: 'x' }])
  await store.deleteMany(['a'], { keepMs: 1_000 })
  expect((await store.readMany(['a'], ['t'])).records).toEqual([undefined])
}

async function isRefused(store: CacheStore): Promise<void> {
  for (const call of [
    () => store.readMany(['a'], ['t']),
    () => store.writeMany([WRITE]),
    () => store.deleteMany(['a'], { keepMs: 1 }),
    () => store.stampTags(['t'], { as: 'gone', keepMs: 1 }),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP', cause: { code: '42501' } })
}

describe('the cache in Postgres', () => {
  it.each(['anon', 'authenticated'])('is shut for %s: its functions, its tables, and the store', async (role) => {
    const client = await server.connect(role)
    for (const called of FUNCTIONS)
      await expect(client.query(`select easymo_cache_${called}`)).rejects.toMatchObject({ code: '42501' })
    for (const table of ['entries', 'tags', 'epoch'])
      for (const sql of [`select * from easymo_cache_${table}`, `delete from easymo_cache_${table}`])
        await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' })
    await isRefused(pgCacheStore(client))
  })

  it('is open for its owner and for the service role, cleanup included', async () => {
    for (const client of [server.owner, await server.connect('service_role')]) {
      await works(pgCacheStore(client))
      await client.query('select easymo_cache_cleanup()')
    }
  })

  it('is a mistake in the set-up for a role without rights, and open for one that was given them', async () => {
    const client = await server.connect('app')
    const store = pgCacheStore(client)
    await isRefused(store)
    // The default privileges gave it the tables; row level security keeps them shut.
    await server.owner.query(
      'grant execute on function easymo_cache_write, easymo_cache_delete, easymo_cache_stamp to app',
    )
    await expect(store.writeMany([WRITE])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await server.owner.query(await grantsForApp('cache'))
    await works(store)
    await server.owner.query(await cacheMigration())
    await works(store)
  })
})

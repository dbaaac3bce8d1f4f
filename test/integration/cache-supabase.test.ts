import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CacheStore, CacheWrite } from '../../src/core/cache-store.ts'
import { supabaseCacheStore } from '../../src/supabase/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { cacheRollback, cacheSchema, FORGET } from '../support/cache-schema.ts'
import { overPostgrest } from '../support/over-postgrest.ts'

const rest = overPostgrest(cacheSchema, FORGET)

const storeOf = (options: object = {}): CacheStore => supabaseCacheStore(rest.client(options))

const WRITE: CacheWrite = { key: 'a', text: 'say "hi"', version: '1', tags: ['t'], ttlMs: 1_000.5, staleMs: Infinity }

const everyCall = (store: CacheStore): (() => Promise<unknown>)[] => [
  () => store.readMany(['a'], ['t']),
  () => store.writeMany([WRITE]),
  () => store.deleteMany(['a'], { keepMs: 60_000 }),
  () => store.stampTags(['t'], { as: 'gone', keepMs: 60_000 }),
]

describe('a cache in Supabase keeps the contract of a store', () => {
  for (const { name, run } of cacheStoreContract)
    it(`which ${name}`, () => run({ store: storeOf(), wait: (ms) => sleep(ms) }))
})

describe('the request', () => {
  it('is one POST per call, with the named arguments as JSON', async () => {
    const store = storeOf()
    for (const call of everyCall(store)) await call()
    await store.writeMany([{ ...WRITE, beganAt: 1_790_000_000_000_001 }])
    expect(rest.recorded().map(({ method, url, body }) => [method, url, JSON.parse(body) as unknown])).toEqual([
      ['POST', '/rest/v1/rpc/easymo_cache_read', { keys: ['a'], tags: ['t'] }],
      ['POST', '/rest/v1/rpc/easymo_cache_write', { entries: [{ ...WRITE, ttlMs: 1_001, staleMs: null }] }],
      ['POST', '/rest/v1/rpc/easymo_cache_delete', { keys: ['a'], keep_ms: 60_000 }],
      ['POST', '/rest/v1/rpc/easymo_cache_stamp', { tags: ['t'], kind: 'gone', keep_ms: 60_000 }],
      [
        'POST',
        '/rest/v1/rpc/easymo_cache_write',
        { entries: [{ ...WRITE, ttlMs: 1_001, staleMs: null, beganAt: 1_790_000_000_000_001 }] },
      ],
    ])
  })

  it('carries the client’s own headers and schema, and no others', async () => {
    const added = ['accept', 'accept-encoding', 'accept-language', 'connection', 'content-length', 'host', 'sec-fetch-mode', 'user-agent'] // prettier-ignore
    const headersOf = async (options: object): Promise<object> => {
      await storeOf(options).deleteMany(['a'], { keepMs: 1 })
      return Object.fromEntries(Object.entries(rest.recorded().at(-1)?.headers ?? {}).filter(([name]) => !added.includes(name))) // prettier-ignore
    }
    const plain = await headersOf({})
    expect(plain).toEqual({ apikey: 'key', 'content-type': 'application/json' })
    expect(await headersOf({ schema: rest.own.schema })).toEqual({ ...plain, 'content-profile': rest.own.schema })
  })

  it('is not sent for nothing to write', async () => {
    const store = storeOf()
    await Promise.all([
      store.writeMany([]),
      store.deleteMany([], { keepMs: 1 }),
      store.stampTags([], { as: 'gone', keepMs: 1 }),
    ])
    expect(rest.recorded()).toEqual([])
  })

  it('goes through the client’s own fetch, as a bare function', async () => {
    const receivers: unknown[] = []
    const own = function (this: unknown, ...args: Parameters<typeof fetch>): Promise<Response> {
      receivers.push(this)
      return fetch(...args)
    }
    await storeOf({ fetch: own }).readMany(['a'], [])
    expect(receivers).toEqual([undefined])
  })
})

describe('what refuses', () => {
  it('a role without rights, and an unknown function, are mistakes in the set-up', async () => {
    for (const call of everyCall(storeOf({ headers: { authorization: `Bearer ${rest.stranger}` } })))
      await expect(call()).rejects.toMatchObject({
        code: 'ERR_PERF_STORE_SETUP',
        cause: { code: '42501', status: 403 },
      })
    const other = await cacheSchema(inject('postgresUrl'))
    await other.admin.query(await cacheRollback())
    for (const call of everyCall(storeOf({ schema: other.schema })))
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP', cause: { code: 'PGRST202' } })
    await other.end()
  })

  it('a conflict that passes is tried again, a few times', async () => {
    await rest.own.admin.query(`
      create sequence tries;
      create function fails() returns trigger language plpgsql as $$ begin
        if nextval('tries') < 3 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
        return new;
      end $$;
      create trigger fails before insert on easymo_cache_entries execute function fails();`)
    await storeOf().writeMany([WRITE])
    expect(rest.recorded()).toHaveLength(3)
    expect((await storeOf().readMany(['a'], [])).records).toMatchObject([{ text: 'say "hi"' }])
    await rest.own.admin.query('drop trigger fails on easymo_cache_entries')
  })
})

describe('what is not PostgREST', () => {
  let server: Server
  let url: string
  let answer: readonly [status: number, body: string] | undefined

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (answer === undefined) request.socket.destroy()
      else response.writeHead(answer[0]).end(answer[1])
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it.each([
    ['a proxy’s page', [502, '<html>Bad Gateway</html>'], 'ERR_PERF_STORE_UNAVAILABLE'],
    ['a page with a good status', [200, '<html>Welcome</html>'], 'ERR_PERF_STORE_UNAVAILABLE'],
    ['a database that is starting', [503, '{"code":"PGRST001"}'], 'ERR_PERF_STORE_UNAVAILABLE'],
    ['a wrong key', [401, '{"message":"Invalid API key"}'], 'ERR_PERF_STORE_SETUP'],
    ['another function of that name', [200, '{"now":1,"records":[],"stamps":[]}'], 'ERR_PERF_STORE_SETUP'],
    ['two functions of that name', [300, '{"code":"PGRST203"}'], 'ERR_PERF_STORE_SETUP'],
  ] as const)('is told from it: %s', async (_, answered, code) => {
    answer = answered
    await expect(supabaseCacheStore(new PostgrestClient(url)).readMany(['a'], [])).rejects.toMatchObject({ code })
  })

  it('is an outage when it hangs up', async () => {
    answer = undefined
    for (const call of everyCall(supabaseCacheStore(new PostgrestClient(url))))
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })
})

it('refuses what is no client of Supabase', () => {
  for (const client of [undefined, {}, { from: () => 1 }, 'https://x.supabase.co'])
    expect(() => supabaseCacheStore(client as never)).toThrow('@supabase/supabase-js')
})

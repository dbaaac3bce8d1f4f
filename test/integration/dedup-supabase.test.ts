import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { createDedup } from '../../src/dedup/index.ts'
import { supabaseDedupStore } from '../../src/supabase/index.ts'
import { dedupStoreContract } from '../../src/testing/index.ts'
import { claims, ends, won } from '../../src/testing/dedup-store-case.ts'
import { dedupRollback, dedupSchema, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { overPostgrest } from '../support/over-postgrest.ts'

const rest = overPostgrest(dedupSchema, FORGET_CLAIMS)

const storeOf = (options: object = {}): DedupStore => supabaseDedupStore(rest.client(options))

const everyCall = (store: DedupStore, keys = ['a', 'say "hi"']): (() => Promise<unknown>)[] => [
  () => store.claimMany(claims('t', ...keys), { leaseMs: 1_000.5 }),
  () => store.beginMany(claims('t', ...keys)),
  () =>
    store.renewMany(
      keys.map((key) => ({ key, token: 't', begun: 'written' })),
      { leaseMs: 1e300 },
    ),
  () => store.completeMany(ends('done', 't', ...keys), { retentionMs: 60_000.5 }),
  () => store.releaseMany(claims('t', ...keys)),
  () => store.reviveMany(keys),
]

describe('claims in Supabase keep the contract of a store', () => {
  for (const { name, run } of dedupStoreContract)
    it(`which ${name}`, () => run({ store: storeOf(), wait: (ms) => sleep(ms) }))
})

describe('a dedup on Supabase', () => {
  it('claims a batch by one request, and completes it by one', async () => {
    const dedup = createDedup({ name: 'wa', store: storeOf(), storeTimeoutMs: 10_000 })
    const updates = Array.from({ length: 1_000 }, (_, at) => `m:${at}`)
    const results = await dedup.each(updates, { key: (key) => key, handle: () => 1 })
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['done']))
    const called = rest.recorded().map(({ url }) => url)
    expect(called.filter((url) => url?.endsWith('easymo_dedup_claim'))).toHaveLength(1)
    const again = createDedup({ name: 'wa', store: storeOf(), storeTimeoutMs: 10_000 })
    expect(await again.once('m:7', () => expect.unreachable('it ran'))).toEqual({ status: 'duplicate' })
  })
})

describe('the request', () => {
  it('is one POST per call, with the named arguments as JSON', async () => {
    for (const call of everyCall(storeOf())) await call()
    const keys = ['a', 'say "hi"']
    const tokens = ['t', 't']
    const no = ['false', 'false']
    expect(rest.recorded().map(({ method, url, body }) => [method, url, JSON.parse(body) as unknown])).toEqual(
      [
        ['claim', { keys, tokens, lease_ms: 1_001 }],
        ['begin', { keys, tokens }],
        ['renew', { keys, tokens, begun: ['written', 'written'], lease_ms: 4e12 }],
        ['complete', { keys, tokens, endings: ['done', 'done'], if_nobody: no, retention_ms: 60_001 }],
        ['release', { keys, tokens, begun: no }],
        ['revive', { keys }],
      ].map(([name, args]) => ['POST', `/rest/v1/rpc/easymo_dedup_${name as string}`, args]),
    )
  })

  it('is not sent for no keys', async () => {
    for (const call of everyCall(storeOf(), [])) await call()
    expect(rest.recorded()).toEqual([])
  })
})

describe('what refuses', () => {
  it('a role without rights, and an unknown function, are mistakes in the set-up', async () => {
    for (const call of everyCall(storeOf({ headers: { authorization: `Bearer ${rest.stranger}` } })))
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP', cause: { code: '42501' } })
    const other = await dedupSchema(inject('postgresUrl'))
    await other.admin.query(await dedupRollback())
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
      create trigger fails before insert on easymo_dedup execute function fails();`)
    expect(await storeOf().claimMany(claims('t', 'a'), { leaseMs: 1_000 })).toEqual([won(0, 0)])
    expect(rest.recorded()).toHaveLength(3)
    await rest.own.admin.query('drop trigger fails on easymo_dedup')
  })
})

describe('what is not PostgREST', () => {
  let server: Server
  let store: DedupStore
  let answer: readonly [status: number, body: string] | undefined

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (answer === undefined) request.socket.destroy()
      else response.writeHead(answer[0]).end(answer[1])
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    store = supabaseDedupStore(new PostgrestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it.each([
    ['a proxy’s page', [502, '<html>Bad Gateway</html>'], 'ERR_PERF_STORE_UNAVAILABLE'],
    ['a wrong key', [401, '{"message":"Invalid API key"}'], 'ERR_PERF_STORE_SETUP'],
    ['another function of that name', [200, '{"won":true}'], 'ERR_PERF_STORE_SETUP'],
    ['answers for other keys', [200, '[{"status":"won","runs":0,"expired":0}]'], 'ERR_PERF_STORE_SETUP'],
  ] as const)('is told from it: %s', async (_, answered, code) => {
    answer = answered
    await expect(store.claimMany(claims('t', 'a', 'b'), { leaseMs: 1 })).rejects.toMatchObject({ code })
  })

  it('is an outage when it hangs up', async () => {
    answer = undefined
    for (const call of everyCall(store))
      await expect(call()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })
})

it('refuses what is no client of Supabase', () => {
  for (const client of [undefined, {}, { from: () => 1 }, 'https://x.supabase.co'])
    expect(() => supabaseDedupStore(client as never)).toThrow('@supabase/supabase-js')
})

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { createDedup, NonRetryable, type Dedup } from '../../src/dedup/index.ts'
import { pgDedupStore } from '../../src/pg/index.ts'
import { dedupStoreContract } from '../../src/testing/index.ts'
import { claims, ends, kept, LONG_MS, long, won } from '../../src/testing/dedup-store-case.ts'
import { dedupMigration, dedupSchema, FORGET_CLAIMS } from '../support/dedup-schema.ts'
import { pgDrivers, type StartedDriver } from '../support/pg-drivers.ts'
import { waitsForLock, type SqlSchema } from '../support/sql-schema.ts'

let own: SqlSchema
let store: DedupStore

beforeAll(async () => {
  own = await dedupSchema(inject('postgresUrl'))
  store = pgDedupStore(own.admin)
})
beforeEach(() => own.admin.query(FORGET_CLAIMS))
afterAll(() => own.end())

const statusOf = async (key: string): Promise<unknown> => (await store.claimMany(claims('asks', key), long))[0]?.status
const rowOf = async (key: string): Promise<unknown> =>
  (await own.admin.query<object>('select * from easymo_dedup where key = $1', [key])).rows[0]

describe.each(Object.keys(pgDrivers))('claims in Postgres over %s keep the contract of a store', (name) => {
  let started: StartedDriver

  beforeAll(async () => {
    started = await (pgDrivers[name] as (typeof pgDrivers)[string])(own, await dedupMigration())
  })
  beforeEach(() => started.exec(FORGET_CLAIMS))
  afterAll(() => started.close())

  for (const { name: promise, run } of dedupStoreContract)
    it(`which ${promise}`, () => run({ store: pgDedupStore(started.driver), wait: (ms) => sleep(ms) }))
})

describe('a dedup on Postgres', () => {
  const dedupOn = (name: string): Dedup => createDedup({ name, store, storeTimeoutMs: 10_000 })

  it('does a thousand updates once, across two dedups', async () => {
    const updates = Array.from({ length: 1_000 }, (_, at) => `m:${at}`)
    const runs: string[] = []
    const options = { key: (update: string) => update, handle: (update: string) => void runs.push(update) }
    const both = await Promise.all([dedupOn('a').each(updates, options), dedupOn('a').each(updates, options)])
    expect(runs.sort()).toEqual([...updates].sort())
    expect(new Set(both.flat().map(({ status }) => status))).toEqual(new Set(['done', 'duplicate']))
  })

  it('counts the attempts across dedups, and remembers what was parked', async () => {
    const fails = (): Promise<never> => Promise.reject(new Error('db down'))
    for (let attempt = 1; attempt < 3; attempt += 1)
      await expect(dedupOn('b').once('m1', fails)).rejects.toThrow('db down')
    const parked: number[] = []
    const park = (_: string, __: unknown, { attempt }: { attempt: number }): void => void parked.push(attempt)
    const poison = (): Promise<never> => Promise.reject(new NonRetryable('bad'))
    expect(await dedupOn('b').once('m1', poison, { park })).toEqual({ status: 'dead' })
    expect(await dedupOn('b').once('m1', fails)).toEqual({ status: 'dead' })
    expect(parked).toEqual([3])
  })

  const noise = Array.from({ length: 2_500 }, () => Math.random().toString(36).slice(2, 6)).join('')
  it.each([
    ['NUL', 'a\0b', 'a\0c'],
    ['lone surrogates', 'a\ud800', 'a\udc00'],
    ['a replacement character', 'a\ud800', 'a\ufffd'],
    ['10 KB that nothing can compress', `${noise}a`, `${noise}b`],
    ['many bytes in few characters', '\u{1f600}'.repeat(700), `${'\u{1f600}'.repeat(699)}!`],
    ['SQL', "a'; drop table easymo_dedup; --", 'a"},{"'],
    ['the case of letters', 'KEY', 'key'],
  ])('keeps keys apart: %s', async (_, one, other) => {
    const call = (): Promise<unknown> =>
      dedupOn('c').each([one, other, one], { key: (key) => key, handle: (key) => key })
    expect(await call()).toMatchObject([{ value: one }, { value: other }, { status: 'duplicate' }])
    expect(await call()).toMatchObject(Array(3).fill({ status: 'duplicate' }))
  })

  it('takes one statement for each call of the store', async () => {
    const client = await own.connect()
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    let statements = 0
    Object.assign(client, { query: (...args: unknown[]) => ((statements += 1), query(...args)) })
    const counted = pgDedupStore(client)
    const keys = Array.from({ length: 100 }, (_, at) => `counted${at}`)
    const calls = [
      () => counted.claimMany(claims('t', ...keys), long),
      () => counted.beginMany(claims('t', ...keys)),
      () => counted.renewMany(claims('t', ...keys), long),
      () => counted.completeMany(ends('done', 't', ...keys.slice(50)), kept),
      () => counted.releaseMany(claims('t', ...keys)),
      () => counted.reviveMany(keys),
    ]
    for (const [at, call] of calls.entries()) {
      await call()
      expect(statements).toBe(at + 1)
    }
    await Promise.all([counted.claimMany([], long), counted.beginMany([]), counted.renewMany([], long), counted.completeMany([], kept), counted.releaseMany([]), counted.reviveMany([])]) // prettier-ignore
    expect(statements).toBe(calls.length)
  })
})

describe('the table of claims', () => {
  it('holds a long key as its beginning and a hash, which is no other key', async () => {
    const tall = 'k'.repeat(10_000)
    await store.claimMany(claims('t', tall), long)
    await store.completeMany(ends('done', 't', tall), kept)
    const { rows } = await own.admin.query<{ key: string }>("select key from easymo_dedup where key like 'kkk%'")
    expect(rows).toEqual([{ key: expect.stringMatching(/^k{512}:[0-9a-f]{64}$/) as string }])
    expect(await statusOf(rows[0]?.key ?? '')).toBe('won')
    expect(await statusOf('k'.repeat(512))).toBe('won')
    expect(await statusOf(tall)).toBe('done')
  })

  it.each([
    ['a state that is not known', "'paused', 't', now() + interval '1 min', 1, 2, true"],
    ['a lease without an end', "'leased', 't', null, 1, 0, false"],
    ['a state that has no name', "'', '', null, 0, 0, false"],
  ])('counts what another version wrote as present, and does not touch it: %s', async (what, values) => {
    const key = `other ${what}`
    await own.admin.query(`insert into easymo_dedup values ('${key}', ${values}, now() + interval '1 day')`) // prettier-ignore
    const before = await rowOf(key)
    expect(await store.claimMany(claims('u', 'm0', key, 'm2'), long)).toMatchObject([
      { status: 'won' },
      { status: 'leased', leftMs: expect.any(Number) as number },
      { status: 'won' },
    ])
    await store.releaseMany(claims('u', 'm0', key, 'm2'))
    for (const begun of [false, true, 'written'] as const)
      expect(await store.renewMany([{ key, token: 'u', begun }], long)).toEqual([false])
    expect(await store.beginMany(claims('u', key))).toEqual([false])
    for (const ifNobody of [false, true])
      expect(await store.completeMany([{ key, token: 'u', as: 'done', ifNobody }], kept)).toEqual([false])
    expect(await store.reviveMany([key])).toEqual([false])
    expect(await rowOf(key)).toEqual(before)
  })

  it('answers a key that is given twice as won once', async () => {
    const { rows } = await own.admin.query<{ answer: unknown }>("select easymo_dedup_claim('{z,y,z}', '{t,t,t}', 1000) as answer") // prettier-ignore
    expect(rows[0]?.answer).toMatchObject([{ status: 'won' }, { status: 'won' }, { status: 'leased' }])
  })

  it('takes durations of any length', async () => {
    await store.claimMany(claims('t', 'eternal'), { leaseMs: Number.MAX_VALUE })
    expect(await store.renewMany(claims('t', 'eternal'), { leaseMs: 1e300 })).toEqual([true])
    expect(await store.completeMany(ends('done', 't', 'eternal'), { retentionMs: 1e15 })).toEqual([true])
    expect(await statusOf('eternal')).toBe('done')
  })

  it('remembers the runs of what failed for eight days', async () => {
    const failed = [{ key: 'fails', token: 't', begun: true }]
    await store.claimMany(claims('t', 'fails'), long)
    await store.releaseMany(failed)
    const age = (by: string): Promise<unknown> => own.admin.query(`update easymo_dedup set expires_at = expires_at - interval '${by}' where key = 'fails'`) // prettier-ignore
    await age('7 days 23:59:00')
    expect(await store.claimMany(claims('t', 'fails'), long)).toEqual([won(1, 0)])
    await store.releaseMany(failed)
    await age('8 days')
    expect(await store.claimMany(claims('t', 'fails'), long)).toEqual([won(0, 0)])
  })

  it('is not written by claims of what is done', async () => {
    await store.claimMany(claims('t', 'still'), long)
    await store.completeMany(ends('done', 't', 'still'), kept)
    const version = 'select xmin, xmax, ctid from easymo_dedup where key = $1'
    const { rows: before } = await own.admin.query(version, ['still'])
    expect(await statusOf('still')).toBe('done')
    expect((await own.admin.query(version, ['still'])).rows).toEqual(before)
  })
})

describe('in a transaction of the caller’s', () => {
  let client: pg.Client

  beforeAll(async () => {
    client = await own.connect('create table work (key text)')
  })

  it('the completion and the work commit together, or not at all', async () => {
    const inside = pgDedupStore(client)
    await store.claimMany(claims('t', 'm1'), long)
    for (const [end, as] of [
      ['rollback', 'leased'],
      ['commit', 'done'],
    ] as const) {
      await client.query("begin; insert into work values ('m1')")
      expect(await inside.completeMany(ends('done', 't', 'm1'), kept)).toEqual([true])
      // Nobody waits for the transaction, and nobody sees what may be taken back.
      expect(await statusOf('m1')).toBe('leased')
      await client.query(end)
      expect(await statusOf('m1')).toBe(as)
    }
    expect((await client.query('select * from work')).rows).toEqual([{ key: 'm1' }])
  })

  it('a handler ends its update there, is told so once more, and loses no lease', async () => {
    const dedup = createDedup({ name: 'tx', store, leaseMs: 900 })
    const inside = pgDedupStore(client)
    const run = (end: 'commit' | 'rollback') =>
      dedup.once('m', async ({ signal, token }) => {
        await client.query("begin; insert into work values ('tx')")
        expect(await inside.completeMany(ends('done', token, 'tx:m'), kept)).toEqual([true])
        await client.query(end)
        if (end === 'rollback') throw new Error('not this time')
        // Through more than one renewal: what it ended needs no lease, and nobody else has it.
        await sleep(800)
        return signal.aborted
      })
    await expect(run('rollback')).rejects.toThrow('not this time')
    expect(await run('commit')).toEqual({ status: 'done', value: false })
    expect(dedup.stats()).toMatchObject({ completed: 1, leasesLost: 0, degraded: 0 })
    expect(dedup.seen('m')).toBe(true)
    expect((await client.query("select * from work where key = 'tx'")).rows).toHaveLength(1)
  })

  it('only the token that ended an update is told that it did, and only of that end', async () => {
    await store.claimMany(claims('t', 'e'), long)
    await store.completeMany(ends('done', 't', 'e'), kept)
    expect(await store.completeMany(ends('done', 't', 'e'), kept)).toEqual([true])
    expect(await store.completeMany(ends('dead', 't', 'e'), kept)).toEqual([false])
    expect(await store.completeMany(ends('done', 'other', 'e'), kept)).toEqual([false])
    expect(await store.renewMany(claims('t', 'e', 'never'), long)).toEqual([true, false])
    expect(await statusOf('e')).toBe('done')
  })

  it('a claim that is rolled back was none; until then others wait for it', async () => {
    await client.query('begin')
    await pgDedupStore(client).claimMany(claims('t', 'm2'), long)
    const other = await own.connect()
    const waits = pgDedupStore(other).claimMany(claims('other', 'm2'), long)
    await waitsForLock(own.admin, other)
    await client.query('rollback')
    expect(await waits).toEqual([won(0, 0)])
  })

  it('times are those of the call, not of the transaction', async () => {
    await client.query('begin')
    await sleep(300)
    await pgDedupStore(client).claimMany(claims('t', 'm3'), long)
    // Until then it is `now()` when the transaction began.
    const lease = "select extract(epoch from lease_until - now()) * 1000 as ms from easymo_dedup where key = 'm3'"
    const { rows } = await client.query<{ ms: string }>(lease)
    await client.query('commit')
    expect(Number(rows[0]?.ms)).toBeGreaterThan(LONG_MS + 250)
  })
})

it('an unreachable server is an outage', async () => {
  const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  await expect(pgDedupStore(pool).claimMany(claims('t', 'a'), long)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' }) // prettier-ignore
  await pool.end()
})

it.each([[null], [undefined], ['postgres://127.0.0.1'], [{}], [new Map()]])('refuses %j as a client', (client) => {
  expect(() => pgDedupStore(client as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
})

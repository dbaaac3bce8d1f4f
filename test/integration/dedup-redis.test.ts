import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { End, Renewal } from '../../src/core/dedup-store.ts'
import { createDedup, NonRetryable, type Dedup } from '../../src/dedup/index.ts'
import { redisDedupStore } from '../../src/redis/index.ts'
import { dedupStoreContract } from '../../src/testing/index.ts'
import { claims, ends, kept, long } from '../../src/testing/dedup-store-case.ts'
import { ownName, startRedis, type PrivateServer } from '../servers/index.ts'
import { startRacers } from '../support/race.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'

for (const driver of redisDrivers)
  describe(`claims in Redis, by ${driver}`, () => {
    let redis: RedisClient

    beforeAll(async () => {
      redis = await redisClient(driver, inject('redisUrl'))
    })
    afterAll(() => redis.close())

    const dedupOn = (prefix: string): Dedup =>
      createDedup({ name: 'wa', store: redisDedupStore(redis.client, { prefix }), storeTimeoutMs: 10_000 })

    describe('keep the contract of a store', () => {
      for (const { name, run } of dedupStoreContract)
        it(`which ${name}`, () =>
          run({ store: redisDedupStore(redis.client, { prefix: ownName() }), wait: (ms) => sleep(ms) }))
    })

    it('are done once for a thousand updates, across two dedups', async () => {
      const prefix = ownName()
      const updates = Array.from({ length: 1_000 }, (_, at) => `m:${at}`)
      const runs: string[] = []
      const options = { key: (update: string) => update, handle: (update: string) => void runs.push(update) }
      const both = await Promise.all([dedupOn(prefix).each(updates, options), dedupOn(prefix).each(updates, options)])
      expect(runs.sort()).toEqual([...updates].sort())
      expect(new Set(both.flat().map(({ status }) => status))).toEqual(new Set(['done', 'duplicate']))
    })

    it('count the attempts across dedups, and remember what was parked', async () => {
      const prefix = ownName()
      const fails = (): Promise<never> => Promise.reject(new Error('db down'))
      await expect(dedupOn(prefix).once('m1', fails)).rejects.toThrow('db down')
      await expect(dedupOn(prefix).once('m1', fails)).rejects.toThrow('db down')
      const parked: number[] = []
      const park = (_: string, __: unknown, { attempt }: { attempt: number }): void => void parked.push(attempt)
      const poison = (): Promise<never> => Promise.reject(new NonRetryable('bad'))
      expect(await dedupOn(prefix).once('m1', poison, { park })).toEqual({ status: 'dead' })
      expect(await dedupOn(prefix).once('m1', fails)).toEqual({ status: 'dead' })
      expect(parked).toEqual([3])
    })

    it.each([
      ['NUL', 'a\0b', 'a\0c'],
      ['lone surrogates', 'a\ud800', 'a\udc00'],
      ['a replacement character', 'a\ud800', 'a\ufffd'],
      ['10 KB', 'k'.repeat(10_240), `${'k'.repeat(10_239)}j`],
      ['glob characters and line ends', 'a*', 'a*\r\n'],
    ])('keep keys apart: %s', async (_, one, other) => {
      const prefix = ownName()
      const call = (): Promise<unknown> =>
        dedupOn(prefix).each([one, other, one], { key: (key) => key, handle: (key) => key })
      expect(await call()).toMatchObject([{ value: one }, { value: other }, { status: 'duplicate' }])
      expect(await call()).toMatchObject(Array(3).fill({ status: 'duplicate' }))
    })

    it.each([
      '3 Z some other format',
      '3 D token',
      '1 D',
      '1 L 1 1 token',
      '20 D token',
      '2',
      '2 ',
      '2 L',
      '2 L soon 0 0 0 token',
      '2 L 1 0 0 token',
      '2 F',
      '2 F 1 token',
      '2 D',
      '2 Q 5',
      '{"state":"done"}',
      '',
      'D',
    ])('written by another version as %j are present, never a miss, and are not touched', async (value) => {
      const prefix = ownName()
      const stored = `${prefix}wa:m1`
      await redis.send('SET', stored, value)
      const call = dedupOn(prefix).each(['m0', 'm1', 'm2'], {
        key: (key) => key,
        handle: (key) => key,
        waitMs: 0,
      })
      expect((await call).map(({ status }) => status)).toEqual(['done', 'in-progress', 'done'])
      const store = redisDedupStore(redis.client, { prefix })
      const [mine] = claims('token', 'wa:m1')
      const all = [mine, { ...mine, begun: true }, { ...mine, begun: 'written' }] as const
      for (const claim of all) expect(await store.renewMany([claim as Renewal], long)).toEqual([false])
      expect(await store.beginMany(claims('token', 'wa:m1'))).toEqual([false])
      for (const [end] of [ends('done', 'token', 'wa:m1'), ends('dead', 'token', 'wa:m1')])
        for (const ifNobody of [false, true])
          expect(await store.completeMany([{ ...(end as End), ifNobody }], kept)).toEqual([false])
      await store.releaseMany(claims('token', 'wa:m1'))
      expect(await store.reviveMany(['wa:m1'])).toEqual([false])
      expect(await redis.send('GET', stored)).toBe(value)
      expect(await redis.send('PTTL', stored)).toBe(-1)
    })

    it('leave nothing in Redis that does not go away by itself', async () => {
      const prefix = ownName()
      const dedup = dedupOn(prefix)
      await dedup.once('done', () => 1)
      await expect(dedup.once('failed', () => Promise.reject(new Error('x')))).rejects.toThrow()
      await redisDedupStore(redis.client, { prefix }).claimMany(claims('t', 'wa:leased'), { leaseMs: 1_000 })
      for (const key of ['done', 'failed', 'leased'])
        expect(await redis.send('PTTL', `${prefix}wa:${key}`)).toBeGreaterThan(7 * 86_400_000)
    })

    it('on keys that hold something else are a mistake in the set-up', async () => {
      const prefix = ownName()
      await redis.send('RPUSH', `${prefix}wa:m1`, 'a list')
      await expect(dedupOn(prefix).once('m1', () => 1)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    })

    describe('of a server that wants credentials', () => {
      let server: PrivateServer
      const clients: RedisClient[] = []

      beforeAll(async () => {
        server = await startRedis({ private: true })
        const admin = await redisClient(driver, server.url)
        clients.push(admin)
        await admin.send(
          'ACL',
          'SETUSER',
          'reader',
          'on',
          '>secret',
          '~*',
          '+@connection',
          '+@read',
          '+info',
          '+client',
        )
        await admin.send('CONFIG', 'SET', 'requirepass', 'secret')
      })
      afterEach(() => clients.splice(1).forEach((client) => client.close()))
      afterAll(async () => {
        clients.forEach((client) => client.close())
        await server.stop()
      })

      it.each([
        ['none', ''],
        // node-redis does not connect at all, and tells nobody but its own `error` listeners.
        ...(driver === 'ioredis' ? [['a wrong password', ':wrong@']] : []),
        ['a user without the right', 'reader:secret@'],
      ])('are refused as a mistake in the set-up: %s', async (_, credentials) => {
        const client = await redisClient(driver, `redis://${credentials}127.0.0.1:${server.port}`, 'none')
        clients.push(client)
        const dedup = createDedup({ name: 'wa', store: redisDedupStore(client.client), storeTimeoutMs: 5_000 })
        await expect(dedup.once('m1', () => expect.unreachable('it ran'))).rejects.toMatchObject({
          code: 'ERR_PERF_STORE_SETUP',
        })
      })

      it('are taken with the right password', async () => {
        const client = await redisClient(driver, `redis://:secret@127.0.0.1:${server.port}`)
        clients.push(client)
        const dedup = createDedup({ name: 'wa', store: redisDedupStore(client.client), storeTimeoutMs: 5_000 })
        expect(await dedup.once('m1', () => 1)).toMatchObject({ status: 'done' })
      })
    })

    it('that several processes race for have exactly one winner, also when their clocks differ by two hours', async () => {
      const racers = await startRacers({
        store: [driver, inject('redisUrl'), ownName()],
        skewsMs: [-3_600_000, 3_600_000],
      })
      try {
        for (let round = 0; round < 10; round += 1)
          expect(await racers.race({ key: `m${round}`, callers: 25 })).toEqual({ won: 1, others: 49 })
      } finally {
        racers.end()
      }
    })
  })

describe('redisDedupStore', () => {
  it.each([[null], [undefined], ['redis://127.0.0.1'], [{}], [new Map()]])('refuses %j as a client', (client) => {
    expect(() => redisDedupStore(client as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
  it.each([[{ prefix: '' }], [{ prefix: 7 }], [{ keyPrefix: 'a' }]])('refuses the options %j', async (options) => {
    const { client, close } = await redisClient('ioredis', inject('redisUrl'))
    expect(() => redisDedupStore(client, options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_PERF_OPTION' }),
    )
    close()
  })
})

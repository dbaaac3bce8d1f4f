import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CacheStore, CacheWrite } from '../../src/core/cache-store.ts'
import { redisCacheStore } from '../../src/redis/index.ts'
import { cacheStoreContract } from '../../src/testing/index.ts'
import { ownName, startRedis, type PrivateServer } from '../servers/index.ts'
import { redisClient, redisDrivers, type RedisClient } from '../support/redis-clients.ts'
import { upstashLike } from '../support/redis-upstash.ts'

const LONG_MS = 60_000

const write = (key: string, rest: Partial<CacheWrite> = {}): CacheWrite => ({
  ...{ key, text: 'text', version: '1', tags: [], ttlMs: LONG_MS, staleMs: 0 },
  ...rest,
})

let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('redisUrl'))
})
afterAll(() => redis.disconnect())

const drivers = [...redisDrivers, 'upstash', 'upstash without pipelines'] as const

for (const driver of drivers)
  describe(`a tier of a cache in Redis, by ${driver},`, () => {
    let client: RedisClient['client']
    let close = (): void => undefined

    beforeAll(async () => {
      if (driver === 'ioredis' || driver === 'node-redis') {
        const made = await redisClient(driver, inject('redisUrl'))
        client = made.client
        close = made.close
      } else
        client = upstashLike((...command) => redis.call(...(command as [string])), {
          autoPipelining: driver === 'upstash',
        })
    })
    afterAll(() => close())

    const storeOn = (prefix = ownName()): CacheStore => redisCacheStore(client, { prefix })

    for (const { name, run } of cacheStoreContract) it(name, () => run({ store: storeOn(), wait: (ms) => sleep(ms) }))

    it('keeps texts of any length and any character', async () => {
      const store = storeOn()
      const texts = [
        'nul \0 in it',
        '\n',
        '1 X 5',
        '["1"]\n',
        '\r\n\0\u2028',
        'x'.repeat(1_000_000),
        '漢👋🏾'.repeat(100_000),
      ]
      await store.writeMany(texts.map((text, at) => write(`k${at}`, { text, tags: ['new\nline', ']\n'] })))
      const { records } = await store.readMany(
        texts.map((_, at) => `k${at}`),
        [],
      )
      expect(records.every((record, at) => record?.text === texts[at])).toBe(true)
      expect(new Set(records.map((record) => record?.tags.join()))).toEqual(new Set(['new\nline,]\n']))
    })

    it('keeps large entries of one batch', async () => {
      const store = storeOn()
      const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
      await store.writeMany(keys.map((key) => write(key, { text: key.repeat(100_000), tags: ['t'] })))
      const { records, stamps } = await store.readMany(keys, ['t'])
      expect(records.every((record, at) => record?.text === keys[at]?.repeat(100_000))).toBe(true)
      expect(stamps[0]).toBeDefined()
    })

    it.each([
      ['2 E 1 2 0 ["1"]\ntext'],
      ['1 E 1 2 0 ["1"] text'],
      ['1 E 1 2 0 ["1"\ntext'],
      ['1 E 1 2 0 {}\ntext'],
      ['1 E soon 2 0 ["1"]\ntext'],
      ['1 X 1'],
      ['1 Q 1'],
      ['{"value":1}'],
      ['null'],
      ['17'],
      [''],
    ])('misses an entry in another format: %j', async (value) => {
      const prefix = ownName()
      await redis.set(`${prefix}key:k`, value)
      await redis.set(`${prefix}tag:t`, value)
      expect(await storeOn(prefix).readMany(['k'], ['t'])).toMatchObject({ records: [undefined], stamps: [undefined] })
    })

    it('reads and writes the documented format', async () => {
      const prefix = ownName()
      await redis.set(`${prefix}key:k`, '1 E 1700000000000001 1700000000000002 0 ["v","t","a b"]\nthe\ntext')
      await redis.set(`${prefix}tag:t`, '1 17 18')
      const { records, stamps } = await storeOn(prefix).readMany(['k'], ['t'])
      expect(records[0]).toMatchObject({ text: 'the\ntext', version: 'v', tags: ['t', 'a b'], beganAt: 1_700_000_000_000_001, leftMs: Infinity }) // prettier-ignore
      expect(stamps).toEqual([{ goneAt: 17, staleAt: 18 }])
      await storeOn(prefix).writeMany([write('other', { version: 'v', tags: ['u'], text: 'a\nb' })])
      expect(await redis.get(`${prefix}key:other`)).toMatch(/^1 E \d{16} \d{16} \d{16} \["v","u"\]\na\nb$/)
      expect(await redis.get(`${prefix}tag:u`)).toMatch(/^1 \d{16} 0$/)
      await storeOn(prefix).deleteMany(['other'], { keepMs: LONG_MS })
      expect(await redis.get(`${prefix}key:other`)).toMatch(/^1 X \d{16}$/)
    })

    it('lets a younger entry, or deletion, of a later version win', async () => {
      const prefix = ownName()
      const store = storeOn(prefix)
      const { now } = await store.readMany([], [])
      for (const there of [`7 E ${now + 1} and more`, `7 Z ${now + 1}`]) {
        await redis.set(`${prefix}key:k`, there)
        await store.writeMany([write('k', { beganAt: now })])
        expect(await redis.get(`${prefix}key:k`)).toBe(there)
      }
      await store.writeMany([write('k')])
      expect((await store.readMany(['k'], [])).records[0]?.text).toBe('text')
    })

    it('keeps stamps of a later version, and replaces them by the strictest when the tag is stamped', async () => {
      const prefix = ownName()
      const store = storeOn(prefix)
      await redis.set(`${prefix}tag:t`, '2 stamps', 'PX', LONG_MS / 2)
      await store.writeMany([write('k', { tags: ['t'] })])
      expect(await redis.get(`${prefix}tag:t`)).toBe('2 stamps')
      expect(await redis.pttl(`${prefix}tag:t`)).toBeGreaterThan(LONG_MS - 5_000)
      await store.stampTags(['t'], { as: 'stale', keepMs: LONG_MS })
      const [stamps] = (await store.readMany([], ['t'])).stamps
      expect(stamps?.goneAt).toBeGreaterThan(0)
      expect(stamps?.goneAt).toBe(stamps?.staleAt)
    })

    it('leaves nothing in Redis that does not go away by itself, but what is kept for ever', async () => {
      const prefix = ownName()
      const store = storeOn(prefix)
      await store.writeMany([
        write('a', { tags: ['t'], staleMs: LONG_MS }),
        write('b', { ttlMs: Infinity, tags: ['u'] }),
        write('c'),
      ])
      await store.deleteMany(['c', 'b'], { keepMs: LONG_MS })
      await store.stampTags(['t', 'v'], { as: 'gone', keepMs: LONG_MS })
      const windows = async (key: string): Promise<number> => (await redis.pttl(prefix + key)) / LONG_MS
      for (const [key, expected] of Object.entries({ 'key:a': 2, 'key:b': 1, 'key:c': 1, 'tag:t': 2, 'tag:v': 1 })) {
        expect(await windows(key), key).toBeGreaterThan(expected - 0.5)
        expect(await windows(key), key).toBeLessThan(expected + 0.01)
      }
      await store.writeMany([write('b', { tags: ['u'] }), write('b2', { ttlMs: Number.MAX_VALUE, staleMs: 1 })])
      expect(await redis.pttl(`${prefix}tag:u`)).toBe(-1)
      expect((await store.readMany(['b2'], [])).records[0]?.leftMs).toBe(Infinity)
      expect((await redis.keys(`${prefix}*`)).length).toBe(7)
    })

    it('does not lose its order when the clock of the server is set back', async () => {
      const prefix = ownName()
      const store = storeOn(prefix)
      const { now } = await store.readMany([], [])
      const later = now + 3_600_000_000
      await redis.set(`${prefix}key:k`, `1 E ${later} ${later} 0 ["1","t"]\nbefore`)
      await redis.set(`${prefix}tag:t`, `1 ${later - 1} ${later - 1}`)
      await store.writeMany([write('k', { text: 'set', tags: ['t'] })])
      expect((await store.readMany(['k'], [])).records[0]).toMatchObject({ text: 'set', beganAt: later + 1 })
      await store.deleteMany(['k'], { keepMs: LONG_MS })
      await store.writeMany([write('k', { text: 'late', beganAt: later + 1 })])
      expect((await store.readMany(['k'], [])).records).toEqual([undefined])
      await store.stampTags(['t'], { as: 'gone', keepMs: LONG_MS })
      expect((await store.readMany([], ['t'])).stamps).toEqual([{ goneAt: later - 1, staleAt: later - 1 }])
    })

    it('takes a key that holds something else for a mistake in the set-up when it is written, and for a miss else', async () => {
      const prefix = ownName()
      await redis.rpush(`${prefix}key:k`, 'a list')
      const store = storeOn(prefix)
      expect((await store.readMany(['k'], [])).records).toEqual([undefined])
      await expect(store.writeMany([write('k')])).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
      await expect(store.deleteMany(['k'], { keepMs: LONG_MS })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    })

    it('loads its scripts anew when the server has forgotten them', async () => {
      const store = storeOn()
      await store.writeMany([write('k')])
      await redis.script('FLUSH')
      await store.writeMany([write('k', { text: 'new' })])
      await redis.script('FLUSH')
      expect((await store.readMany(['k'], [])).records[0]?.text).toBe('new')
    })
  })

describe('a tier of a cache in Redis', () => {
  let server: PrivateServer
  let admin: Redis
  let store: CacheStore

  beforeAll(async () => {
    server = await startRedis({ private: true })
    admin = new Redis(server.url)
    store = redisCacheStore(admin)
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  it('takes FLUSHALL in the middle for misses, and goes on', async () => {
    const keys = Array.from({ length: 500 }, (_, at) => `k${at}`)
    const { now } = await store.readMany([], [])
    await store.writeMany(keys.map((key) => write(key, { tags: ['t'], beganAt: now })))
    const calls = [store.readMany(keys, ['t']), admin.flushall(), store.readMany(keys, ['t'])] as const
    const after = (await Promise.all(calls))[2]
    expect([...after.records, ...after.stamps].some(Boolean)).toBe(false)
    await store.writeMany([write('k0', { tags: ['t'], beganAt: now })])
    expect(await store.readMany(['k0'], ['t'])).toMatchObject({
      records: [{ beganAt: now }],
      stamps: [{ goneAt: now - 1 }],
    })
  })

  it('asks the server once for a read: a read and the clock, sent together', async () => {
    await admin.config('RESETSTAT')
    await store.readMany(['a', 'b', 'c'], ['t', 'u'])
    const stats = await admin.info('commandstats')
    expect(stats).toMatch(/cmdstat_mget:calls=1,/)
    expect(stats).toMatch(/cmdstat_evalsha:calls=1,/)
  })

  it('copies no large value to compare', async () => {
    await store.writeMany([write('large', { text: 'x'.repeat(1_000_000) })])
    await admin.config('RESETSTAT')
    await store.deleteMany(['large'], { keepMs: LONG_MS })
    await store.writeMany([write('large')])
    const stats = await admin.info('commandstats')
    expect(stats).toMatch(/cmdstat_getrange:calls=2,/)
    expect(stats).not.toContain('cmdstat_get:')
  })

  it('tells a write that finds no memory, as an outage, and still reads and invalidates', async () => {
    await store.writeMany([write('k', { tags: ['t'] })])
    const used = /used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]
    await admin.config('SET', 'maxmemory', String(used))
    try {
      const refused = { code: 'ERR_PERF_STORE_UNAVAILABLE', message: 'redis refused the call for now: OOM' }
      await expect(store.writeMany([write('k', { text: 'x'.repeat(1_000_000) })])).rejects.toMatchObject(refused)
      const { now, records } = await store.readMany(['k'], ['t'])
      expect(records[0]?.text).toBe('text')
      await store.deleteMany(['k'], { keepMs: LONG_MS })
      await store.stampTags(['t'], { as: 'gone', keepMs: LONG_MS })
      const after = await store.readMany(['k'], ['t'])
      expect(after.records).toEqual([undefined])
      expect(after.stamps[0]?.goneAt).toBeGreaterThan(now)
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
    await store.writeMany([write('k', { text: 'again' })])
    expect((await store.readMany(['k'], [])).records[0]?.text).toBe('again')
  })
})

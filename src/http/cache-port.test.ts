import { describe, expect, it } from 'vitest'
import { createCache, createTieredCache, memoryCacheStore } from '../cache/index.ts'
import { cachedService, word, type CachedService } from '../../test/support/cached-service.ts'
import { finished, forever, gate, toldHost } from '../../test/support/dedup-probe.ts'
import { manualClock } from '../testing/index.ts'
import { cachedResponseCodec, type CachedResponse, type ResponseCache } from './index.ts'

const down = (): never => {
  throw Object.assign(new Error('connection lost'), { code: 'ECONNRESET' })
}
const rejects = async (): Promise<never> => down()

/** A cache of promises, of which some methods misbehave. */
function distant(wrong: Partial<ResponseCache>): ResponseCache {
  const cache = createCache<CachedResponse>()
  return {
    get: async (key) => cache.get(key),
    set: async (key, value, options) => cache.set(key, value, options),
    delete: async (key) => cache.delete(key),
    ...wrong,
  }
}

describe('a cache that answers with promises', () => {
  it('serves as one in memory does', async () => {
    const service = cachedService({ cache: distant({}) })
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'HIT 1'])
    await service.send('/a', { method: 'POST' })
    expect(await service.line('/a')).toBe('MISS 3')
  })

  it('keeps several variants', async () => {
    const service = cachedService({ cache: distant({}), vary: ['accept'] })
    for (const accept of ['a/b', 'c/d']) await service.get('/a', { accept })
    await service.host.drain()
    for (const accept of ['a/b', 'c/d']) expect(word(await service.get('/a', { accept }))).toBe('HIT')
  })
})

describe('a cache that fails never costs an answer', () => {
  it.each<[string, Partial<ResponseCache>]>([
    ['get', { get: down }],
    ['get', { get: rejects }],
    ['set', { set: down }],
    ['set', { set: rejects }],
  ])('by %s', async (reason, wrong) => {
    const service = cachedService({ cache: distant(wrong), name: 'catalog' })
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
    await service.host.drain()
    const fact = { name: 'http.cache_failed', of: 'catalog', reason, code: 'ECONNRESET' }
    expect(service.facts).toEqual([fact, fact])
  })

  it.each([
    ['throws', down],
    ['rejects', rejects],
  ])('nor serves what a write dropped, when delete %s', async (_, wrong) => {
    // prettier-ignore
    const service = cachedService({ cache: distant({ delete: wrong }) })
    await service.get('/a')
    await service.clock.tick(1_000)
    expect((await service.send('/a', { method: 'POST' })).status).toBe(200)
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 3', 'HIT 3'])
    expect(service.told('http.cache_failed')).toBe(1)
  })

  it('by hanging: the first few requests wait for one deadline, and the others not at all', async () => {
    const options = { cache: distant({ get: forever, set: forever }), cacheTimeoutMs: 200 }
    // With a tag of its own, because the digest of a body takes time that the clock does not move.
    const service = cachedService(options, { etag: '"1"' })
    const waited: number[] = []
    for (let at = 0; at < 6; at += 1) {
      const before = service.clock.now()
      expect(word(await finished(service.clock, service.get(`/${at}`)))).toBe('MISS')
      waited.push(service.clock.now() - before)
    }
    expect(waited.slice(0, 2).every((ms) => ms >= 200)).toBe(true)
    expect(waited.slice(3).every((ms) => ms < 200)).toBe(true)
    expect(service.told('store.down')).toBe(1)
    expect(service.told('http.cache_failed')).toBeLessThan(8)
  })

  it.each([[null], [{}], [{ body: { 0: 104 }, headers: [], vary: [] }], [{ body: new Uint8Array(), headers: 5 }]])(
    'by giving a response that is none: %o',
    async (variant) => {
      const given = { variants: [variant] } as unknown as CachedResponse
      const service = cachedService({ cache: distant({ get: async () => given }), name: 'catalog' })
      expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
      expect(service.facts).toContainEqual({ name: 'http.cache_failed', of: 'catalog', reason: 'value' })
    },
  )

  it('by a store whose codec makes no bytes of the body again', async () => {
    const store = memoryCacheStore()
    const process = () => cachedService({ cache: createTieredCache<CachedResponse>({ name: 'pages', store }) })
    const [one, other] = [process(), process()]
    expect(await one.line('/a')).toBe('MISS 1')
    await one.host.drain()
    expect(await other.line('/a')).toBe('MISS 1')
    expect(other.told('http.cache_failed')).toBe(1)
  })

  it.each([null, 5, 'text', {}, { variants: 'none' }, { variants: [] }])('by giving %o', async (given) => {
    const service = cachedService({ cache: distant({ get: async () => given as unknown as CachedResponse }) })
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
  })
})

describe('a drop that the cache could not be told', () => {
  it.each([
    ['throws', down],
    ['rejects', rejects],
    ['hangs', forever],
  ])('is told again, until it is done, when delete %s', async (_, wrong) => {
    const shared = createCache<CachedResponse>()
    let away = true
    const told: string[] = []
    const remove = (key: string): unknown => {
      if (away) return wrong()
      told.push(key)
      return Promise.resolve(shared.delete(key))
    }
    const cache = distant({
      get: async (key) => shared.get(key),
      set: async (key, value, options) => shared.set(key, value, options),
      delete: remove,
    })
    const service = cachedService({ cache })
    await service.get('/a')
    await finished(service.clock, service.send('/a', { method: 'POST' }))
    await service.clock.tick(5_000)
    expect([told, shared.stats().size]).toEqual([[], 1])
    away = false
    await service.clock.tick(5_000)
    // Gone for those, too, who share the cache, and asked for by nobody in the meantime.
    expect([told, shared.stats().size]).toEqual([['GET https://shop.example/a'], 0])
    await service.clock.tick(60_000)
    expect(told).toHaveLength(1)
  })
})

describe('tags that cannot be had', () => {
  it.each<[string, () => readonly string[]]>([
    ['throws', () => expect.fail('no tags')],
    ['gives no list', () => 'page' as unknown as string[]],
    ['gives an empty one', () => ['']],
  ])('leave the answer unstored, when the function %s', async (_, tags) => {
    const service = cachedService({ tags })
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
    expect(service.facts).toContainEqual({ name: 'http.cache_failed', of: 'http', reason: 'tags' })
  })
})

it('who asks after a purge is not given what was asked for before it', async () => {
  const cache = createCache<CachedResponse>()
  const service = cachedService({ cache, tags: () => ['page'] })
  const { opened, open } = gate()
  service.answers(async () => {
    const own = service.asked.length
    if (own === 1) await opened
    return new Response(String(own))
  })
  const before = service.line('/a')
  await service.clock.tick(10)
  cache.invalidateTag('page')
  const after = service.line('/a')
  open()
  expect([await before, await after, await service.line('/a')]).toEqual(['MISS 1', 'MISS 2', 'HIT 2'])
})

it('a refresh takes what another process has stored meanwhile', async () => {
  const clock = manualClock()
  const store = memoryCacheStore({ clock })
  const hosts = [toldHost(clock).host, toldHost(clock).host]
  const [one, other] = hosts.map((host) => {
    const cache = createTieredCache<CachedResponse>({ name: 'pages', store, codec: cachedResponseCodec, host })
    return cachedService({ cache, host, staleWhileRevalidateMs: 60_000 }, { 'cache-control': 'max-age=10' })
  }) as [CachedService, CachedService]
  const settle = async (): Promise<void> => void (await Promise.all(hosts.map((host) => host.drain())))
  expect(await one.line('/a')).toBe('MISS 1')
  await settle()
  expect(await other.line('/a')).toBe('HIT 1')
  await clock.tick(11_000)
  for (const service of [one, other]) {
    expect(await service.line('/a')).toBe('STALE 1')
    await settle()
  }
  expect([one.asked.length, other.asked.length]).toEqual([2, 0])
  expect(await other.line('/a')).toBe('HIT 2')
})

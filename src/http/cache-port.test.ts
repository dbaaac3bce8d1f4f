import { describe, expect, it } from 'vitest'
import { createCache, createTieredCache, memoryCacheStore } from '../cache/index.ts'
import { cachedService, word } from '../../test/support/cached-service.ts'
import { finished, forever } from '../../test/support/dedup-probe.ts'
import type { CachedResponse, ResponseCache } from './index.ts'

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

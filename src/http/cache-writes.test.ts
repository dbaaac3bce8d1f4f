import { describe, expect, it } from 'vitest'
import { createCache } from '../cache/index.ts'
import { cachedService, ORIGIN, word } from '../../test/support/cached-service.ts'
import { gate } from '../../test/support/dedup-probe.ts'
import type { CachedResponse, ResponseCache } from './index.ts'

describe('a write', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'])(
    'by %s drops what is stored under its address',
    async (method) => {
      const service = cachedService()
      for (const path of ['/a?b=c', '/a', '/a/b']) await service.get(path)
      const answer = await service.send('/a?b=c', { method })
      expect([word(answer), await answer.text()]).toEqual(['-', '4'])
      const seen = []
      for (const path of ['/a?b=c', '/a', '/a/b']) seen.push(word(await service.get(path)))
      expect(seen).toEqual(['MISS', 'HIT', 'HIT'])
    },
  )

  it('drops it whoever writes', async () => {
    const service = cachedService()
    await service.get('/a')
    await service.send('/a', { method: 'POST', headers: { authorization: 'Bearer a', cookie: 'b=c' } })
    expect(word(await service.get('/a'))).toBe('MISS')
  })

  it.each([200, 201, 204, 303])('drops with %s', async (status) => {
    const service = cachedService()
    await service.get('/a')
    service.answers(() => new Response(null, { status }))
    await service.send('/a', { method: 'POST' })
    service.answers(() => new Response('new'))
    expect(await service.line('/a')).toBe('MISS new')
  })

  it.each([400, 403, 500])('drops nothing with %s', async (status) => {
    const service = cachedService()
    await service.get('/a')
    service.answers(() => new Response(null, { status }))
    await service.send('/a', { method: 'POST' })
    expect(await service.line('/a')).toBe('HIT 1')
  })

  it('is never stored, whatever it says', async () => {
    const service = cachedService({}, { 'cache-control': 'public, max-age=60' })
    await service.send('/a', { method: 'POST' })
    expect(await service.line('/a')).toBe('MISS 2')
  })

  it('drops what its Location and Content-Location name, on the same origin', async () => {
    const service = cachedService()
    const paths = ['/items/7', '/items/8', '/items/9']
    for (const path of paths) await service.get(path)
    const headers = { location: '/items/7', 'content-location': `${ORIGIN}/items/8#part` }
    service.answers(() => new Response(null, { status: 201, headers }))
    await service.send('/items', { method: 'POST' })
    const foreign = { location: 'https://other.example/items/9', 'content-location': 'http://[' }
    service.answers(() => new Response(null, { status: 201, headers: foreign }))
    await service.send('/items', { method: 'POST' })
    service.answers(() => new Response('new'))
    const seen = []
    for (const path of paths) seen.push(word(await service.get(path)))
    expect(seen).toEqual(['MISS', 'MISS', 'HIT'])
  })

  it('finds the key of another address by the same function', async () => {
    const key = ({ url, headers }: Request): string => `${headers.get('x-tenant')} ${new URL(url).pathname}`
    const service = cachedService({ key })
    for (const tenant of ['1', '2']) await service.get('/items/7', { 'x-tenant': tenant })
    service.answers(() => new Response(null, { headers: { location: '/items/7?new' } }))
    await service.send('/items', { method: 'POST', headers: { 'x-tenant': '1' } })
    const seen = []
    for (const tenant of ['1', '2']) seen.push(word(await service.get('/items/7', { 'x-tenant': tenant })))
    expect(seen).toEqual(['MISS', 'HIT'])
  })

  it('keeps what was read before it from being stored after it', async () => {
    const service = cachedService()
    const { opened, open } = gate()
    service.answers(async ({ method }) => {
      if (method === 'POST') return new Response('written')
      await opened
      return new Response('read before')
    })
    const reading = service.line('/a')
    await service.clock.tick(1)
    await service.send('/a', { method: 'POST' })
    // Nor does a later reader join the earlier one.
    service.answers(() => new Response('read after'))
    expect(await service.line('/a')).toBe('MISS read after')
    open()
    expect(await reading).toBe('MISS read before')
    expect(await service.line('/a')).toBe('HIT read after')
  })

  it('keeps a refresh that began before it from bringing the old back', async () => {
    const service = cachedService({ ttlMs: 1_000, staleWhileRevalidateMs: 60_000 })
    await service.get('/a')
    await service.clock.tick(2_000)
    const { opened, open } = gate()
    service.answers(async () => {
      await opened
      return new Response('old')
    })
    expect(await service.line('/a')).toBe('STALE 1')
    service.answers(() => new Response('written'))
    await service.send('/a', { method: 'PUT' })
    open()
    await service.host.drain()
    service.answers(() => new Response('new'))
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS new', 'HIT new'])
  })

  it('answers when what it made untrue is dropped, also in a distant cache', async () => {
    const cache = createCache<CachedResponse>()
    const { opened, open } = gate()
    const distant: ResponseCache = {
      get: async (key) => cache.get(key),
      set: async (key, value, options) => cache.set(key, value, options),
      delete: async (key) => {
        await opened
        return cache.delete(key)
      },
    }
    const service = cachedService({ cache: distant })
    await service.get('/a')
    let answered = false
    const writing = service.send('/a', { method: 'POST' }).then(() => (answered = true))
    await service.clock.tick(10)
    expect(answered).toBe(false)
    open()
    await writing
    expect(word(await service.get('/a'))).toBe('MISS')
  })
})

import { describe, expect, it } from 'vitest'
import { createCache } from '../cache/index.ts'
import { cachedService, ORIGIN, word } from '../../test/support/cached-service.ts'
import { cacheMiddleware, type CachedResponse, type ResponseCache } from './index.ts'

// A cache of this package fits as it is.
const cache: ResponseCache = createCache<CachedResponse>()

describe('a hit', () => {
  it('is what the handler answered, with its age and without asking it again', async () => {
    const service = cachedService()
    service.answers(() =>
      Response.json(
        { id: 7 },
        { status: 203, statusText: 'From afar', headers: { 'x-own': 'kept', link: '</a>; rel=b' } },
      ),
    )
    const first = await service.get('/a?b=c')
    await service.clock.tick(12_900)
    const second = await service.get('/a?b=c')
    expect([word(first), word(second)]).toEqual(['MISS', 'HIT'])
    expect([second.status, second.statusText]).toEqual([203, 'From afar'])
    expect(Object.fromEntries(second.headers)).toMatchObject({
      'content-type': 'application/json',
      'content-length': '8',
      'x-own': 'kept',
      link: '</a>; rel=b',
      age: '12',
      date: 'Tue, 14 Nov 2023 22:13:20 GMT',
    })
    expect(await second.text()).toBe(await first.text())
    expect(service.asked).toHaveLength(1)
  })

  it('is answered at once, without a promise, when the cache is in memory', async () => {
    const handler = cacheMiddleware({ cache, ttlMs: 1_000 })(() => new Response('a'))
    await handler(new Request(`${ORIGIN}/sync`))
    expect(handler(new Request(`${ORIGIN}/sync`))).toBeInstanceOf(Response)
  })

  it('cannot be changed by who read the one before', async () => {
    const service = cachedService()
    await service.get('/a')
    new Uint8Array(await (await service.get('/a')).arrayBuffer()).fill(0)
    expect(await service.line('/a')).toBe('HIT 1')
  })

  it('leaves out what belongs to one connection', async () => {
    const service = cachedService(
      {},
      { connection: 'close, X-Hop', 'x-hop': '1', 'keep-alive': 'timeout=5', 'transfer-encoding': 'chunked', te: 'a' },
    )
    await service.get('/a')
    const names = [...(await service.get('/a')).headers.keys()].sort()
    expect(names).toEqual(['age', 'content-length', 'content-type', 'date', 'etag', 'x-cache'])
  })

  it('has the length of the bytes, whatever the handler said', async () => {
    const service = cachedService()
    service.answers(() => new Response('grüße', { headers: { 'content-length': '3' } }))
    await service.get('/a')
    expect((await service.get('/a')).headers.get('content-length')).toBe('7')
  })

  it('may have no body at all', async () => {
    const service = cachedService()
    service.answers(() => new Response(null, { status: 204 }))
    await service.get('/a')
    const hit = await service.get('/a')
    expect([word(hit), hit.status, hit.body, hit.headers.has('content-length')]).toEqual(['HIT', 204, null, false])
  })

  it('ends with its freshness', async () => {
    const service = cachedService({ ttlMs: 1_000 })
    const seen = [await service.line('/a')]
    for (const ms of [999, 1]) {
      await service.clock.tick(ms)
      seen.push(await service.line('/a'))
    }
    expect(seen).toEqual(['MISS 1', 'HIT 1', 'MISS 2'])
  })

  it('has no negative age when the clock was set back', async () => {
    const service = cachedService()
    await service.get('/a')
    service.clock.set(service.clock.now() - 3_600_000)
    expect((await service.get('/a')).headers.get('age')).toBe('0')
  })

  it('passes the further arguments on', async () => {
    const seen: unknown[] = []
    const handler = cacheMiddleware({ cache, ttlMs: 1 })((_request: Request, ...args: [{ a: number }, string]) => {
      seen.push(args)
      return new Response()
    })
    await handler(new Request(`${ORIGIN}/args`), { a: 1 }, 'b')
    await handler(new Request(`${ORIGIN}/args`, { method: 'POST' }), { a: 2 }, 'c')
    expect(seen).toEqual([[{ a: 1 }, 'b'], [{ a: 2 }, 'c']]) // prettier-ignore
  })
})

describe('HEAD', () => {
  it('is answered from a stored GET, without a body', async () => {
    const service = cachedService()
    await service.get('/a')
    const head = await service.send('/a', { method: 'HEAD' })
    expect([word(head), head.body, head.headers.get('content-length')]).toEqual(['HIT', null, '1'])
  })

  it('is not stored as a GET', async () => {
    const service = cachedService()
    service.answers(({ method }) => new Response(method === 'HEAD' ? null : 'whole'))
    expect(word(await service.send('/a', { method: 'HEAD' }))).toBe('MISS')
    expect(await service.line('/a')).toBe('MISS whole')
  })
})

describe('the key', () => {
  it('is origin, path and query in the order they were sent, without the fragment', async () => {
    const service = cachedService()
    await service.line('/a?x=1&y=2#one')
    expect(await service.line('/a?x=1&y=2#two')).toBe('HIT 1')
    expect(await service.line('/a?y=2&x=1')).toBe('MISS 2')
    expect(await service.line('/A?x=1&y=2')).toBe('MISS 3')
    const handler = cacheMiddleware({ cache, ttlMs: 1_000 })(({ url }) => new Response(url))
    for (const url of ['https://a.example/', 'https://b.example/', 'http://a.example/', 'http://a.example:81/'])
      expect(await (await handler(new Request(url))).text()).toBe(url)
  })

  it('is hashed when it is long', async () => {
    const keys: string[] = []
    const watched: ResponseCache = {
      get: (key) => cache.get(key),
      set: (key, value, options) => {
        keys.push(key)
        return cache.set(key, value, options)
      },
      delete: (key) => cache.delete(key),
    }
    const service = cachedService({ cache: watched })
    const long = `/a?${'x'.repeat(10_000)}`
    expect([await service.line(`${long}1`), await service.line(`${long}2`)]).toEqual(['MISS 1', 'MISS 2'])
    expect([await service.line(`${long}1`), await service.line(`${long}2`)]).toEqual(['HIT 1', 'HIT 2'])
    expect(keys.map((key) => key.length < 100)).toEqual([true, true])
    await service.send(`${long}1`, { method: 'DELETE' })
    expect(await service.line(`${long}1`)).toBe('MISS 4')
  })

  it('may be made by a function; what that throws makes the request pass by', async () => {
    const service = cachedService({
      key: ({ url }) => {
        if (url.includes('bad')) throw new Error('no key')
        return url.replace(/\?.*/, '')
      },
    })
    expect([await service.line('/a?utm=1'), await service.line('/a?utm=2')]).toEqual(['MISS 1', 'HIT 1'])
    expect([await service.line('/bad'), await service.line('/bad')]).toEqual(['- 2', '- 3'])
    expect(service.facts).toContainEqual({ name: 'http.cache_failed', of: 'http', reason: 'key' })
  })
})

describe('what passes by', () => {
  it.each([
    ['authorization', 'Bearer a'],
    ['cookie', 'session=1'],
    ['apikey', 'a'],
    ['x-api-key', 'a'],
    ['range', 'bytes=0-1'],
    ['if-range', '"a"'],
    ['if-match', '"a"'],
    ['if-unmodified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'],
  ])('a request with %s is neither answered from the cache nor stored', async (name, value) => {
    const service = cachedService()
    expect(await service.line('/a', { [name]: value })).toBe('- 1')
    expect(await service.line('/a')).toBe('MISS 2')
    expect(await service.line('/a', { [name]: value })).toBe('- 3')
    expect(await service.line('/a')).toBe('HIT 2')
  })

  it('gets the very request, and its answer goes out as it is', async () => {
    const own = new Response('a')
    const request = new Request(`${ORIGIN}/same`, { headers: { cookie: 'a=b' } })
    const seen: Request[] = []
    const handler = cacheMiddleware({ cache, ttlMs: 1_000 })((given) => {
      seen.push(given)
      return own
    })
    expect(handler(request)).toBe(own)
    expect(seen).toEqual([request])
  })

  it('is what lies outside of the included paths, or inside of the excluded ones', async () => {
    const service = cachedService({ include: ['/api', /^\/v\d+\//g], exclude: ['/api/admin', /secret/g] })
    for (const path of ['/api', '/api/', '/api/a?b', '/v1/a', '/v22/a', '/api/administrator'])
      expect(word(await service.get(path)), path).toBe('MISS')
    for (const path of [
      '/',
      '/apix',
      '/b?/api',
      '/api/admin',
      '/api/admin/a',
      '/api/%61dmin',
      '/v1/secret',
      '/api/%zz',
    ])
      expect(word(await service.get(path)), path).toBe('-')
  })

  it('is OPTIONS', async () => {
    const service = cachedService()
    expect(word(await service.send('/a', { method: 'OPTIONS' }))).toBe('-')
  })
})

describe('what the client wants', () => {
  it('gets nothing stored, and asks nobody, with only-if-cached', async () => {
    const service = cachedService()
    const none = await service.get('/a', { 'cache-control': 'only-if-cached' })
    expect([none.status, word(none), service.asked.length]).toEqual([504, 'MISS', 0])
    await service.get('/a')
    expect(await service.line('/a', { 'cache-control': 'only-if-cached' })).toBe('HIT 1')
  })

  const wishes = [
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=0' },
    { 'cache-control': 'no-store' },
    { pragma: 'no-cache' },
  ]

  it.each(wishes)('does not make more work by %o', async (headers) => {
    const service = cachedService()
    await service.get('/a')
    expect(await service.line('/a', headers)).toBe('HIT 1')
  })

  it.each(wishes)('makes the handler answer anew by %o where that is allowed', async (headers) => {
    const service = cachedService({ allowClientRevalidation: true })
    await service.get('/a')
    const unstored = headers['cache-control'] === 'no-store'
    expect(await service.line('/a', headers)).toBe(unstored ? '- 2' : 'MISS 2')
    expect(await service.line('/a')).toBe(unstored ? 'HIT 1' : 'HIT 2')
  })

  it('is no older than it asks for, where that is allowed', async () => {
    const service = cachedService({ allowClientRevalidation: true })
    await service.get('/a')
    await service.clock.tick(10_000)
    expect(await service.line('/a', { 'cache-control': 'max-age=10' })).toBe('HIT 1')
    expect(await service.line('/a', { 'cache-control': 'max-age=9' })).toBe('MISS 2')
  })
})

import { describe, expect, it } from 'vitest'
import { cachedService, word, type CachedService } from '../../test/support/cached-service.ts'
import type { CacheMiddlewareOptions } from './index.ts'

/** For how many seconds a response with these headers is served; 0 when it is not stored. */
async function lifetime(service: CachedService): Promise<number> {
  await service.get('/a')
  for (const seconds of [0, 1, 5, 10, 30, 60, 600]) {
    await service.clock.tick(seconds * 1_000)
    if (word(await service.get('/a')) !== 'HIT') return seconds
    await service.clock.tick(-seconds * 1_000)
  }
  return Infinity
}

const DATE = 'Tue, 14 Nov 2023 22:13:20 GMT'
const later = (seconds: number): string => new Date(Date.parse(DATE) + seconds * 1_000).toUTCString()

describe('what is stored, and for how long', () => {
  it.each<[headers: Record<string, string>, seconds: number]>([
    [{}, 60],
    [{ 'cache-control': 'public' }, 60],
    [{ 'cache-control': 'max-age=5' }, 5],
    [{ 'cache-control': 'max-age=600, s-maxage=5' }, 5],
    [{ 'cache-control': 'S-MaxAge="5", max-age=600' }, 5],
    [{ 'cache-control': 'max-age=5', expires: later(600) }, 5],
    [{ expires: later(5), date: DATE }, 5],
    [{ expires: later(5) }, 5],
    [{ expires: later(35), date: later(30) }, 5],
    [{ 'cache-control': 'max-age=10', date: later(-5) }, 5],
    [{ 'cache-control': 'max-age=10', date: later(5) }, 10],
    [{ 'cache-control': 'max-age=10', age: '5' }, 5],
    [{ 'cache-control': 'max-age=10', age: '5, 9' }, 5],
    [{ 'cache-control': 'max-age=10', age: 'old' }, 10],
    [{ 'cache-control': 'max-age=10', age: '-5' }, 10],
    [{ age: '55' }, 5],
    [{ 'cache-control': 'max-age=60; foo' }, 60],
  ])('%o is fresh for %s s', async (headers, seconds) => {
    expect(await lifetime(cachedService({}, headers))).toBe(seconds)
  })

  it.each<[Record<string, string>]>([
    [{ 'set-cookie': 'a=b' }],
    [{ 'cache-control': 'private, max-age=60' }],
    [{ 'cache-control': 'max-age=60, PRIVATE="x-user"' }],
    [{ 'cache-control': 'no-store' }],
    [{ 'cache-control': 'no-cache' }],
    [{ 'cache-control': 'max-age=60, no-cache="x-a"' }],
    [{ 'cache-control': 'must-understand, no-store, max-age=60' }],
    [{ 'cache-control': 'private; max-age=60' }],
    [{ vary: '*' }],
    [{ vary: 'accept, *' }],
    [{ vary: 'no header name' }],
    [{ 'content-type': 'text/event-stream; charset=utf-8' }],
    [{ 'cache-control': 'max-age=0' }],
    [{ 'cache-control': 'max-age=abc' }],
    [{ 'cache-control': 'max-age=-1' }],
    [{ 'cache-control': 's-maxage=x, max-age=60' }],
    [{ 'cache-control': 'max-age=60, max-age=600' }],
    [{ expires: '0' }],
    [{ expires: later(-1) }],
    [{ 'cache-control': 'max-age=10', age: '10' }],
    [{ 'cache-control': 'max-age=10', age: '99999999999999999999' }],
    [{ 'content-length': '1048577' }],
  ])('%o is not stored', async (headers) => {
    const service = cachedService({ staleWhileRevalidateMs: 0 }, headers)
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
  })

  it('joins what came in several fields', async () => {
    const service = cachedService()
    service.answers(() => {
      const response = new Response('a')
      response.headers.append('cache-control', 'max-age=60')
      response.headers.append('cache-control', 'private')
      return response
    })
    await service.get('/a')
    expect(word(await service.get('/a'))).toBe('MISS')
  })

  it('survives an age and a freshness beyond all bounds', async () => {
    const service = cachedService({}, { 'cache-control': 'max-age=99999999999999999999' })
    await service.get('/a')
    await service.clock.tick(40 * 365 * 86_400_000)
    const hit = await service.get('/a')
    expect([word(hit), hit.headers.get('age')]).toEqual(['HIT', String(40 * 365 * 86_400)])
  })

  it.each([200, 203, 204, 300, 301, 308])('%s is stored by default', async (status) => {
    const service = cachedService()
    service.answers(() => new Response(null, { status }))
    await service.get('/a')
    expect(word(await service.get('/a'))).toBe('HIT')
  })

  it.each([302, 303, 307, 404, 405, 410, 414, 451])('%s is stored when it says for how long', async (status) => {
    const service = cachedService()
    service.answers(({ url }) => {
      const headers = url.endsWith('told') ? { 'cache-control': 'max-age=5' } : {}
      return new Response(null, { status, headers })
    })
    for (const path of ['/a', '/told']) await service.get(path)
    expect([word(await service.get('/a')), word(await service.get('/told'))]).toEqual(['MISS', 'HIT'])
  })

  it.each([202, 206, 304, 400, 401, 403, 429, 500, 502, 503])('%s is never stored', async (status) => {
    const service = cachedService()
    service.answers(() => new Response(null, { status, headers: { 'cache-control': 'public, max-age=60' } }))
    await service.get('/a')
    const second = await service.get('/a')
    expect([word(second), second.status]).toEqual(['MISS', status])
  })

  it('leaves an answer alone that no response can be made of', async () => {
    const service = cachedService()
    const failed = Response.error()
    service.answers(() => failed)
    expect(await service.get('/a')).toBe(failed)
  })

  it('keeps every cookie of an answer that is not stored', async () => {
    const service = cachedService()
    service.answers(() => new Response('a', { headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] })) // prettier-ignore
    expect((await service.get('/a')).headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('does not change the response of the handler', async () => {
    const service = cachedService({ vary: ['accept'] })
    const own = new Response('a')
    service.answers(() => own)
    expect((await service.get('/a')).headers.get('vary')).toBe('accept')
    expect([...own.headers.keys()]).toEqual(['content-type'])
  })

  it('asks a function for the freshness of what says nothing', async () => {
    const ttlMs = ({ headers }: Response): number => (headers.get('x-kind') === 'rate' ? 5_000 : 600_000)
    expect(await lifetime(cachedService({ ttlMs }, { 'x-kind': 'rate' }))).toBe(5)
    expect(await lifetime(cachedService({ ttlMs }, { 'cache-control': 'max-age=1' }))).toBe(1)
  })

  it.each<[string, CacheMiddlewareOptions['ttlMs']]>([
    ['no number', () => NaN],
    ['a negative one', () => -1],
    ['none', () => undefined as unknown as number],
    ['nothing but an error', () => { throw new Error('ttl') }], // prettier-ignore
  ])('stores nothing when that function gives %s', async (_, ttlMs) => {
    const service = cachedService({ ttlMs })
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS 1', 'MISS 2'])
  })
})

describe('the time the handler takes', () => {
  it('makes the response older only when it comes from an upstream cache', async () => {
    for (const [age, expected] of [
      [undefined, '0'],
      ['5', '8'],
    ] as const) {
      // prettier-ignore
      const service = cachedService()
      service.answers(async () => {
        await service.clock.tick(3_000)
        return new Response('a', { headers: age === undefined ? {} : { age } })
      })
      expect((await service.get('/a')).headers.get('age')).toBe(age ?? null)
      expect((await service.get('/a')).headers.get('age')).toBe(expected)
    }
  })
})

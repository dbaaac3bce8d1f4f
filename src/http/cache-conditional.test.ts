import { describe, expect, it } from 'vitest'
import { httpDate } from './cache-date.ts'
import { cachedService, word } from '../../test/support/cached-service.ts'

const SINCE = 'Sun, 06 Nov 1994 08:49:37 GMT'

describe('ETag', () => {
  it('is made of the bytes when the handler gives none, and is there from the first answer on', async () => {
    const service = cachedService()
    service.answers(() => new Response('the same'))
    const tags = []
    for (const path of ['/a', '/a', '/b']) tags.push((await service.get(path)).headers.get('etag'))
    expect(tags[0]).toMatch(/^"[0-9a-f]{32}"$/)
    expect(new Set(tags).size).toBe(1)
    service.answers(() => new Response('another'))
    expect((await service.get('/c')).headers.get('etag')).not.toBe(tags[0])
  })

  it('is the handler’s own when it gives one', async () => {
    const service = cachedService({}, { etag: 'W/"7"' })
    for (const seen of ['MISS', 'HIT']) {
      const response = await service.get('/a')
      expect([word(response), response.headers.get('etag')]).toEqual([seen, 'W/"7"'])
    }
  })

  it('is not made for what is no success', async () => {
    const service = cachedService()
    service.answers(() => new Response(null, { status: 301, headers: { location: '/b' } }))
    await service.get('/a')
    expect((await service.get('/a')).headers.has('etag')).toBe(false)
  })
})

describe('If-None-Match', () => {
  it.each(['"a,b"', 'W/"a,b"', '"x", "a,b"', 'W/"x",W/"a,b"', '*', ' "a,b" '])(
    '%s is answered with 304',
    async (tags) => {
      const service = cachedService({}, { etag: '"a,b"' })
      await service.get('/a')
      const response = await service.get('/a', { 'if-none-match': tags })
      expect([response.status, word(response), await response.text()]).toEqual([304, 'HIT', ''])
    },
  )

  it.each(['"a"', '"b"', 'a,b', '"A,B"', '""', 'W/'])('%s is not', async (tags) => {
    const service = cachedService({}, { etag: '"a,b"' })
    await service.get('/a')
    expect((await service.get('/a', { 'if-none-match': tags })).status).toBe(200)
  })

  it('compares weakly, whoever is weak', async () => {
    const service = cachedService({}, { etag: 'W/"1"' })
    await service.get('/a')
    expect((await service.get('/a', { 'if-none-match': '"1"' })).status).toBe(304)
  })

  it('goes with the fields that a 304 has, and without those of the body', async () => {
    const service = cachedService(
      { vary: ['accept'] },
      {
        'cache-control': 'max-age=60',
        'content-location': '/a.en',
        expires: SINCE,
        'last-modified': SINCE,
        'content-language': 'en',
        'access-control-allow-origin': '*',
      },
    )
    const etag = (await service.get('/a')).headers.get('etag') ?? ''
    for (const method of ['GET', 'HEAD']) {
      const { headers } = await service.send('/a', { method, headers: { 'if-none-match': etag } })
      expect([...headers.keys()].sort()).toEqual(
        ['access-control-allow-origin', 'age', 'cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'x-cache'], // prettier-ignore
      )
    }
  })

  it('decides alone when If-Modified-Since is there too', async () => {
    const service = cachedService({}, { 'last-modified': SINCE })
    await service.get('/a')
    const both = { 'if-none-match': '"other"', 'if-modified-since': SINCE }
    expect((await service.get('/a', both)).status).toBe(200)
  })

  it('is answered for the first request too, and what it found is stored whole', async () => {
    const service = cachedService({}, { etag: '"1"' })
    const first = await service.get('/a', { 'if-none-match': '"1"' })
    expect([first.status, word(first)]).toEqual([304, 'MISS'])
    expect(service.asked.map(({ headers }) => headers.has('if-none-match'))).toEqual([false])
    expect(await service.line('/a')).toBe('HIT 1')
  })

  it('is answered for what may not be stored', async () => {
    const service = cachedService({}, { etag: '"1"', 'cache-control': 'no-cache' })
    const response = await service.get('/a', { 'if-none-match': '"1"' })
    expect([response.status, word(response), response.headers.get('etag')]).toEqual([304, 'MISS', '"1"'])
  })

  it('reaches the handler once that is known not to be stored, and its 304 goes out', async () => {
    const service = cachedService()
    service.answers(({ headers }) => {
      const known = headers.get('if-none-match') === '"1"'
      return new Response(known ? null : 'a', {
        status: known ? 304 : 200,
        headers: { etag: '"1"', 'cache-control': 'no-cache' },
      })
    })
    await service.get('/a')
    const response = await service.get('/a', { 'if-none-match': '"1"' })
    expect([response.status, service.asked[1]?.headers.get('if-none-match')]).toEqual([304, '"1"'])
  })

  it('means nothing for what is no success', async () => {
    const service = cachedService({}, {})
    service.answers(() => new Response('gone', { status: 410, headers: { etag: '"1"', 'cache-control': 'max-age=5' } }))
    await service.get('/a')
    expect((await service.get('/a', { 'if-none-match': '*' })).status).toBe(410)
  })
})

describe('If-Modified-Since', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 304],
    ['Sun, 06 Nov 1994 08:49:38 GMT', 304],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 304],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 200],
    ['yesterday', 200],
  ])('%s is answered with %s', async (since, status) => {
    const service = cachedService({}, { 'last-modified': SINCE })
    await service.get('/a')
    expect((await service.get('/a', { 'if-modified-since': since })).status).toBe(status)
  })

  it.each([
    [1_000, 304],
    [0, 304],
    [-1_000, 200],
  ])(
    'is about the date of what is stored where nobody said when it changed: %d ms after it is %d',
    async (ms, status) => {
      const service = cachedService()
      const since = (at: number): Record<string, string> => ({ 'if-modified-since': httpDate(at) })
      await service.clock.tick(7_000)
      const storedAt = service.clock.now()
      // Of an answer that was never stored, nobody knows.
      expect((await service.get('/a', since(storedAt + 60_000))).status).toBe(200)
      await service.clock.tick(5_000)
      expect((await service.get('/a', since(storedAt + ms))).status).toBe(status)
    },
  )
})

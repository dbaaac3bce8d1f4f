import { describe, expect, it } from 'vitest'
import { createCache } from '../cache/index.ts'
import { cachedService, type CachedService } from '../../test/support/cached-service.ts'
import type { CachedResponse } from './index.ts'

/** Speaks the language it is asked for. */
function polyglot(service: CachedService, vary?: string): CachedService {
  service.answers(({ headers }) => {
    const body = `${headers.get('accept-language') ?? 'none'} ${service.asked.length}`
    return new Response(body, vary === undefined ? {} : { headers: { vary } })
  })
  return service
}

const speaking = (language: string): Record<string, string> => ({ 'accept-language': language })

describe.each([
  ['the Vary of the response', () => polyglot(cachedService(), 'Accept-Language')],
  ['the option vary', () => polyglot(cachedService({ vary: ['Accept-Language'] }))],
])('by %s', (_, start) => {
  it('two users with different languages never get each other’s answer', async () => {
    const service = start()
    const seen: string[] = []
    for (const language of ['rw', 'en', 'rw', 'en']) seen.push(await service.line('/a', speaking(language)))
    expect(seen).toEqual(['MISS rw 1', 'MISS en 2', 'HIT rw 1', 'HIT en 2'])
  })

  it('a request without the header is a variant of its own', async () => {
    const service = start()
    await service.line('/a', speaking('rw'))
    expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS none 2', 'HIT none 2'])
    expect(await service.line('/a', { 'accept-language': '' })).toBe('MISS  3')
  })

  it('values that mean the same are the same', async () => {
    const service = start()
    await service.line('/a', speaking('rw-RW, en;q=0.8'))
    expect(await service.line('/a', speaking('RW-rw,en; q=0.8'))).toBe('HIT rw-RW, en;q=0.8 1')
  })

  it('the answer says what it depends on', async () => {
    const service = start()
    for (const word of ['MISS', 'HIT']) {
      const { headers } = await service.get('/a')
      expect([headers.get('x-cache'), headers.get('vary')?.toLowerCase()]).toEqual([word, 'accept-language'])
    }
  })

  it('a herd of both languages asks the handler once for each', async () => {
    const service = start()
    const lines = Array.from({ length: 40 }, (_, at) => service.line('/a', speaking(at % 2 === 0 ? 'rw' : 'en')))
    const bodies = (await Promise.all(lines)).map((line) => line.split(' ')[1])
    expect(bodies).toEqual(Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 'rw' : 'en')))
    expect(service.asked).toHaveLength(2)
  })

  it('a write drops all variants', async () => {
    const service = start()
    for (const language of ['rw', 'en']) await service.line('/a', speaking(language))
    await service.send('/a', { method: 'POST' })
    for (const language of ['rw', 'en']) expect(await service.line('/a', speaking(language))).toMatch(/^MISS/)
  })
})

describe('variants', () => {
  it('are bounded: the eldest goes first', async () => {
    const service = polyglot(cachedService({ vary: ['accept-language'], maxVariants: 2 }))
    for (const language of ['rw', 'en', 'fr']) await service.line('/a', speaking(language))
    expect(await service.line('/a', speaking('fr'))).toBe('HIT fr 3')
    expect(await service.line('/a', speaking('en'))).toBe('HIT en 2')
    expect(await service.line('/a', speaking('rw'))).toBe('MISS rw 4')
  })

  it('expire one by one', async () => {
    const service = polyglot(cachedService({ vary: ['accept-language'], ttlMs: 10_000 }))
    await service.line('/a', speaking('rw'))
    await service.clock.tick(6_000)
    await service.line('/a', speaking('en'))
    await service.clock.tick(6_000)
    expect(await service.line('/a', speaking('en'))).toBe('HIT en 2')
    expect(await service.line('/a', speaking('rw'))).toBe('MISS rw 3')
    expect(await service.line('/a', speaking('en'))).toBe('HIT en 2')
  })

  it('end when the resource no longer depends on anything', async () => {
    const service = cachedService({ ttlMs: 1_000 }, { vary: 'accept-language' })
    await service.line('/a', speaking('rw'))
    await service.clock.tick(1_000)
    service.answers(() => new Response('for all'))
    await service.line('/a', speaking('en'))
    expect(await service.line('/a', speaking('rw'))).toBe('HIT for all')
  })

  it('keep case and blanks of fields in which they may matter', async () => {
    const service = cachedService({ vary: ['x-tenant'] })
    await service.line('/a', { 'x-tenant': 'a b' })
    for (const tenant of ['A b', 'ab']) expect(await service.line('/a', { 'x-tenant': tenant })).toMatch(/^MISS/)
    expect(await service.line('/a', { 'x-tenant': 'a b' })).toBe('HIT 1')
  })

  it('a response that depends on what the client can choose is kept apart when it says so', async () => {
    const cache = createCache<CachedResponse>()
    const service = cachedService({ cache })
    service.answers(({ headers }) => {
      const host = headers.get('x-forwarded-host') ?? 'shop.example'
      return new Response(`<a href="https://${host}/">`, { headers: { vary: 'X-Forwarded-Host' } })
    })
    await service.line('/', { 'x-forwarded-host': 'evil.example' })
    expect(await service.line('/')).toBe('MISS <a href="https://shop.example/">')
  })
})

it.each([
  ['blanks', `a${' '.repeat(65_536)}b`],
  ['blanks and commas', `a${' ,'.repeat(32_768)}b`],
])('a field of 64 KB of %s costs no more than a look at it', async (_, origin) => {
  const service = cachedService({}, { vary: 'Origin, Accept-Language' })
  let fastest = Infinity
  for (let time = 0; time < 5; time += 1) {
    const began = performance.now()
    await service.get('/a', { origin, 'accept-language': origin })
    fastest = Math.min(fastest, performance.now() - began)
  }
  expect([fastest < 100, service.asked.length]).toEqual([true, 1])
})

import { describe, expect, it } from 'vitest'
import { cachedService, word, type CachedService } from '../../test/support/cached-service.ts'
import { gate } from '../../test/support/dedup-probe.ts'
import { cacheMiddleware } from './index.ts'
import { createCache } from '../cache/index.ts'
import type { CachedResponse } from './index.ts'

const fails = (): never => {
  throw new Error('db down')
}
const unavailable = (): Response => new Response('down', { status: 503 })
const rest = async (service: CachedService): Promise<void> => {
  // The digest of a body takes a turn of the event loop, which the clock does not move.
  await service.host.drain()
}

describe('stale-while-revalidate', () => {
  it.each([
    ['the response', {}, 'max-age=10, stale-while-revalidate=30'],
    ['the options', { ttlMs: 10_000, staleWhileRevalidateMs: 30_000 }, 'public'],
    ['the response before the options', { staleWhileRevalidateMs: 1 }, 'max-age=10, stale-while-revalidate=30'],
    ['the response beside s-maxage', {}, 's-maxage=10, stale-while-revalidate=30'],
  ])('by %s: serves at once, and refreshes in the background', async (_, options, cacheControl) => {
    const service = cachedService(options, { 'cache-control': cacheControl })
    const seen = [await service.line('/a')]
    await service.clock.tick(15_000)
    const stale = await service.get('/a')
    expect(stale.headers.get('age')).toBe('15')
    seen.push(`${word(stale)} ${await stale.text()}`)
    await rest(service)
    seen.push(await service.line('/a'))
    expect(seen).toEqual(['MISS 1', 'STALE 1', 'HIT 2'])
  })

  it('ends with its window', async () => {
    const service = cachedService({}, { 'cache-control': 'max-age=10, stale-while-revalidate=30' })
    await service.get('/a')
    await service.clock.tick(40_000)
    expect(await service.line('/a')).toBe('MISS 2')
  })

  it.each(['max-age=10, must-revalidate', 'max-age=10, proxy-revalidate', 's-maxage=10', 'max-age=0'])(
    'is not for %s, whatever the options say',
    async (cacheControl) => {
      const windows = { staleWhileRevalidateMs: 600_000, staleIfErrorMs: 600_000 }
      const service = cachedService(windows, { 'cache-control': cacheControl })
      await service.get('/a')
      await service.clock.tick(10_000)
      expect(await service.line('/a')).toBe('MISS 2')
      service.answers(unavailable)
      await service.clock.tick(10_000)
      expect((await service.get('/a')).status).toBe(503)
    },
  )

  it('refreshes once for a herd', async () => {
    const service = cachedService({ ttlMs: 10_000, staleWhileRevalidateMs: 30_000 })
    await service.get('/a')
    await service.clock.tick(15_000)
    const lines = await Promise.all(Array.from({ length: 100 }, () => service.line('/a')))
    expect(new Set(lines)).toEqual(new Set(['STALE 1']))
    await rest(service)
    expect(service.asked).toHaveLength(2)
  })

  it('refreshes with a whole request of its own, also for a HEAD with conditions', async () => {
    const service = cachedService({ ttlMs: 10_000, staleWhileRevalidateMs: 30_000 }, { etag: '"1"' })
    await service.get('/a')
    await service.clock.tick(15_000)
    const abort = new AbortController()
    const headers = { 'if-none-match': '"1"', accept: 'text/plain' }
    expect((await service.send('/a', { method: 'HEAD', headers, signal: abort.signal })).status).toBe(304)
    abort.abort()
    await rest(service)
    expect(await service.line('/a')).toBe('HIT 2')
    const [, refresh] = service.asked
    expect([refresh?.method, refresh?.headers.get('if-none-match'), refresh?.headers.get('accept')]).toEqual(
      ['GET', null, 'text/plain'], // prettier-ignore
    )
    expect(refresh?.signal.aborted).toBe(false)
  })

  it('gives up a refresh that hangs, and tries again after a pause', async () => {
    const service = cachedService({ ttlMs: 10_000, staleWhileRevalidateMs: 600_000, loadTimeoutMs: 2_000 })
    await service.get('/a')
    await service.clock.tick(15_000)
    service.answers(() => new Promise(() => undefined))
    await service.get('/a')
    await service.clock.tick(2_000)
    expect(service.asked[1]?.signal.aborted).toBe(true)
    expect(service.told('cache.refresh_failed')).toBe(1)
    expect([await service.line('/a'), service.asked.length]).toEqual(['STALE 1', 2])
    service.answers(() => new Response('back'))
    await service.clock.tick(1_000)
    await service.get('/a')
    await rest(service)
    expect(await service.line('/a')).toBe('HIT back')
  })

  it.each([
    ['throws', fails],
    ['answers 503', unavailable],
  ])('waits longer each time that a refresh %s', async (_, fail) => {
    // prettier-ignore
    const service = cachedService({ ttlMs: 10_000, staleWhileRevalidateMs: 3_600_000 })
    await service.get('/a')
    await service.clock.tick(10_000)
    service.answers(fail)
    const triedAt: number[] = []
    for (let second = 0; second < 40; second += 1) {
      const before = service.asked.length
      expect(await service.line('/a')).toBe('STALE 1')
      await service.clock.tick(1_000)
      if (service.asked.length > before) triedAt.push(second)
    }
    expect(triedAt).toEqual([0, 1, 3, 7, 15, 31])
    expect(service.told('cache.refresh_failed')).toBe(6)
  })

  it('ends at once when a refresh brings what may not be stored', async () => {
    const service = cachedService({ ttlMs: 10_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 600_000 })
    await service.get('/a')
    await service.clock.tick(15_000)
    service.answers(() => new Response('gone', { status: 404 }))
    expect(await service.line('/a')).toBe('STALE 1')
    await rest(service)
    expect((await service.get('/a')).status).toBe(404)
    service.answers(unavailable)
    expect((await service.get('/a')).status).toBe(503)
  })

  it('keeps the refresh alive by the waitUntil of the platform', async () => {
    const { clock, host } = cachedService()
    const cache = createCache<CachedResponse>({ host })
    const kept: Promise<unknown>[] = []
    const ctx = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) }
    let count = 0
    const handler = cacheMiddleware({ cache, host, ttlMs: 10_000, staleWhileRevalidateMs: 30_000 })(
      (_request: Request, _ctx: typeof ctx) => new Response(String(++count)),
    )
    const get = async (): Promise<Response> => handler(new Request('https://a.example/'), ctx)
    await get()
    await clock.tick(15_000)
    kept.length = 0
    expect(word(await get())).toBe('STALE')
    expect(kept.length).toBeGreaterThan(0)
    await Promise.all(kept)
    expect(await (await get()).text()).toBe('2')
  })
})

describe('stale-if-error', () => {
  const failures = [['throws', fails], ['answers 503', unavailable]] as const // prettier-ignore

  describe.each(failures)('a handler that %s', (_, fail) => {
    it.each([
      [{}, 'max-age=10, stale-if-error=600'],
      [{ ttlMs: 10_000, staleIfErrorMs: 600_000 }, 'public'],
    ])('is stood in for (%o, %s)', async (options, cacheControl) => {
      const service = cachedService(options, { 'cache-control': cacheControl })
      await service.get('/a')
      await service.clock.tick(15_000)
      service.answers(fail)
      for (const method of ['GET', 'HEAD']) expect(word(await service.send('/a', { method }))).toBe('STALE')
      service.answers(() => new Response('back', { headers: { 'cache-control': 'max-age=10' } }))
      await service.clock.tick(1_000)
      expect([await service.line('/a'), await service.line('/a')]).toEqual(['MISS back', 'HIT back'])
    })

    it('is stood in for before a herd, and then left alone for a while', async () => {
      const service = cachedService({ ttlMs: 10_000, staleIfErrorMs: 600_000 })
      await service.get('/a')
      await service.clock.tick(15_000)
      service.answers(fail)
      const lines = await Promise.all(Array.from({ length: 50 }, () => service.line('/a')))
      expect(new Set(lines)).toEqual(new Set(['STALE 1']))
      expect(service.asked).toHaveLength(2)
      await service.line('/a')
      await rest(service)
      expect(service.asked).toHaveLength(2)
    })

    it('is not, once the window is over', async () => {
      const service = cachedService({}, { 'cache-control': 'max-age=10, stale-if-error=600' })
      await service.get('/a')
      await service.clock.tick(610_000)
      service.answers(fail)
      const answer = await service.get('/a').then(({ status }) => status, String)
      expect([503, 'Error: db down']).toContain(answer)
    })
  })

  it('stands in for a handler that hangs, whose late answer is stored all the same', async () => {
    const service = cachedService({ ttlMs: 10_000, staleIfErrorMs: 600_000, loadTimeoutMs: 2_000 })
    await service.get('/a')
    await service.clock.tick(15_000)
    const slow = gate()
    service.answers(async () => {
      await slow.opened
      // With a tag of its own: no digest, which the clock would not wait for.
      return new Response('late', { headers: { etag: '"1"' } })
    })
    const line = service.line('/a')
    await service.clock.tick(2_000)
    expect(await line).toBe('STALE 1')
    slow.open()
    await service.clock.tick(1)
    expect(await service.line('/a')).toBe('HIT late')
  })

  it('is not for what the caller did wrong', async () => {
    const service = cachedService({ ttlMs: 10_000, staleIfErrorMs: 600_000 })
    await service.get('/a')
    await service.clock.tick(15_000)
    service.answers(() => new Response('no', { status: 404 }))
    expect((await service.get('/a')).status).toBe(404)
  })
})

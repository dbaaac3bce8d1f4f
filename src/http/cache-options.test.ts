import { expect, it } from 'vitest'
import { createCache } from '../cache/index.ts'
import { cacheMiddleware, type CachedResponse, type CacheMiddlewareOptions } from './index.ts'

const cache = createCache<CachedResponse>()

it.each<[option: string, value: unknown]>([
  ['cache', { get: () => undefined }],
  ['ttlMs', -1],
  ['ttlMs', '60s'],
  ['ttlMs', NaN],
  ['ttlMs', undefined],
  ['vary', ['*']],
  ['vary', ['no name']],
  ['vary', 'accept'],
  ['key', 'url'],
  ['include', ['api']],
  ['include', '/api'],
  ['exclude', [() => true]],
  ['staleWhileRevalidateMs', -1],
  ['staleIfErrorMs', NaN],
  ['maxBytes', 0.5],
  ['maxVariants', 0],
  ['loadTimeoutMs', 0],
  ['cacheTimeoutMs', 0],
  ['allowClientRevalidation', 'yes'],
  ['targeted', 1],
  ['ignoreCookies', '_ga'],
  ['ignoreCookies', ['']],
  ['ignoreCookies', [() => true]],
  ['tags', ['page']],
  ['name', ''],
  ['host', {}],
])('refuses %s: %s, by its name', (option, value) => {
  const options = { cache, ttlMs: 1, [option]: value } as unknown as CacheMiddlewareOptions
  expect(() => cacheMiddleware(options)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  expect(() => cacheMiddleware(options)).toThrow(option)
})

it.each(['ttlMs', 'staleWhileRevalidateMs', 'staleIfErrorMs'])('takes Infinity for %s', (option) => {
  expect(() => cacheMiddleware({ cache, ttlMs: 1, [option]: Infinity })).not.toThrow()
})

it('refuses tags for a cache that cannot be told of them', () => {
  const plain = { get: () => undefined, set: () => undefined, delete: () => undefined }
  expect(() => cacheMiddleware({ cache: plain, ttlMs: 1, tags: () => [] })).toThrow(
    'cache must have a method invalidateTag()',
  )
})

it('refuses what it does not know', () => {
  expect(() => cacheMiddleware({ cache, ttlMs: 1, swr: 5 } as CacheMiddlewareOptions)).toThrow('unknown option "swr"')
})

it('asks nothing of the cache before the first request', () => {
  const untouched = {
    get: () => expect.fail('get'),
    set: () => expect.fail('set'),
    delete: () => expect.fail('delete'),
  }
  cacheMiddleware({ cache: untouched, ttlMs: 1 })(() => new Response())
})

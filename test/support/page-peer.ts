import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { createTieredCache } from '../../src/cache/index.ts'
import type { CacheStore } from '../../src/core/cache-store.ts'
import { cachedResponseCodec, cacheMiddleware, toNode, type CachedResponse } from '../../src/http/index.ts'
import { pgCacheStore } from '../../src/pg/index.ts'
import { redisCacheBus, redisCacheStore } from '../../src/redis/index.ts'
import { redisClient } from './redis-clients.ts'

const [redisUrl = '', prefix = '', postgresUrl = ''] = process.argv.slice(2)

const { client, send } = await redisClient('ioredis', redisUrl)
const pool = postgresUrl === '' ? undefined : new pg.Pool({ connectionString: postgresUrl, max: 10 })
const store: CacheStore = pool === undefined ? redisCacheStore(client, { prefix }) : pgCacheStore(pool)

const cache = createTieredCache<CachedResponse>({
  // Of this test alone, also in a schema that others share.
  name: prefix.replaceAll(':', '-'),
  store,
  bus: redisCacheBus(client, { channel: prefix }),
  codec: cachedResponseCodec,
  // Neither is about a deadline on a machine under load.
  storeTimeoutMs: 10_000,
  loadTimeoutMs: 60_000,
})

const data = (name: string): string => `${prefix}data:${name}`

async function until(name: string): Promise<void> {
  while ((await send('GET', data(name))) === null) await sleep(5)
}

/**
 * `GET /held/1` reads its data, says so, and answers when it is let go; `POST` changes the data; `PURGE`, by a tag, drops
 * what is stored. Every page has the number of its data as its body.
 */
async function handle({ method, url }: Request): Promise<Response> {
  const { pathname } = new URL(url)
  if (method === 'POST') return new Response(String(await send('INCR', data(pathname))))
  if (method === 'PUT') {
    await send('INCR', data(pathname))
    await cache.invalidateTag(pathname)
    return new Response(null, { status: 404 })
  }
  const body = ((await send('GET', data(pathname))) as string | null) ?? '0'
  if (pathname.startsWith('/held')) {
    await send('SET', data(`${pathname} read`), '1')
    await until(`${pathname} let go`)
  }
  return new Response(body, { headers: { vary: 'x-variant' } })
}

const handler = cacheMiddleware({
  cache,
  ttlMs: 3_600_000,
  key: ({ url }) => new URL(url).pathname,
  tags: ({ url }) => [new URL(url).pathname],
  cacheTimeoutMs: 20_000,
  loadTimeoutMs: 60_000,
})(handle)

// It listens before anybody asks.
await cache.get('subscribe')
const server = createServer(toNode(handler)).listen(0, '127.0.0.1', () =>
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
process.on('disconnect', () => process.exit(0))

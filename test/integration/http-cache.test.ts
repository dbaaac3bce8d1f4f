import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTieredCache } from '../../src/cache/index.ts'
import { createHost } from '../../src/core/host.ts'
import {
  cachedResponseCodec,
  cacheMiddleware,
  toNode,
  type CachedResponse,
  type CacheMiddlewareOptions,
} from '../../src/http/index.ts'
import { redisCacheStore } from '../../src/redis/index.ts'
import { ownName, startRedis } from '../servers/index.ts'
import { listen } from '../support/node-server.ts'
import { redisClient, type RedisClient } from '../support/redis-clients.ts'

interface Process {
  readonly url: string
  asked(): number
}

type StartOptions = Partial<CacheMiddlewareOptions> & { readonly storeTimeoutMs?: number }

type Shown = readonly [word: string | null, body: string]

async function get(url: string, headers: Record<string, string> = {}): Promise<Shown> {
  const response = await fetch(url, { headers })
  return [response.headers.get('x-cache'), await response.text()]
}

/** A process with an HTTP server, whose responses are kept in memory and in Redis. */
async function start(client: RedisClient['client'], prefix: string, options: StartOptions = {}): Promise<Process> {
  // Long enough by default for a machine under load, where a missed deadline would look like a response not stored.
  const { storeTimeoutMs = 10_000, ...others } = options
  const host = createHost()
  const cache = createTieredCache<CachedResponse>({
    name: 'pages',
    store: redisCacheStore(client, { prefix }),
    codec: cachedResponseCodec,
    storeTimeoutMs,
    host,
  })
  let asked = 0
  const cached = cacheMiddleware({ cache, ttlMs: 60_000, host, cacheTimeoutMs: 10_000, ...others })(({
    headers,
    method,
  }) => {
    asked += 1
    const language = headers.get('x-language') ?? ''
    return new Response(method === 'GET' ? `${language}${asked} \u00e9 grüße 𝄞` : 'written')
  })
  const { url } = await listen(toNode(cached))
  return { url, asked: () => asked }
}

describe('responses in Redis', () => {
  let redis: RedisClient

  beforeAll(async () => {
    redis = await redisClient('ioredis', inject('redisUrl'))
  })
  afterAll(() => redis.close())

  /** What one process stored is there for another one, a moment later. */
  async function stored(prefix: string): Promise<void> {
    const other = await start(redis.client, prefix, { key: () => 'page' })
    const only = { 'cache-control': 'only-if-cached' }
    while ((await fetch(other.url, { headers: only })).status === 504);
  }

  it('are served by a process that never asked its handler', async () => {
    const prefix = ownName()
    const options = { key: () => 'page' }
    const [one, other] = [await start(redis.client, prefix, options), await start(redis.client, prefix, options)]
    const first = await get(one.url)
    await stored(prefix)
    expect([first, await get(other.url)]).toEqual([
      ['MISS', '1 \u00e9 grüße 𝄞'],
      ['HIT', '1 \u00e9 grüße 𝄞'],
    ])
    expect(other.asked()).toBe(0)
    const etag = (await fetch(one.url)).headers.get('etag') ?? ''
    expect((await fetch(other.url, { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  it('are dropped for a process that starts after a write', async () => {
    const prefix = ownName()
    const options = { key: () => 'page' }
    const one = await start(redis.client, prefix, options)
    await get(one.url)
    await stored(prefix)
    expect((await fetch(one.url, { method: 'POST' })).headers.get('x-cache')).toBeNull()
    const other = await start(redis.client, prefix, options)
    expect((await get(other.url))[0]).toBe('MISS')
  })

  it('keep their variants apart', async () => {
    const one = await start(redis.client, ownName(), { vary: ['x-language'] })
    for (const language of ['rw', 'en']) await get(one.url, { 'x-language': language })
    const again = []
    for (const language of ['rw', 'en']) again.push((await get(one.url, { 'x-language': language }))[1].slice(0, 3))
    expect(again).toEqual(['rw1', 'en2'])
  })

  it('cost no answer when Redis dies or freezes', async () => {
    const server = await startRedis({ private: true })
    const mortal = await redisClient('ioredis', server.url)
    try {
      const { url } = await start(mortal.client, ownName(), { storeTimeoutMs: 250, cacheTimeoutMs: 1_000 })
      while ((await get(`${url}/a`))[0] !== 'HIT');
      await server.pause()
      expect(await get(`${url}/a`)).toEqual(['HIT', '1 \u00e9 grüße 𝄞'])
      const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => fetch(`${url}/frozen/${at}`)))
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
      await server.resume()
      await server.kill()
      expect((await fetch(`${url}/dead`)).status).toBe(200)
      expect((await fetch(`${url}/dead`, { method: 'DELETE' })).status).toBe(200)
    } finally {
      mortal.close()
      await server.stop()
    }
  })
})

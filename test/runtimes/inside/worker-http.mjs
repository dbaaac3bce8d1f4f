// Pages behind `cacheMiddleware` in a Worker: real responses, by their path.
import { createCache, createTieredCache, memoryCacheStore } from '@easymo/perf/cache'
import { cachedResponseCodec, cacheMiddleware } from '@easymo/perf/http'
import { sleep } from './worker-cache.mjs'

const store = memoryCacheStore()
const tiered = () => createTieredCache({ name: 'pages', store, codec: cachedResponseCodec })

/** How often each page was made. */
const made = {}

/** A page of all byte values, and its own number at the end. */
async function page(request) {
  const { pathname, searchParams } = new URL(request.url)
  if (request.method !== 'GET' && request.method !== 'HEAD') return new Response('done')
  const nth = (made[pathname] = (made[pathname] ?? 0) + 1)
  const ms = Number(searchParams.get('ms') ?? 0)
  if (searchParams.has('hangs') && nth === 1) await sleep(60_000)
  if (ms > 0) await sleep(ms)
  const bytes = Uint8Array.from({ length: 257 }, (_, at) => (at < 256 ? at : nth))
  const body = searchParams.has('streams') ? slowly(bytes) : bytes
  return new Response(body, { headers: { 'content-type': 'application/octet-stream', 'x-nth': String(nth) } })
}

function slowly(bytes) {
  const { readable, writable } = new TransformStream()
  const writer = writable.getWriter()
  const write = async () => {
    for (let at = 0; at < bytes.length; at += 64) {
      await writer.write(bytes.slice(at, at + 64))
      await sleep(20)
    }
    await writer.close()
  }
  write().catch(() => undefined)
  return readable
}

const through = (cache, options) => cacheMiddleware({ cache, ttlMs: 60_000, loadTimeoutMs: 2_000, ...options })(page)

/** What is the same page for both instances. */
const nameOf = (request) => new URL(request.url).pathname.split('/')[2]

/** By the first part of the path. */
const handlers = {
  pages: through(createCache({ name: 'pages' })),
  brief: through(createCache({ name: 'brief' }), { ttlMs: 200, staleWhileRevalidateMs: 60_000 }),
  one: through(tiered(), { key: nameOf }),
  two: through(tiered(), { key: nameOf }),
}

export const pageHandlerOf = (pathname) => handlers[pathname.split('/')[1]]

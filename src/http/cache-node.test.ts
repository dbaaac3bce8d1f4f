import { createHash } from 'node:crypto'
import { get as nodeGet, request as nodeRequest, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createCache } from '../cache/index.ts'
import { listen, until, type Listening } from '../../test/support/node-server.ts'
import { gate } from '../../test/support/dedup-probe.ts'
import { cacheMiddleware, toNode, type CachedResponse, type CacheMiddlewareOptions, type Handler } from './index.ts'

/** A real server in front of the handler. */
function serve(handler: Handler, options: Partial<CacheMiddlewareOptions> = {}): Promise<Listening> {
  const cache = createCache<CachedResponse>()
  return listen(toNode(cacheMiddleware({ cache, ttlMs: 60_000, ...options })(handler)))
}

const piece = (size: number, seed: number): Uint8Array => new Uint8Array(size).fill(seed % 251)

/** A body of `count` pieces, made only as fast as it is read. */
function pieces(count: number, size: number): ReadableStream<Uint8Array> {
  let made = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (made === count) controller.close()
        else controller.enqueue(piece(size, made++))
      },
    },
    { highWaterMark: 0 },
  )
}

function hashOf(count: number, size: number): string {
  const hash = createHash('sha256')
  for (let at = 0; at < count; at += 1) hash.update(piece(size, at))
  return hash.digest('hex')
}

async function received(response: Response): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of response.body ?? []) hash.update(chunk)
  return hash.digest('hex')
}

describe('over a real connection', () => {
  it('answers 304 to who has it, and the whole to who has not', async () => {
    let asked = 0
    const { url } = await serve(() => {
      asked += 1
      return Response.json({ city: 'Kigali' })
    })
    const first = await fetch(url)
    const etag = first.headers.get('etag') ?? ''
    expect(await first.json()).toEqual({ city: 'Kigali' })
    const again = await fetch(url, { headers: { 'if-none-match': etag } })
    expect([again.status, again.headers.get('x-cache'), again.headers.get('etag')]).toEqual([304, 'HIT', etag])
    const other = await fetch(url, { headers: { 'if-none-match': '"other"' } })
    expect([other.status, other.headers.get('content-length'), await other.text()]).toEqual(
      [200, '17', '{"city":"Kigali"}'], // prettier-ignore
    )
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '17', ''])
    expect(asked).toBe(1)
  })

  it('asks the handler once for a hundred connections', async () => {
    let asked = 0
    const { opened, open } = gate()
    const { url } = await serve(async () => {
      asked += 1
      await opened
      return new Response('one for all')
    })
    const herd = Array.from({ length: 100 }, async () => {
      const response = await fetch(url)
      return [response.headers.get('x-cache'), await response.text()].join(' ')
    })
    await until(() => asked > 0)
    open()
    const hits = Array.from({ length: 99 }, () => 'HIT one for all')
    expect([...(await Promise.all(herd)).sort(), asked]).toEqual([...hits, 'MISS one for all', 1])
  })

  it('stores a body that comes in pieces, and sends it whole', async () => {
    const { url } = await serve(() => new Response(pieces(64, 10_000)))
    const expected = hashOf(64, 10_000)
    expect(await received(await fetch(url))).toBe(expected)
    const hit = await fetch(url)
    expect([hit.headers.get('x-cache'), hit.headers.get('content-length')]).toEqual(['HIT', '640000'])
    expect(await received(hit)).toBe(expected)
  })

  it('lets a large body through byte for byte, for everybody in a herd', async () => {
    const { url } = await serve(() => new Response(pieces(200, 40_000)))
    const expected = hashOf(200, 40_000)
    const herd = await Promise.all(Array.from({ length: 5 }, async () => received(await fetch(url))))
    expect(new Set(herd)).toEqual(new Set([expected]))
  })

  it('does not hold back the first byte of a body that is slow', async () => {
    const { opened, open } = gate()
    const { url } = await serve(() => {
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('first '))
          await opened
          controller.enqueue(new TextEncoder().encode('last'))
          controller.close()
        },
      })
      return new Response(body)
    })
    const reader = (await fetch(url)).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first ')
    open()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('last')
    const hit = await fetch(url)
    expect([hit.headers.get('x-cache'), await hit.text()]).toEqual(['HIT', 'first last'])
  })

  it('does not let a reader who stops reading hold the others up', async () => {
    const total = 64 * 10_000
    const { url, port } = await serve(() => new Response(pieces(64, 10_000)))
    const stuck = await new Promise<IncomingMessage>((resolve) => nodeGet({ port }, resolve))
    stuck.pause()
    const others = await Promise.all(
      Array.from({ length: 10 }, async () => (await (await fetch(url)).arrayBuffer()).byteLength),
    )
    expect(others).toEqual(Array.from({ length: 10 }, () => total))
    stuck.destroy()
  })

  it('goes on for the others when the first one hangs up', async () => {
    let [arrived, asked] = [0, 0]
    const { opened, open } = gate()
    const cached = cacheMiddleware({ cache: createCache<CachedResponse>(), ttlMs: 60_000 })(async ({ signal }) => {
      asked += 1
      // As a handler does that hands its signal on to fetch.
      if (asked === 1)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))))
      await opened
      return new Response('for the others')
    })
    const { url, port } = await listen(
      toNode((request) => {
        arrived += 1
        return cached(request)
      }),
    )
    const first = nodeRequest({ port })
    first.on('error', () => undefined)
    first.end()
    await until(() => asked === 1)
    const others = Array.from({ length: 20 }, async () => (await fetch(url)).text())
    await until(() => arrived === 21)
    first.destroy()
    await until(() => asked === 2)
    open()
    expect(new Set(await Promise.all(others))).toEqual(new Set(['for the others']))
    expect(asked).toBe(2)
  })

  it('keeps what two hosts answer apart, whoever the client claims to be', async () => {
    const { port } = await serve((request) => new Response(new URL(request.url).host))
    const ask = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        nodeGet({ port, headers: { host } }, (res) => {
          let text = ''
          res.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text))
        }).on('error', reject)
      })
    const hosts = ['shop.example', 'evil.example', 'shop.example']
    const seen = []
    for (const host of hosts) seen.push(await ask(host))
    expect(seen).toEqual(hosts)
  })
})

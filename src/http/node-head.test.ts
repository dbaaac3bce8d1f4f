import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exchange, LAST_REQUEST, listen } from '../../test/support/node-server.ts'
import type { Handler } from '../core/handler.ts'
import { toNode } from './index.ts'

const PAGE = 'a page that is long enough to be worth it, '.repeat(20)
const CODED = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync }

/** A real server whose answers are compressed, and have their length. */
async function upstream(coding?: keyof typeof CODED): Promise<string> {
  const body = coding === undefined ? Buffer.from(PAGE) : CODED[coding](PAGE)
  const headers = { ...(coding && { 'content-encoding': coding }), 'content-length': body.length, connection: 'close' }
  const { url } = await listen((_req, res) => {
    Object.assign(res, { statusCode: 200 })
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, String(value))
    res.end(body)
  })
  return url
}

const serve = (handler: Handler) => listen(toNode(handler, { onError: () => undefined }))

describe('what fetch gave', () => {
  it.each(['gzip', 'deflate', 'br', undefined] as const)('is whole, and in step: %s', async (coding) => {
    const from = await upstream(coding)
    const { url, port } = await serve((request) =>
      new URL(request.url).pathname === '/' ? new Response('the last') : fetch(from),
    )
    const answer = await fetch(`${url}/page`)
    expect([answer.headers.get('content-encoding'), answer.headers.get('connection')]).toEqual([null, 'keep-alive'])
    expect(await answer.text()).toBe(PAGE)
    const raw = await exchange(port, `GET /page HTTP/1.1\r\nHost: a\r\n\r\n${LAST_REQUEST}`)
    expect(raw.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(raw.endsWith('\r\n\r\nthe last')).toBe(true)
  })

  it('is no answer to HEAD with a length of what was compressed', async () => {
    const from = await upstream('gzip')
    const { url } = await serve((request) => fetch(from, { method: request.method }))
    const answer = await fetch(url, { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, null])
  })

  it('differs from what a handler has compressed itself, which stays as it is', async () => {
    const bytes = gzipSync(PAGE)
    const headers = { 'content-encoding': 'gzip', 'content-length': String(bytes.length) }
    const { url, port } = await serve(() => new Response(bytes, { headers }))
    expect(await (await fetch(url)).text()).toBe(PAGE)
    expect(await exchange(port, LAST_REQUEST)).toMatch(new RegExp(`content-length: ${bytes.length}`, 'i'))
  })
})

describe('fields of what stands before', () => {
  /** As a framework does: what it sets is on the response before the handler is asked. */
  async function behind(before: (res: ServerResponse) => void, handler: Handler): Promise<string> {
    const listener = toNode(handler, { onError: () => undefined })
    const server = createServer((req: IncomingMessage, res) => {
      before(res)
      listener(req, res)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('stay, where they add up: cookies, and what the answer depends on', async () => {
    const url = await behind(
      (res) =>
        res.setHeader('set-cookie', 'session=1').setHeader('vary', 'Origin').setHeader('cache-control', 'no-store'),
      () => new Response('x', { headers: { 'set-cookie': 'a=1', vary: 'Accept', 'cache-control': 'private' } }),
    )
    const { headers } = await fetch(url)
    expect(headers.getSetCookie()).toEqual(['session=1', 'a=1'])
    expect([headers.get('vary'), headers.get('cache-control')]).toEqual(['Origin, Accept', 'private'])
  })

  it('stay when the handler fails, and its own go', async () => {
    const url = await behind(
      (res) => res.setHeader('access-control-allow-origin', '*'),
      () => new Response('hello', { headers: { 'content-length': '9', etag: '"a"', 'cache-control': 'max-age=60' } }),
    )
    const { status, headers } = await fetch(url)
    expect([status, headers.get('access-control-allow-origin')]).toEqual([500, '*'])
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, null])
  })

  it('do not matter to who has answered already', async () => {
    const url = await behind(
      (res) => res.writeHead(503).end('too late'),
      () => new Response('ok'),
    )
    const answer = await fetch(url)
    expect([answer.status, await answer.text()]).toEqual([503, 'too late'])
  })
})

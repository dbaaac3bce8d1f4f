import { IncomingMessage, request as nodeRequest } from 'node:http'
import { connect, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { exchange, LAST_REQUEST, listen, until, type Listening } from '../../test/support/node-server.ts'
import { OptionError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { toNode, type ToNodeOptions } from './index.ts'

const serve = (handler: Handler, options?: ToNodeOptions): Promise<Listening> => listen(toNode(handler, options))

describe('the request', () => {
  it('has method, address, headers and body of what came over the wire', async () => {
    const { url } = await serve(async (request) =>
      Response.json({
        method: request.method,
        url: request.url,
        type: request.headers.get('content-type'),
        many: request.headers.get('x-many'),
        body: await request.text(),
      }),
    )
    const answer = await fetch(`${url}/a%20b?c=d&c=e`, {
      method: 'POST',
      headers: [['content-type', 'text/x'], ['x-many', '1'], ['x-many', '2']], // prettier-ignore
      body: 'grüße 𝄞',
    })
    expect(await answer.json()).toEqual({
      method: 'POST',
      url: `${url}/a%20b?c=d&c=e`,
      type: 'text/x',
      many: '1, 2',
      body: 'grüße 𝄞',
    })
  })

  it('has no body when none was sent', async () => {
    const bodies: unknown[] = []
    const { url } = await serve((request) => {
      bodies.push(request.body)
      return new Response()
    })
    for (const method of ['GET', 'DELETE', 'POST']) await fetch(url, { method })
    expect(bodies).toEqual([null, null, null])
  })

  it('streams a body of chunks, byte for byte', async () => {
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 256))
    const { port } = await serve(async (request) => new Response(await request.arrayBuffer()))
    const received = await new Promise<Buffer>((resolve, reject) => {
      const req = nodeRequest({ port, method: 'PUT' }, (res: IncomingMessage) => {
        const chunks: Buffer[] = []
        res.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)))
      })
      req.on('error', reject)
      for (let at = 0; at < sent.length; at += 99_991) req.write(sent.subarray(at, at + 99_991))
      req.end()
    })
    expect(received.equals(sent)).toBe(true)
  })

  it('makes a sender wait for a slow reader instead of collecting the body', async () => {
    let read = (): void => undefined
    const mayRead = new Promise<void>((resolve) => (read = resolve))
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    const { port } = await serve(async (request) => {
      reader = request.body?.getReader()
      let bytes = (await reader?.read())?.value?.length ?? 0
      await mayRead
      for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read())
        bytes += chunk.value.length
      return new Response(String(bytes))
    })
    const total = 64 * 1_048_576
    let sent = 0
    const answer = new Promise<string>((resolve, reject) => {
      const req = nodeRequest({ port, method: 'POST' }, (res) => {
        let text = ''
        res.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text))
      })
      req.on('error', reject)
      const chunk = Buffer.alloc(1_048_576)
      const push = (): void => {
        while (sent < total) {
          sent += chunk.length
          if (!req.write(chunk)) return void req.once('drain', push)
        }
        req.end()
      }
      push()
    })
    await until(() => reader !== undefined)
    // As long as bytes still move, give them time; they stop when the buffers of both sockets are full.
    for (let before = -1; before !== sent;) {
      before = sent
      for (let turns = 0; turns < 2_000; turns += 1) await turn()
    }
    expect(sent).toBeLessThan(total / 2)
    read()
    expect(await answer).toBe(String(total))
  })

  it('aborts its signal when the client goes away, and not after a full answer', async () => {
    const signals: AbortSignal[] = []
    const { port, url } = await serve(async (request) => {
      signals.push(request.signal)
      if (request.url.endsWith('/quick')) return new Response('ok')
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return new Response('nobody hears this')
    })
    await (await fetch(`${url}/quick`)).text()
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n'))
    await until(() => signals.length === 2)
    socket.destroy()
    await until(() => signals[1]?.aborted === true)
    expect((signals[1]?.reason as Error).name).toBe('AbortError')
    expect(signals[0]?.aborted).toBe(false)
  })

  it('fails the reader of a body whose sender goes away', async () => {
    let failed: unknown
    const { port } = await serve(async (request) => {
      await request.text().catch((error: unknown) => (failed = error))
      return new Response()
    })
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'),
    )
    await until(() => socket.bytesWritten > 0)
    for (let turns = 0; turns < 100; turns += 1) await turn()
    socket.destroy()
    await until(() => failed !== undefined)
    expect(failed).toBeInstanceOf(Error)
  })

  it('gets its origin from the options, and further arguments from a function', async () => {
    const { url } = await listen(
      toNode((request: Request, env: { readonly name: string }) => new Response(`${env.name} ${request.url}`), {
        origin: 'https://example.com',
        args: (req) => [{ name: req.method ?? '' }],
      }),
    )
    const answer = await fetch(`${url}/x`)
    expect(await answer.text()).toBe('GET https://example.com/x')
  })

  it('refuses an origin that would spoil the URL of every request', () => {
    const wrong = ['example.com', 'example.com:80', 'https://', 'https://a b', 'https://a:x', 'https://u@a', 'ftp://a']
    for (const origin of [...wrong, 'https://a/', 'https://a/base', 'https://a?b', ''])
      expect(() => toNode(() => new Response(), { origin }), origin).toThrow(OptionError)
    for (const origin of ['http://a', 'HTTPS://Example.com:443', 'http://[::1]:8080'])
      expect(() => toNode(() => new Response(), { origin }), origin).not.toThrow()
  })

  it('is answered with 400 when no web request can stand for it', async () => {
    let calls = 0
    const { port } = await serve(() => new Response(String((calls += 1))))
    for (const [line, host] of [
      ['GET / HTTP/1.1', 'a b'],
      ['GET / HTTP/1.1', 'user:pw@a'],
    ])
      // prettier-ignore
      expect(await exchange(port, `${line}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 Bad Request/)
    expect(calls).toBe(0)
  })
})

it('takes requests that were made of a Lambda’s event, and have no raw fields', async () => {
  const echo = toNode(
    async (request) =>
      new Response(`${request.method} ${request.url} ${request.headers.get('x-many')} ${await request.text()}`),
  )
  const { port } = await listen((_req, res) => {
    const body = Buffer.from('{"a":1}')
    const headers = { host: 'a.example', 'x-many': ['1', '2'], 'content-length': String(body.length) }
    const made = Object.assign(new IncomingMessage(new Socket()), { method: 'POST', url: '/p', headers, body })
    echo(made, res)
  })
  const text = await exchange(port, LAST_REQUEST)
  expect(text).toContain('POST http://a.example/p 1, 2 {"a":1}')
})

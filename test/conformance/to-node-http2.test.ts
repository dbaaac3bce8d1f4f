import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createSecureServer, createServer, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2' // prettier-ignore
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCache } from '../../src/cache/index.ts'
import type { Handler } from '../../src/core/handler.ts'
import { cacheMiddleware, toNode, type CachedResponse } from '../../src/http/index.ts'
import { until } from '../support/node-server.ts'
import { slowly } from './node/case.ts'

interface Http2Server {
  readonly client: ClientHttp2Session
  readonly errors: unknown[]
}

/** A handler on a real HTTP/2 server, without TLS unless a key is given, and a client of it. */
async function serve(handler: Handler, tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<Http2Server> {
  const errors: unknown[] = []
  const listener = toNode(handler, { onError: (error) => errors.push(error) })
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = connect(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, { rejectUnauthorized: false })
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  return { client, errors }
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The code that the stream was reset with; 0 when it came to its end. */
  readonly reset: number
}

function ask({ client }: Http2Server, headers: OutgoingHttpHeaders, body?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = client.request(headers, { endStream: body === undefined })
    let [text, got]: [string, IncomingHttpHeaders] = ['', {}]
    stream.on('response', (its) => (got = its))
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    stream.on('error', () => undefined)
    stream.on('close', () =>
      resolve({ status: got[':status'] as number | undefined, headers: got, body: text, reset: stream.rstCode }),
    )
    if (body !== undefined) stream.end(body)
  })
}

const echo: Handler = async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    host: request.headers.get('host'),
    cookie: request.headers.get('cookie'),
    hasBody: request.body !== null,
    body: await request.text(),
  })

describe('a request', () => {
  it.each([
    [
      '8.3.1: the authority is the host',
      { ':authority': 'a.example', ':path': '/p?q' },
      { url: 'http://a.example/p?q', host: 'a.example' },
    ],
    [
      '8.3.1: another authority is another host',
      { ':authority': 'b.example:8080' },
      { url: 'http://b.example:8080/', host: 'b.example:8080' },
    ],
    [
      '8.3.1: a Host that says the same',
      { ':authority': 'a.example', host: 'A.example' },
      { url: 'http://a.example/', host: 'A.example' },
    ],
    [
      '8.3.1: two slashes begin a path',
      { ':authority': 'a.example', ':path': '//evil/p' },
      { url: 'http://a.example//evil/p' },
    ],
    [
      '8.2.3: parts of a cookie field are joined as cookies are',
      { ':authority': 'a', cookie: ['a=1', 'b=2'] },
      { cookie: 'a=1; b=2' },
    ],
    [
      '8.1: a stream that ends with its head has no body',
      { ':authority': 'a', ':method': 'POST' },
      { hasBody: false, body: '' },
    ],
    [
      '8.3.1: OPTIONS of a path is the business of its handler',
      { ':authority': 'a', ':method': 'OPTIONS', ':path': '/p' },
      { method: 'OPTIONS' },
    ],
  ] as const)('RFC 9113 %s', async (_, headers, seen) => {
    const { status, body } = await ask(await serve(echo), { ...headers } as OutgoingHttpHeaders)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject(seen)
  })

  it.each([
    ['8.1: a body without a length', {}, 'hello'],
    ['8.1.1: a body with its length', { 'content-length': '5' }, 'hello'],
    ['8.1: a body of no bytes', {}, ''],
  ] as const)('RFC 9113 %s', async (_, headers, body) => {
    const answer = await ask(await serve(echo), { ':method': 'POST', ...headers }, body)
    expect(JSON.parse(answer.body)).toMatchObject({ method: 'POST', body, hasBody: true })
  })

  it.each([
    ['8.3.1: a Host that is another one', { ':authority': 'a.example', host: 'b.example' }, 400],
    ['8.3.1: an authority with a user', { ':authority': 'user:pw@a.example' }, 400],
    ['8.3.1: an authority with a path', { ':authority': 'a.example/admin?' }, 400],
    ['8.3.1: an authority with a backslash', { ':authority': 'a\\admin' }, 400],
    ['8.3.1: a path that begins with no slash', { ':path': 'admin' }, 400],
    ['8.3.1: a path with a fragment', { ':path': '/public#/../admin' }, 400],
    ['8.3.1: a path with a backslash', { ':path': '/public\\..\\admin' }, 400],
    ['8.3.1: a path with a blank', { ':path': '/a b' }, 400],
    ['8.3.1: * is for OPTIONS alone', { ':path': '*' }, 400],
    ['8.3.1: OPTIONS * asks for the server', { ':method': 'OPTIONS', ':path': '*' }, 204],
    ['8.3.1: TRACE reflects nothing', { ':method': 'TRACE' }, 501],
    ['8.5: CONNECT makes no tunnel', { ':method': 'CONNECT', ':authority': 'b.example:80' }, 405],
    ['8.3.1: methods are written in capitals', { ':method': 'get' }, 501],
  ] as const)('RFC 9113 %s', async (_, headers, status) => {
    let calls = 0
    const server = await serve(() => new Response(String((calls += 1))))
    const given: OutgoingHttpHeaders = { ...headers }
    const answer = await ask(server, given)
    // Either answered, or the stream was refused by the protocol itself.
    expect([status, undefined]).toContain(answer.status)
    if (answer.status === undefined) expect(answer.reset).not.toBe(0)
    expect(calls).toBe(0)
  })

  it('RFC 9113 8.3.1: two hosts of one connection are two for the response cache', async () => {
    const cache = createCache<CachedResponse>({ maxEntries: 10, ttlMs: 60_000 })
    const cached = cacheMiddleware({ cache, ttlMs: 60_000 })((request) => new Response(`page of ${request.url}`))
    const server = await serve(cached)
    for (const host of ['a.example', 'b.example', 'a.example'])
      expect((await ask(server, { ':authority': host, ':path': '/p' })).body).toBe(`page of http://${host}/p`)
  })

  it('RFC 9113 8.3.1: over TLS the scheme is https', async () => {
    const { body } = await ask(await serve(echo, ownKey()), { ':authority': 'a.example' })
    expect(JSON.parse(body)).toMatchObject({ url: 'https://a.example/' })
  })
})

describe('an answer', () => {
  const answered = async (response: () => Response, headers: OutgoingHttpHeaders = {}) => {
    const server = await serve(response)
    return { ...(await ask(server, headers)), errors: server.errors }
  }

  it('RFC 9113 8.2.2: has no fields of a connection', async () => {
    const headers = { connection: 'x-a', 'x-a': '1', 'keep-alive': '1', 'transfer-encoding': 'chunked', upgrade: 'h2c', 'proxy-connection': 'close', te: 'gzip', 'x-b': '2' } // prettier-ignore
    const answer = await answered(() => new Response('hello', { headers }))
    expect([answer.status, answer.body, answer.headers['x-b']]).toEqual([200, 'hello', '2'])
    for (const name of Object.keys(headers).slice(0, -1)) expect(answer.headers[name], name).toBeUndefined()
  })

  it('RFC 9113 8.3.2: has no reason, and Node need not warn of one', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): number => warnings.push(warning)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const throws = (): Response => {
      throw new Error('no')
    }
    expect((await answered(() => new Response('x', { status: 202, statusText: 'Taken' }))).status).toBe(202)
    expect((await answered(throws)).status).toBe(500)
    expect((await answered(throws, { ':path': '/#' })).status).toBe(400)
    await new Promise(setImmediate)
    expect(warnings).toEqual([])
  })

  it.each([
    [
      '9110 9.3.2: HEAD has no body, and the length of GET',
      { ':method': 'HEAD' },
      [() => new Response('hello', { headers: { 'content-length': '5' } }), [200, '', '5']],
    ],
    [
      '9110 15.3.5: 204 has no length',
      {},
      [() => new Response(null, { status: 204, headers: { 'content-length': '5' } }), [204, '', undefined]],
    ],
    [
      '9110 8.6: a length that is too small is mended',
      {},
      [() => new Response('hello', { headers: { 'content-length': '3' } }), [200, 'hello', '5']],
    ],
    [
      '9113 8.1.1: a length that is too large is no answer',
      {},
      [
        () => new Response('hello', { headers: { 'content-length': '7' } }),
        [500, 'Internal Server Error\n', undefined],
      ],
    ],
    ['9113 8.1: a stream comes whole', {}, [() => new Response(slowly('one', 'two')), [200, 'onetwo', undefined]]],
  ] as const)('RFC %s', async (_, headers, [response, expected]) => {
    const answer = await answered(response, { ...headers })
    expect([answer.status, answer.body, answer.headers['content-length']]).toEqual(expected)
    expect(answer.reset).toBe(0)
  })

  it.each([
    ['is shorter than its length', { 'content-length': '7' }],
    ['is longer than its length', { 'content-length': '4' }],
  ])('RFC 9113 8.1.1: does not pass for whole when it %s', async (_, headers) => {
    const answer = await answered(() => new Response(slowly('one', 'two'), { headers }))
    expect(answer.reset).not.toBe(0)
    expect(answer.errors).toMatchObject([{ code: 'ERR_PERF_RESPONSE' }])
  })

  it('RFC 9113 5.4.2: does not pass for whole when its stream fails', async () => {
    let pulls = 0
    const failing = {
      async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
        await new Promise(setImmediate)
        if ((pulls += 1) > 2) controller.error(new Error('gone'))
        else controller.enqueue(new TextEncoder().encode('part'))
      },
    }
    const answer = await answered(() => new Response(new ReadableStream(failing, { highWaterMark: 0 })))
    expect(answer.reset).not.toBe(0)
    expect(answer.errors).toMatchObject([{ message: 'gone' }])
  })

  it('RFC 9113 5.4.2: a stream that its client resets stops, and its handler hears of it', async () => {
    let [stopped, signal]: [boolean, AbortSignal | undefined] = [false, undefined]
    const endless = {
      pull: (controller: ReadableStreamDefaultController<Uint8Array>) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => void (stopped = true),
    }
    const { client } = await serve((request) => {
      signal = request.signal
      return new Response(new ReadableStream(endless))
    })
    const stream = client.request({})
    stream.on('error', () => undefined)
    stream.once('data', () => stream.close(8))
    await until(() => stopped && signal?.aborted === true)
    expect(stopped).toBe(true)
  })

  it('RFC 9113 5: many streams of one connection are answered side by side', async () => {
    const server = await serve(async (request) => new Response(slowly(...request.url.slice(-3))))
    const urls = Array.from({ length: 50 }, (_, index) => `/${String(index).padStart(3, '0')}`)
    const answers = await Promise.all(urls.map((url) => ask(server, { ':path': url })))
    expect(answers.map(({ body }) => `/${body}`)).toEqual(urls)
  })
})

function ownKey(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'to-node-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const options = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=a.example',
  ]
  execFileSync('openssl', ['req', ...options, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const pair = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return pair
}

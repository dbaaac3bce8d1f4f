import { describe, expect, it } from 'vitest'
import { createDedup } from '../../src/dedup/index.ts'
import { deduplicationMiddleware, toNode } from '../../src/http/index.ts'
import { gate } from '../support/dedup-probe.ts'
import { deduplicated, posting, seen } from '../support/deduplicated.ts'
import { listen, until } from '../support/node-server.ts'

const HANDLED = [200, 'handled']
const body = (...ids: readonly string[]): string => JSON.stringify({ ids })

describe('what cannot be deduplicated', () => {
  it.each(['GET', 'PUT', 'DELETE', 'PATCH'])('passes through untouched: %s', async (method) => {
    const given: unknown[] = []
    const dedup = createDedup()
    const keys = (): never => expect.unreachable('it was asked')
    const handler = deduplicationMiddleware({ name: 'door', dedup, keys })((request: Request, ...args: unknown[]) => {
      given.push(request, ...args)
      return new Response()
    })
    const request = new Request('https://example.test', { method })
    await handler(request, 'env', 'ctx')
    expect(given).toEqual([request, 'env', 'ctx'])
    expect(given[0]).toBe(request)
    expect(handler.stats().deliveries).toBe(0)
  })

  it.each([
    ['no keys', []],
    ['nothing', undefined],
    ['a string', 'a'],
    ['a key that is missing', ['a', undefined]],
    ['an empty key', ['a', '']],
    ['a number', [5]],
  ])('passes through each time, counted: %s', async (_, keys) => {
    const { post, handled, handler } = deduplicated({ keys: () => keys as string[] })
    expect(await seen(post('a'))).toEqual(HANDLED)
    expect(await seen(post('a'))).toEqual(HANDLED)
    expect(handled).toEqual([body('a'), body('a')])
    expect(handler.stats()).toMatchObject({ deliveries: 0, unkeyed: 2 })
  })

  it.each(['', 'a=b', '{"ids":["a"]', '\xff'])(
    'passes through each time, counted, when it is no JSON: %j',
    async (text) => {
      const { handler, handled } = deduplicated()
      await handler(posting(text))
      await handler(posting(text))
      expect(handled).toEqual([text, text])
      expect(handler.stats()).toMatchObject({ deliveries: 0, notJson: 2 })
    },
  )

  it('is not handled when its keys cannot be told: what `keys` throws goes on', async () => {
    const error = new TypeError('body is null')
    const { post, handled } = deduplicated({ keys: () => Promise.reject(error) })
    await expect(post('a')).rejects.toBe(error)
    expect(handled).toEqual([])
  })

  it('is turned away when it stops in the middle, after thirty seconds', async () => {
    const { handler, handled, clock } = deduplicated()
    const begun = new ReadableStream({ start: (its) => its.enqueue(new Uint8Array(8)) })
    const answering = handler(new Request('https://example.test', { method: 'POST', body: begun, duplex: 'half' } as RequestInit)) // prettier-ignore
    await clock.tick(29_999)
    expect(await Promise.race([answering, 'not yet'])).toBe('not yet')
    await clock.tick(1)
    expect((await answering).status).toBe(400)
    expect([handled, handler.stats().rejected]).toEqual([[], 1])
  })

  it('is turned away when it is too large', async () => {
    const { handler, handled } = deduplicated({ maxBodyBytes: 16 })
    expect(await seen(Promise.resolve(handler(posting('{"ids":["abcdef"]}'))))).toEqual([
      413,
      '{"success":false,"error":"body_too_large"}',
    ])
    expect((await handler(posting('{"ids":["abcd"]}'))).status).toBe(200)
    expect(handled).toHaveLength(1)
    expect(handler.stats().rejected).toBe(1)
  })

  it('is a fault of this side when it was read before: the sender has to come again', async () => {
    const { handler, handled } = deduplicated()
    const request = posting('{"ids":["a"]}', { 'content-length': '13' })
    await request.text()
    const answer = await handler(request)
    expect([answer.status, await answer.json()]).toEqual([500, { success: false, error: 'body_consumed' }])
    expect(handled).toEqual([])
  })
})

describe('the request', () => {
  it('is the same to the handler, byte for byte', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0xc3, 0x28, 0x22])
    const given: Request[] = []
    const handler = deduplicationMiddleware({ name: 'door', dedup: createDedup(), keys: () => ['a'] })((
      request: Request,
    ) => {
      given.push(request)
      return new Response()
    })
    await handler(posting(bytes, { 'x-of': 'the sender', 'content-type': 'application/x-odd' }))
    const [request] = given
    expect(request?.method).toBe('POST')
    expect(request?.url).toBe('https://example.test/hook?a=b')
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      'x-of': 'the sender',
      'content-type': 'application/x-odd',
    })
    expect(new Uint8Array((await request?.arrayBuffer()) ?? [])).toEqual(bytes)
  })

  it('shows its headers and address to `keys`, which may take its time', async () => {
    const keys = async (_: unknown, request: Request): Promise<string[]> => {
      await Promise.resolve()
      return [`${request.headers.get('x-delivery')} ${new URL(request.url).pathname}`]
    }
    const { handler, other } = deduplicated({ keys })
    await handler(posting('null', { 'x-delivery': 'd1' }))
    expect(other.seen('door:d1 /hook')).toBe(false)
    expect(await other.once('door:d1 /hook', () => 1)).toEqual({ status: 'duplicate' })
  })

  it('takes its further arguments along, and has the work kept alive by the `waitUntil` among them', async () => {
    const kept: Promise<unknown>[] = []
    const ctx = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) }
    const given: unknown[] = []
    const wrap = deduplicationMiddleware({ name: 'door', dedup: createDedup(), keys: () => ['a'] })
    const handler = wrap((_: Request, env: string, context: typeof ctx) => {
      given.push(env, context)
      return new Response()
    })
    await handler(posting('{}'), 'env', ctx)
    expect(given).toEqual(['env', ctx])
    expect(kept).toHaveLength(1)
    await Promise.all(kept)
  })

  it('over the wire still tells the handler that the client went away', async () => {
    const signals: AbortSignal[] = []
    const { opened, open } = gate()
    const handler = deduplicationMiddleware({ name: 'door', dedup: createDedup(), keys: () => ['a'] })(async ({
      signal,
    }: Request) => {
      signals.push(signal)
      await opened
      return new Response()
    })
    const { url } = await listen(toNode(handler))
    const client = new AbortController()
    const answer = fetch(url, { method: 'POST', body: '{}', signal: client.signal }).catch(() => 'gone')
    await until(() => signals.length === 1)
    client.abort()
    await until(() => signals[0]?.aborted === true)
    open()
    expect(await answer).toBe('gone')
  })
})

describe('deduplicationMiddleware', () => {
  const dedup = createDedup()
  const keys = (): string[] => []
  it.each([
    [undefined],
    [{}],
    [{ dedup }],
    [{ dedup: {}, keys }],
    [{ dedup, keys: ['a'] }],
    [{ dedup, keys, maxBodyBytes: 0 }],
    [{ dedup, keys, waitMs: -1 }],
    [{ dedup, keys, key: keys }],
  ])('refuses %o', (options) => {
    expect(() => deduplicationMiddleware(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_PERF_OPTION' }),
    )
  })
})

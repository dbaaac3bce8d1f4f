import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createCache } from '../../src/cache/index.ts'
import { createHost } from '../../src/core/host.ts'
import { createDedup } from '../../src/dedup/index.ts'
import * as easymo from '../../src/easymo/index.ts'
import {
  cacheMiddleware,
  deduplicationMiddleware,
  healthEndpoint,
  metricsEndpoint,
  performanceMiddleware,
  toNode,
  type CachedResponse,
  type Handler,
} from '../../src/http/index.ts'
import { createMetrics } from '../../src/metrics/index.ts'
import { createWebhook } from '../../src/webhook/index.ts'
import { whatsAppProvider } from '../support/door.ts'
import {
  cloudFunctions,
  fastifyRoute,
  honoRoute,
  used,
  whole,
  type Framework,
  type Given,
} from '../support/frameworks.ts'

const ok: Handler = () => new Response('ok')
const dedup = createDedup({})

/** Every middleware of the package, by the name that its errors must carry. */
const middlewares = {
  cacheMiddleware: () =>
    cacheMiddleware({ cache: createCache<CachedResponse>({ maxEntries: 10, ttlMs: 1_000 }), ttlMs: 1_000 }),
  deduplicationMiddleware: () => deduplicationMiddleware({ name: 'door', dedup, keys: () => ['key'] }),
  performanceMiddleware: () => performanceMiddleware({ service: 'svc', metrics: createMetrics() }),
}
const every = Object.entries(middlewares)

/** Those of the preset take a request and its handler. */
const presets: readonly (readonly [name: string, given: (...args: never) => unknown])[] = [
  ['cacheMiddleware', easymo.cacheMiddleware()],
  ['deduplicationMiddleware', easymo.deduplicationMiddleware()],
  ['performanceMiddleware', easymo.performanceMiddleware()],
]

/** Every fetch handler of the package. */
const handlers: readonly (readonly [name: string, handler: Given])[] = [
  ['createWebhook', createWebhook({ provider: whatsAppProvider(), dedup, handle: () => undefined })],
  ['healthEndpoint', healthEndpoint({ service: 'svc', version: '1' })],
  ['metricsEndpoint', metricsEndpoint({ metrics: createMetrics(), access: 'public' })],
  ['handlePerformanceRequest', easymo.handlePerformanceRequest],
  ...every.map(([name, make]) => [name, make()(ok)] as const),
]

interface Told {
  readonly code: string
  readonly message: string
}

/** What a framework makes of a wrong call: an error that it was told at once, with all that there is to know. */
async function toldBy(framework: Framework, given: Given): Promise<Told & { readonly status: number }> {
  const answer = await fetch(await framework(given), { method: 'POST', body: '{}' })
  return { status: answer.status, ...((await answer.json()) as Told) }
}

const express5 = whole['Express 5'] as Framework
const express4 = whole['Express 4'] as Framework

describe.each(handlers)('%s as the handler of a route', (name, handler) => {
  it.each([
    ['Express 5', express5, 'toNode(handler)'],
    ['Express 4', express4, 'toNode(handler)'],
    ['Fastify', fastifyRoute, 'toNode(handler)(req.raw, reply.raw)'],
    ['Hono', honoRoute, 'handler(c.req.raw)'],
  ] as const)('is told what to write in %s', async (_, framework, right) => {
    const { status, code, message } = await toldBy(framework, handler)
    expect([status, code]).toEqual([500, 'ERR_PERF_WRONG_CALL'])
    expect(message).toContain(`${name} gives a fetch handler`)
    expect(message).toContain(right)
  })

  it('throws at once, so that node:http and Koa hear of it', () => {
    const node = { rawHeaders: [], headers: { get: 'a field of this name' }, method: 'POST', url: '/' }
    const koa = { req: node, res: {}, headers: {} }
    const call = (...args: unknown[]): unknown => (handler as (...args: unknown[]) => unknown)(...args)
    expect(() => call(node, {})).toThrow('toNode(handler)')
    expect(() => call(koa, () => undefined)).toThrow('toNode(handler)(ctx.req, ctx.res)')
    for (const wrong of [undefined, null, 'https://a.example', {}, { headers: {} }, new URL('https://a.example')])
      expect(() => call(wrong)).toThrow('its first argument must be one')
  })

  it('takes requests of another realm, and of another undici', async () => {
    const { url, method, headers } = new Request('https://a.example/health', { method: 'PUT' })
    const alike = { url, method, headers, body: null, signal: new AbortController().signal }
    const answer = await (handler as Handler)(alike as unknown as Request)
    expect(answer).toBeInstanceOf(Response)
  })
})

describe.each(every)('%s', (name, make) => {
  it('given to Express as it is, is told to wrap a handler', async () => {
    const { status, code, message } = await toldBy(used, make())
    expect([status, code]).toEqual([500, 'ERR_PERF_WRONG_CALL'])
    expect(message).toContain(`toNode(${name}({ ... })(handler))`)
  })

  it('refuses a middleware, a request or nothing where its handler is due', () => {
    for (const wrong of [undefined, null, {}, new Request('https://a.example')])
      expect(() => make()(wrong as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_WRONG_CALL' }))
  })

  it.each(['POST', 'GET'])('refuses an answer that is no Response: %s', async (method) => {
    // Without its options, a middleware gives a function where the answer is due.
    for (const wrong of [undefined, {}, 'text', () => new Response()]) {
      for (const given of [() => wrong, async () => wrong]) {
        const handler = make()(given as unknown as Handler)
        const body = method === 'POST' ? { body: '{}' } : {}
        const asked = (async () => handler(new Request('https://a.example', { method, ...body })))()
        await expect(asked).rejects.toMatchObject({ code: 'ERR_PERF_RESPONSE', message: expect.stringContaining(name) })
      }
    }
  })
})

describe('a handler where options are due', () => {
  it.each([
    ['cacheMiddleware', cacheMiddleware],
    ['deduplicationMiddleware', deduplicationMiddleware],
    ['performanceMiddleware', performanceMiddleware],
    ['cacheMiddleware', easymo.cacheMiddleware],
    ['deduplicationMiddleware', easymo.deduplicationMiddleware],
    ['performanceMiddleware', easymo.performanceMiddleware],
  ])('is refused by %s', (name, make) => {
    const wrong = make as unknown as (handler: Handler, more?: string) => unknown
    for (const args of [[ok], [ok, 'svc']] as const)
      expect(() => wrong(...(args as [Handler]))).toThrow(
        expect.objectContaining({
          code: 'ERR_PERF_OPTION',
          message: expect.stringMatching(new RegExp(`${name}\\(\\{ \\.\\.\\. \\}\\)\\((?:request, )?handler\\)`)),
        }),
      )
  })

  it.each([
    ['createWebhook', createWebhook],
    ['healthEndpoint', healthEndpoint],
    ['metricsEndpoint', metricsEndpoint],
  ])('is refused by %s', (_, make) => {
    expect(() => (make as unknown as (handler: Handler) => unknown)(ok)).toThrow(
      expect.objectContaining({ code: 'ERR_PERF_OPTION' }),
    )
  })
})

describe('toNode', () => {
  it('is told what to write where no request of Node comes', async () => {
    const listener = toNode(ok) as unknown as (...args: unknown[]) => unknown
    for (const [framework, right] of [
      [fastifyRoute, 'toNode(handler)(req.raw, reply.raw)'],
      [honoRoute, 'handler(c.req.raw)'],
    ] as const)
      expect(await toldBy(framework, listener as Given)).toMatchObject({
        code: 'ERR_PERF_WRONG_CALL',
        message: expect.stringContaining(right),
      })
    expect(() => listener(new Request('https://a.example'), {})).toThrow('Deno, Bun and Workers')
    expect(() => listener()).toThrow(expect.objectContaining({ code: 'ERR_PERF_WRONG_CALL' }))
  })

  it('answers for a middleware that wraps no handler, and prints why', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => printed.mockRestore())
    const facts: unknown[] = []
    const host = createHost({ observe: (fact) => facts.push(fact) })
    const { metrics, service } = { metrics: createMetrics(), service: 'svc' }
    const url = await express5(toNode(performanceMiddleware({ metrics, service }) as unknown as Handler, { host }))
    expect((await fetch(url)).status).toBe(500)
    expect(printed.mock.calls[0]?.[0]).toMatchObject({ message: expect.stringContaining('performanceMiddleware') })
    expect(facts).toEqual([{ name: 'http.failed', code: 'ERR_PERF_WRONG_CALL' }])
  })

  it('works as a route of Express 4 and 5, and as a function of Google', async () => {
    for (const framework of [express4, express5, cloudFunctions])
      expect(await (await fetch(await framework(toNode(ok)))).text()).toBe('ok')
    expect(() => createServer(toNode(ok))).not.toThrow()
  })
})

describe.each(presets)('%s of the preset', (name, given) => {
  const call = given as (...args: unknown[]) => unknown

  it('says at once what to write, where it was given a handler, or Express calls it', async () => {
    const right = `write await ${name}({ ... })(request, handler)`
    for (const args of [[ok], [], [new Request('https://a.example')], [{}, {}, ok]])
      expect(() => call(...args)).toThrow(expect.objectContaining({ code: 'ERR_PERF_WRONG_CALL', message: expect.stringContaining(right) })) // prettier-ignore
    expect(() => call({ headers: {} }, ok)).toThrow(expect.objectContaining({ code: 'ERR_PERF_WRONG_CALL' }))
    expect(await toldBy(used, given)).toMatchObject({ status: 500, code: 'ERR_PERF_WRONG_CALL' })
  })
})

import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi, type MockInstance } from 'vitest'
import type { Fact } from '../../src/core/fact.ts'
import type { Handler } from '../../src/core/handler.ts'
import { createHost } from '../../src/core/host.ts'
import { createDedup } from '../../src/dedup/index.ts'
import { deduplicationMiddleware, toNode } from '../../src/http/index.ts'
import { sign } from '../../src/testing/sign.ts'
import { createWebhook } from '../../src/webhook/index.ts'
import { APP_SECRET, messagesFrom, whatsAppProvider } from '../support/door.ts'
import { honoOwn, honoParsed, lost, whole } from '../support/frameworks.ts'

const DELIVERY = messagesFrom('2507')

/** The three kinds of handlers that read a body, and how often each did its work. */
function handlers() {
  const worked = { plain: 0, door: 0, dedup: 0 }
  const dedup = createDedup({ retentionMs: 8 * 86_400_000 })
  const plain: Handler = async (request) => {
    const body = await request.text()
    worked.plain += 1
    return new Response(body)
  }
  const door = createWebhook<[]>({ provider: whatsAppProvider(), dedup, handle: () => void (worked.door += 1) })
  const once = deduplicationMiddleware({ name: 'door', dedup: createDedup({}), keys: () => ['a key'] })
  const deduplicated: Handler = once(async (request) => {
    const body = await request.text()
    worked.dedup += 1
    return new Response(body)
  })
  return { worked, by: { plain, door, dedup: deduplicated } }
}

async function post(url: string, body: string = DELIVERY): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': await sign(body, APP_SECRET) }
  return fetch(url, { method: 'POST', headers, body })
}

function lines(): MockInstance<typeof console.error> {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => spy.mockRestore())
  return spy
}

describe.each(Object.entries(whole))('behind %s', (_, framework) => {
  it.each(['plain', 'door', 'dedup'] as const)('a body reaches the handler: %s', async (kind) => {
    const { worked, by } = handlers()
    const answer = await post(await framework(toNode(by[kind])))
    expect([answer.status, worked[kind]]).toEqual([200, 1])
    expect(await answer.text()).toBe(kind === 'door' ? '{"success":true}' : DELIVERY)
  })

  it('every byte is the sender’s own', async () => {
    // Written as no serializer would: escapes, blanks, a new line at the end.
    const bytes = new TextEncoder().encode('[ "ü\\u00e9" , 1.0 ]\n')
    const url = await framework(toNode(async (request) => new Response(await request.arrayBuffer())))
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bytes })
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes)
  })

  it('a GET, and a POST without a body, have none', async () => {
    const url = await framework(toNode(async (request) => new Response(`${request.method} ${await request.text()}.`)))
    for (const method of ['GET', 'POST'])
      expect(await (await fetch(url, { method })).text(), method).toBe(`${method} .`)
  })
})

describe.each(Object.entries(lost))('behind %s', (_, framework) => {
  it.each(['plain', 'door', 'dedup'] as const)('a lost body is told at once: %s', async (kind) => {
    const [printed, facts]: [MockInstance, Fact[]] = [lines(), []]
    const { worked, by } = handlers()
    const url = await framework(toNode(by[kind], { host: createHost({ observe: (fact) => facts.push(fact) }) }))
    const times: number[] = []
    for (let turn = 0; turn < 5; turn += 1) {
      const begun = performance.now()
      const answer = await post(url)
      times.push(performance.now() - begun)
      expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error\n'])
    }
    expect(Math.min(...times)).toBeLessThan(50)
    expect(worked[kind]).toBe(0)
    expect(facts).toEqual(Array(5).fill({ name: 'http.failed', reason: 'body_consumed', code: 'ERR_PERF_BODY_CONSUMED' })) // prettier-ignore
    expect(printed).toHaveBeenCalledTimes(5)
    expect(printed.mock.calls[0]?.[0]).toMatchObject({
      code: 'ERR_PERF_BODY_CONSUMED',
      // The cause, and the cure.
      message: expect.stringMatching(/body parser.*Put toNode\(handler\) before.*express\.raw.*req\.rawBody = bytes/),
    })
  })

  it('a handler that hides the error is answered for all the same', async () => {
    lines()
    const url = await framework(
      toNode(async (request) => {
        const body: unknown = await request.json().catch(() => ({}))
        return Response.json(body)
      }),
    )
    expect((await post(url)).status).toBe(500)
  })

  it('a handler that reads no body goes on working', async () => {
    const printed = lines()
    const url = await framework(toNode((request) => new Response(request.headers.get('content-type'))))
    const answer = await post(url)
    expect([answer.status, await answer.text()]).toEqual([200, 'application/json'])
    expect((await fetch(url)).status).toBe(200)
    expect(printed).not.toHaveBeenCalled()
  })

  it('an empty body is not lost', async () => {
    const url = await framework(toNode(async (request) => new Response(`${await request.text()}.`)))
    // By its length, and by chunks of which there are none.
    const empty = { method: 'POST', body: new Blob([]).stream(), duplex: 'half' } as RequestInit
    for (const init of [{ method: 'POST' }, empty]) expect(await (await fetch(url, init)).text()).toBe('.')
  })
})

describe('behind Hono, which has fetch handlers of its own', () => {
  it.each(['plain', 'door', 'dedup'] as const)('a body reaches the handler: %s', async (kind) => {
    const { worked, by } = handlers()
    expect((await post(await honoOwn(by[kind]))).status).toBe(200)
    expect(worked[kind]).toBe(1)
  })

  it.each(['door', 'dedup'] as const)('a body that was read before is a fault of the service: %s', async (kind) => {
    const { worked, by } = handlers()
    const answer = await post(await honoParsed(by[kind]))
    expect([answer.status, await answer.json()]).toEqual([500, { success: false, error: 'body_consumed' }])
    expect(worked[kind]).toBe(0)
  })
})

describe('fields and bytes', () => {
  const echo: Handler = async (request) =>
    Response.json({
      body: await request.text(),
      encoding: request.headers.get('content-encoding'),
      length: request.headers.get('content-length'),
      coding: request.headers.get('transfer-encoding'),
    })

  it.each(['Express 5, express.raw()', 'Express 5, express.json({ verify })', 'the Functions Framework'])(
    'speak of the same body when it was decompressed: %s',
    async (name) => {
      const url = (await whole[name]?.(toNode(echo))) ?? ''
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const answer = await fetch(url, { method: 'POST', headers, body: gzipSync('{"a":1}') })
      expect(await answer.json()).toEqual({ body: '{"a":1}', encoding: null, length: '7', coding: null })
    },
  )

  it('leave a compressed body alone that nobody has decompressed', async () => {
    const url = (await whole['Express 5']?.(toNode(echo))) ?? ''
    const body = gzipSync('{"a":1}')
    const answer = await fetch(url, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body })
    expect(await answer.json()).toMatchObject({ encoding: 'gzip', length: String(body.length) })
  })

  it('go on without chunks when the bytes were collected', async () => {
    const url = (await whole['Express 5, express.raw()']?.(toNode(echo))) ?? ''
    const body = new Blob(['{"a"', ':1}']).stream()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' }
    const answer = await fetch(url, init)
    expect(await answer.json()).toEqual({ body: '{"a":1}', encoding: null, length: '7', coding: null })
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cachedService } from '../../test/support/cached-service.ts'

/** A body that is written piece by piece. */
function piecewise(): { readonly response: Response; say(text: string): Promise<void>; end(): Promise<void> } {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  return {
    response: new Response(readable, { headers: { 'content-type': 'text/plain' } }),
    say: (text) => writer.write(new TextEncoder().encode(text)),
    end: () => writer.close(),
  }
}

const firstPiece = async (response: Response): Promise<string> => {
  const { value } = (await response.body?.getReader().read()) ?? {}
  return new TextDecoder().decode(value)
}

describe('a body that is long in coming', () => {
  it('keeps nobody else waiting: who comes second gets a body of his own, at once', async () => {
    const service = cachedService()
    service.answers(() => {
      const { response, say } = piecewise()
      void say(`first of ${service.asked.length}`)
      return response
    })
    const one = service.get('/a')
    expect(await firstPiece(await one)).toBe('first of 1')
    const other = service.get('/a')
    await service.clock.tick(250)
    expect(await firstPiece(await other)).toBe('first of 2')
    // From now on, nobody waits at all.
    expect(await firstPiece(await service.get('/a'))).toBe('first of 3')
  })

  it('is stored all the same when it has ended', async () => {
    const service = cachedService()
    const { response, say, end } = piecewise()
    service.answers(() => response)
    const first = await service.get('/a')
    const text = first.text()
    void say('one ')
    await service.clock.tick(5_000)
    void say('two').then(end)
    expect(await text).toBe('one two')
    await service.host.drain()
    expect(await service.line('/a')).toBe('HIT one two')
    // And is waited for again, the next time.
    expect(service.asked).toHaveLength(1)
  })

  it('is waited for when it comes soon: a herd asks once', async () => {
    const service = cachedService()
    const { response, say, end } = piecewise()
    service.answers(() => response)
    const lines = Array.from({ length: 50 }, () => service.line('/a'))
    void say('short').then(() => service.clock.after(200, () => void end()))
    await service.clock.tick(249)
    expect(new Set(await Promise.all(lines))).toEqual(new Set(['MISS short', 'HIT short']))
    expect(service.asked).toHaveLength(1)
  })
})

it('what fetch has decoded is stored, and handed on, as what it is now', async () => {
  const plain = 'hello '.repeat(1_000)
  const upstream = createServer((_, response) => {
    const body = gzipSync(plain)
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length })
    response.end(body)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void upstream.close())
  await new Promise((resolve) => upstream.once('listening', resolve))
  const service = cachedService()
  service.answers(() => fetch(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`))
  for (const word of ['MISS', 'HIT']) {
    const { headers, ...response } = await service.get('/a').then(async (answer) => ({
      headers: answer.headers,
      text: await answer.text(),
    }))
    await service.host.drain()
    expect([headers.get('x-cache'), response.text, headers.get('content-encoding')]).toEqual([word, plain, null])
    expect([null, String(plain.length)]).toContain(headers.get('content-length'))
  }
})

describe('a body that is not all there', () => {
  const broken = { 'content-length': '99', 'cache-control': 'max-age=60' }

  it('is given to nobody else, also not to those who wait for it', async () => {
    const service = cachedService({}, broken)
    const lines = await Promise.all([service.line('/a'), service.line('/a')])
    expect(lines.sort()).toEqual(['MISS 1', 'MISS 2'])
    expect(await service.line('/a')).toBe('MISS 3')
  })

  it('does not replace what is stored when a refresh brings it', async () => {
    const service = cachedService({ staleWhileRevalidateMs: 60_000 }, { 'cache-control': 'max-age=10' })
    expect(await service.line('/a')).toBe('MISS 1')
    service.answers(() => new Response('half', { headers: broken }))
    await service.clock.tick(11_000)
    expect(await service.line('/a')).toBe('STALE 1')
    await service.host.drain()
    expect((await service.line('/a')).endsWith('half')).toBe(false)
  })
})

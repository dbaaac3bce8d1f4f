import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchange, LAST_REQUEST, listen, until, type Listening } from '../../test/support/node-server.ts'
import type { Fact } from '../core/fact.ts'
import type { Handler } from '../core/handler.ts'
import { createHost } from '../core/host.ts'
import { toNode, type ToNodeOptions } from './index.ts'

const serve = (handler: Handler, options?: ToNodeOptions): Promise<Listening> => listen(toNode(handler, options))

describe('the answer', () => {
  it('carries status, headers and every cookie', async () => {
    const { url } = await serve(() => {
      const headers = new Headers({ 'x-a': '1', 'content-type': 'text/plain' })
      headers.append('set-cookie', 'a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT')
      headers.append('set-cookie', 'b=2')
      return new Response('short', { status: 202, statusText: 'Taken', headers })
    })
    const answer = await fetch(url)
    expect([answer.status, answer.statusText, answer.headers.get('x-a')]).toEqual([202, 'Taken', '1'])
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 'b=2'])
    expect(answer.headers.get('content-length')).toBe('5')
    expect(await answer.text()).toBe('short')
  })

  it('has no body for HEAD and for a status that has none', async () => {
    let cancelled = 0
    const { port } = await serve((request) =>
      request.method === 'HEAD'
        ? new Response(new ReadableStream({ cancel: () => void (cancelled += 1) }), {
            headers: { 'content-length': '7' },
          })
        : new Response(null, { status: 204 }),
    )
    const head = await exchange(port, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(head).toMatch(/content-length: 7/)
    expect(head.endsWith('\r\n\r\n')).toBe(true)
    expect(cancelled).toBe(1)
    expect(await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 204/)
  })

  it('sends a live stream chunk by chunk, without waiting for its end', async () => {
    let push = (_: string): void => undefined
    let close = (): void => undefined
    const { url } = await serve(() => {
      const encoder = new TextEncoder()
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          push = (text) => controller.enqueue(encoder.encode(text))
          close = () => controller.close()
          push('one')
        },
      })
      return new Response(body)
    })
    const reader = (await fetch(url)).body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('one')
    push('two')
    expect((await reader?.read())?.value).toBe('two')
    close()
    expect((await reader?.read())?.done).toBe(true)
  })

  it('stops a stream whose client has gone', async () => {
    let stopped = false
    const { port } = await serve(
      () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536)), cancel: () => void (stopped = true) })), // prettier-ignore
    )
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
    socket.once('data', () => socket.destroy())
    await until(() => stopped)
    expect(stopped).toBe(true)
  })

  it('is 500 when the handler throws or gives no response, and that is told without its message', async () => {
    const facts: Fact[] = []
    const host = createHost({ observe: (fact) => facts.push(fact) })
    const { url } = await serve(
      (request) => {
        if (request.url.endsWith('/nothing')) return undefined as unknown as Response
        throw Object.assign(new Error('250788000001'), { code: 'ERR_X' })
      },
      { host },
    )
    for (const path of ['/throws', '/nothing']) {
      const answer = await fetch(url + path)
      expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error\n'])
    }
    expect(facts).toEqual([
      { name: 'http.failed', code: 'ERR_X' },
      { name: 'http.failed', code: 'ERR_PERF_RESPONSE' },
    ])
  })

  it('breaks the connection when its stream fails in the middle', async () => {
    const facts: Fact[] = []
    const host = createHost({ observe: (fact) => facts.push(fact) })
    let fail = (): void => undefined
    const { url } = await serve(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start(controller) {
              controller.enqueue(new Uint8Array(10))
              fail = () => controller.error(new Error('gone'))
            },
          }),
        ),
      { host },
    )
    const answer = await fetch(url)
    fail()
    await expect(answer.arrayBuffer()).rejects.toThrow()
    expect(facts).toEqual([{ name: 'http.failed' }])
  })

  it('leaves the connection usable when the body was refused unread, or read in part', async () => {
    const { port } = await serve(async (request) => {
      if (request.url.endsWith('/part')) {
        const reader = request.body?.getReader()
        await reader?.read()
        await reader?.cancel()
      }
      return new Response('no', { status: 413 })
    })
    const body = 'x'.repeat(300_000)
    const post = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const text = await exchange(port, post('/whole') + post('/part') + post('/part') + LAST_REQUEST)
    expect(text.match(/HTTP\/1.1 413/g)).toHaveLength(4)
  })

  it('lets the rest of a body run out when the handler left it half read', async () => {
    const { port } = await serve(async (request) => {
      await request.body?.getReader().read()
      return new Response('ok')
    })
    const body = 'x'.repeat(2_000_000)
    const post = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const text = await exchange(port, post + post + LAST_REQUEST)
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(3)
  })
})

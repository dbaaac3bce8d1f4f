import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import type { Fact } from '../../src/core/fact.ts'
import type { Handler } from '../../src/core/handler.ts'
import { createHost } from '../../src/core/host.ts'
import { toNode } from '../../src/http/index.ts'
import { listen, until } from '../support/node-server.ts'

/** A handler on a real server, and a client that is connected to it and has sent these bytes. */
async function meet(handler: Handler, bytes: string) {
  const facts: Fact[] = []
  const errors: unknown[] = []
  const host = createHost({ observe: (fact) => facts.push(fact) })
  const { port } = await listen(toNode(handler, { host, onError: (error) => errors.push(error) }))
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  socket.write(bytes)
  return { socket, facts, errors }
}

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n'
const CHUNKS = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'

it.each([
  ['RFC 9112 8: a body that is cut off before its length', `${HEAD}half`],
  ['RFC 9112 8: a body that is cut off between two chunks', CHUNKS],
  ['RFC 9112 8: a body that is cut off within a chunk', `${CHUNKS}5\r\nwo`],
  ['RFC 9112 8: a body of which nothing comes', HEAD],
])('%s does not pass for whole', async (_, bytes) => {
  let reading = false
  let end: unknown
  const { socket, facts, errors } = await meet(async (request) => {
    reading = true
    end = await request.text().catch((error: unknown) => error)
    throw end
  }, bytes)
  await until(() => reading)
  socket.destroy()
  await until(() => facts.length > 0)
  expect(end).toMatchObject({ name: 'AbortError' })
  // It is nobody's error: a fact, and no line.
  expect(facts).toEqual([{ name: 'http.failed', reason: 'client_gone' }])
  expect(errors).toEqual([])
})

it('RFC 9112 9.6: a body that ends with the connection is cut off, although the client still listens', async () => {
  let end: unknown
  const { socket } = await meet(async (request) => {
    end = await request.text().catch((error: unknown) => error)
    return new Response()
  }, `${HEAD}half`)
  socket.end()
  socket.resume()
  await until(() => end !== undefined)
  expect(end).toBeInstanceOf(Error)
})

it('RFC 9112 9.5: a handler hears that its client went away', async () => {
  let signal: AbortSignal | undefined
  const { socket } = await meet(async (request) => {
    signal = request.signal
    await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
    return new Response('nobody hears this')
  }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => signal !== undefined)
  socket.destroy()
  await until(() => signal?.aborted === true)
  expect((signal?.reason as Error).name).toBe('AbortError')
})

it('RFC 9112 9.5: a stream stops when its client goes away', async () => {
  let stopped = false
  const endless = {
    pull: (controller: ReadableStreamDefaultController<Uint8Array>) => controller.enqueue(new Uint8Array(65_536)),
    cancel: () => void (stopped = true),
  }
  const { socket, errors } = await meet(
    () => new Response(new ReadableStream(endless)),
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  await until(() => stopped)
  expect(errors).toEqual([])
})

it('a client that went away before the body was asked for does not keep its reader waiting', async () => {
  let [begun, gone, end]: [boolean, boolean, unknown] = [false, false, undefined]
  const { socket } = await meet(async (request) => {
    begun = true
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()))
    gone = true
    end = await request.text().catch((error: unknown) => error)
    return new Response()
  }, `${HEAD}half`)
  await until(() => begun)
  socket.destroy()
  await until(() => gone && end !== undefined)
  expect(end).toMatchObject({ name: 'AbortError' })
})

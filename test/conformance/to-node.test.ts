import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toNode } from '../../src/http/index.ts'
import { answersIn, type Answer } from './node/answers.ts'
import { bodies } from './node/bodies.ts'
import type { Case, Expected, Seen } from './node/case.ts'
import { hosts } from './node/hosts.ts'
import { lengths } from './node/lengths.ts'
import { targets } from './node/targets.ts'

const LAST = 'GET /the-last HTTP/1.1\r\nHost: last.example\r\nConnection: close\r\n\r\n'
/** Only what hangs meets it. */
const PATIENCE_MS = 30_000

interface Exchange {
  /** In Latin-1, a letter for each byte. */
  readonly bytes: string
  readonly seen: readonly Seen[]
}

/** Sends the bytes of a case to a real server, and gives what came back until the connection was closed. */
async function exchange({ send, handler, options, closes }: Case): Promise<Exchange> {
  const seen: Seen[] = []
  const listener = toNode(
    async (request) => {
      if (request.url.endsWith('/the-last')) return new Response('the last')
      if (handler !== undefined) return handler(request)
      const { method, url, headers } = request
      const one = { method, url, headers, body: '' }
      // Now: the bodies of pipelined requests are read side by side.
      seen.push(one)
      one.body = await request.text()
      return new Response('ok')
    },
    { ...options, onError: () => undefined },
  )
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const pieces = [...(typeof send === 'string' ? [send] : send)]
  if (closes === undefined) pieces.push(`${pieces.pop()}${LAST}`)
  return { bytes: await talk((server.address() as AddressInfo).port, pieces), seen }
}

async function talk(port: number, pieces: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay()
  let bytes = ''
  socket.on('data', (chunk) => (bytes += chunk.toString('latin1')))
  const over = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  // A server that breaks the connection while we write is what some of the cases ask for.
  socket.on('error', () => undefined)
  const timer = setTimeout(() => socket.destroy(new Error('nothing more comes')), PATIENCE_MS)
  for (const piece of pieces) {
    socket.write(piece, 'latin1')
    await new Promise((resolve) => setTimeout(resolve, pieces.length > 1 ? 5 : 0))
  }
  await over
  clearTimeout(timer)
  return bytes
}

function judge({ answers, closes, breaks, send }: Case, bytes: string): void {
  const methods = [
    ...[send]
      .flat()
      .join('')
      .matchAll(/([A-Z]+) \S+ HTTP\/1/g),
  ].map(([, method = '']) => method)
  const read = (): Answer[] => answersIn(bytes, methods)
  if (breaks) return void expect(read).toThrow('breaks off')
  const came = read()
  const due: (number | Expected)[] = closes ? [...answers] : [...answers, { status: 200, body: 'the last' }]
  expect(came.map(({ status }) => status)).toEqual(due.map((one) => (typeof one === 'number' ? one : one.status)))
  for (const [index, one] of due.entries()) {
    if (typeof one === 'number') continue
    if (one.body !== undefined) expect(came[index]?.body).toBe(one.body)
    for (const [name, value] of Object.entries(one.fields ?? {})) expect(came[index]?.fields[name], name).toBe(value)
  }
}

describe.each([
  ['request lines', targets],
  ['hosts', hosts],
  ['bodies', bodies],
  ['answers', lengths],
] as const)('%s', (_, cases) => {
  it.each(cases.map((one) => [`RFC ${one.rfc}: ${one.it}`, one] as const))('%s', async (_name, one) => {
    const { bytes, seen } = await exchange(one)
    judge(one, bytes)
    if (one.seen === undefined) return
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toHaveLength(one.seen.length)
    for (const [index, { fields, ...rest }] of one.seen.entries()) {
      expect(seen[index]).toMatchObject(rest)
      for (const [name, value] of Object.entries(fields ?? {})) expect(seen[index]?.headers.get(name), name).toBe(value)
    }
  })
})

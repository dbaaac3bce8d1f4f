import { describe, expect, it } from 'vitest'
import { toNode, type Handler } from '../../src/http/index.ts'
import { whole, type Framework } from '../support/frameworks.ts'
import { exchange } from '../support/node-server.ts'

/** What stands at the end of each exchange, so that an answer that ran into the next one is seen. */
const last = (path: string): string => `GET ${path}?last HTTP/1.1\r\nHost: last.example\r\nConnection: close\r\n\r\n`

const behind = ['Express 5', 'Express 5, express.raw()', 'Express 5, express.json({ verify })', 'Express 4', 'Fastify, a parser that leaves the body alone', 'the Functions Framework'] // prettier-ignore

/** Sends a request head and its body over a socket, and gives all that came back. */
async function raw(
  framework: string,
  handler: Handler,
  [line, head = '', body = '']: readonly string[],
): Promise<string> {
  let calls = 0
  const listener = toNode(
    (request) => {
      if (request.url.endsWith('?last')) return new Response('the last')
      calls += 1
      return handler(request)
    },
    { onError: () => undefined },
  )
  const { port, pathname } = new URL(await (whole[framework] as Framework)(listener))
  const bytes = `${line?.replace('PATH', pathname)} HTTP/1.1\r\n${head}\r\n${body}`
  const text = await exchange(Number(port), bytes + last(pathname))
  expect(text.endsWith('\r\n\r\nthe last'), text).toBe(true)
  return `${calls} ${text}`
}

describe.each(behind)('behind %s', (framework) => {
  const echo: Handler = (request) => new Response(request.url)

  it.each([
    ['a path in Host', 'GET PATH', 'Host: x/admin?\r\n'],
    ['a backslash in Host', 'GET PATH', 'Host: x\\admin\r\n'],
    ['two Hosts', 'GET PATH', 'Host: a.example\r\nHost: b.example\r\n'],
  ])('%s is 400', async (_, ...request) => {
    expect(await raw(framework, echo, request)).toMatch(/^0 HTTP\/1.1 400 /)
  })

  it('an empty Host lets the path be the path', async () => {
    expect(await raw(framework, echo, ['GET PATH', 'Host: \r\n'])).toMatch(
      /^1 HTTP\/1.1 200 [^]*\r\n\r\nhttp:\/\/localhost\//,
    )
  })

  it('TRACE reflects nothing', async () => {
    expect(await raw(framework, echo, ['TRACE PATH', 'Host: a\r\nCookie: secret\r\n'])).toMatch(
      /^0 HTTP\/1.1 (501|404) (?![^]*secret)/,
    )
  })

  it('no answer runs into the next', async () => {
    for (const headers of [
      { 'content-length': '3' },
      { 'transfer-encoding': 'identity' },
      { 'content-length': '5', 'transfer-encoding': 'chunked' },
      { connection: 'close' },
    ]) {
      const text = await raw(framework, () => new Response('hello', { headers }), ['GET PATH', 'Host: a\r\n'])
      expect(text).toMatch(/^1 HTTP\/1.1 200 [^]*content-length: 5\r\n[^]*\r\n\r\nhelloHTTP/i)
    }
  })

  it('a body that nobody reads is no request', async () => {
    const smuggled = `GET /x?last HTTP/1.1\r\nHost: a\r\n\r\n`
    const head = `Host: a\r\nContent-Type: text/plain\r\nContent-Length: ${smuggled.length}\r\n`
    const text = await raw(framework, () => new Response('no'), ['POST PATH', head, smuggled])
    // One that is no JSON is refused by its parser, and is no request either.
    expect(text.match(/HTTP\/1.1 \d/g)).toHaveLength(2)
  })
})

import { message, post, slowly, type Case } from './case.ts'

const GET = message('GET /')
const answer =
  (body: BodyInit | null, headers: Record<string, string> = {}, status = 200) =>
  () =>
    new Response(body, { status, headers })
/** What Node says of its own connection, whatever a handler says of another one. */
const OWN = {
  'content-length': '5',
  'transfer-encoding': undefined,
  connection: 'keep-alive',
  'keep-alive': 'timeout=5',
}
const withFields = (rfc: string, it: string, fields: Record<string, string>): Case => ({
  rfc,
  it,
  send: GET,
  handler: answer('hello', fields),
  answers: [
    {
      status: 200,
      body: 'hello',
      fields: { ...Object.fromEntries(Object.keys(fields).map((name) => [name, undefined])), ...OWN },
    },
  ],
})

/** Where an answer ends: RFC 9112, section 6, and RFC 9110, sections 6.4, 7.6.1 and 8.6. */
export const lengths: readonly Case[] = [
  {
    rfc: '9112 6.2',
    it: 'the length of a short body is counted',
    send: GET,
    handler: answer('hello'),
    answers: [{ status: 200, body: 'hello', fields: { 'content-length': '5' } }],
  },
  {
    rfc: '9112 7.1',
    it: 'a body whose end is not known is sent in chunks',
    send: GET,
    handler: () => new Response(slowly('one', 'two')),
    answers: [{ status: 200, body: 'onetwo', fields: { 'transfer-encoding': 'chunked', 'content-length': undefined } }],
  },
  {
    rfc: '9112 6.2',
    it: 'a handler may know the length of one',
    send: GET,
    handler: () => new Response(slowly('one', 'two'), { headers: { 'content-length': '6' } }),
    answers: [{ status: 200, body: 'onetwo', fields: { 'content-length': '6', 'transfer-encoding': undefined } }],
  },
  {
    rfc: '9110 8.6',
    it: 'a length that is too small for a whole body is mended',
    send: GET,
    handler: answer('hello', { 'content-length': '3' }),
    answers: [{ status: 200, body: 'hello', fields: { 'content-length': '5' } }],
  },
  {
    rfc: '9112 6.3',
    it: 'a stream that is longer than its length runs into no other answer',
    send: GET,
    handler: () => new Response(slowly('one', 'two'), { headers: { 'content-length': '4' } }),
    answers: [200],
    closes: true,
    breaks: true,
  },
  {
    rfc: '9112 6.3',
    it: 'nor when its first chunk is',
    send: GET,
    handler: () => new Response(slowly('three', 'four'), { headers: { 'content-length': '4' } }),
    answers: [{ status: 500, body: 'Internal Server Error\n' }],
  },
  {
    rfc: '9112 8',
    it: 'a stream that is shorter than its length does not pass for whole',
    send: GET,
    handler: () => new Response(slowly('one', 'two'), { headers: { 'content-length': '7' } }),
    answers: [200],
    closes: true,
    breaks: true,
  },
  {
    rfc: '9112 8',
    it: 'nor does a whole body',
    send: GET,
    handler: answer('hello', { 'content-length': '7', 'cache-control': 'max-age=60', 'set-cookie': 'a=1' }),
    answers: [
      { status: 500, body: 'Internal Server Error\n', fields: { 'cache-control': undefined, 'set-cookie': undefined } },
    ],
  },
  { rfc: '9112 8', it: 'nor none at all', send: GET, handler: answer(null, { 'content-length': '7' }), answers: [500] },
  {
    rfc: '9112 8',
    it: 'nor an empty stream',
    send: GET,
    handler: () => new Response(slowly(), { headers: { 'content-length': '7' } }),
    answers: [500],
  },
  {
    rfc: '9110 8.6',
    it: 'no body is a length of 0',
    send: GET,
    handler: answer(null),
    answers: [{ status: 200, body: '', fields: { 'content-length': '0' } }],
  },
  {
    rfc: '9110 8.6',
    it: 'a length that is no number is counted anew',
    send: GET,
    handler: answer('hello', { 'content-length': 'many' }),
    answers: [{ status: 200, body: 'hello', fields: { 'content-length': '5' } }],
  },
  {
    rfc: '9110 8.6',
    it: 'and so are two of them',
    send: GET,
    handler: answer('hello', { 'content-length': '5, 5' }),
    answers: [{ status: 200, body: 'hello', fields: { 'content-length': '5' } }],
  },
  {
    rfc: '9112 6.1',
    it: 'a length beside a transfer coding',
    send: GET,
    handler: answer('hello', { 'content-length': '5', 'transfer-encoding': 'chunked' }),
    answers: [{ status: 200, body: 'hello', fields: { 'content-length': '5', 'transfer-encoding': undefined } }],
  },
  withFields('9112 6.1', 'a transfer coding that is none', { 'transfer-encoding': 'identity' }),
  withFields('9112 6.1', 'a transfer coding that nobody has applied', { 'transfer-encoding': 'gzip, chunked' }),
  withFields('9110 7.6.1', 'another connection’s end is not the end of this one', { connection: 'close' }),
  withFields('9110 7.6.1', 'fields that Connection names', {
    connection: 'x-private, X-Other',
    'x-private': '1',
    'x-other': '2',
  }),
  withFields('9110 7.6.1', 'fields of one connection', {
    'keep-alive': 'timeout=1',
    'proxy-connection': 'close',
    te: 'trailers',
    upgrade: 'h2c',
  }),
  withFields('9110 6.6.2', 'an offer of trailers that do not come', { trailer: 'x-checksum' }),
  {
    rfc: '9110 15.3.5',
    it: '204 has no length',
    send: GET,
    handler: answer(null, { 'content-length': '5' }, 204),
    answers: [{ status: 204, body: '', fields: { 'content-length': undefined, 'transfer-encoding': undefined } }],
  },
  {
    rfc: '9110 15.3.6',
    it: '205 has no body',
    send: GET,
    handler: answer(null, { 'content-length': '5' }, 205),
    answers: [{ status: 205, body: '', fields: { 'content-length': '0' } }],
  },
  {
    rfc: '9110 15.4.5',
    it: '304 says the length of what it stands for',
    send: GET,
    handler: answer(null, { 'content-length': '5', etag: '"a"' }, 304),
    answers: [{ status: 304, body: '', fields: { 'content-length': '5', etag: '"a"' } }],
  },
  {
    rfc: '9110 9.3.2',
    it: 'HEAD says the length that GET has',
    send: message('HEAD /'),
    handler: answer('hello', { 'content-length': '5' }),
    answers: [{ status: 200, body: '', fields: { 'content-length': '5' } }],
  },
  {
    rfc: '9110 8.6',
    it: 'HEAD says no length that GET may not have',
    send: message('HEAD /'),
    handler: answer('hello'),
    answers: [{ status: 200, body: '', fields: { 'content-length': undefined } }],
  },
  {
    rfc: '9110 8.6',
    it: 'nor when its handler gives no body',
    send: message('HEAD /'),
    handler: answer(null),
    answers: [{ status: 200, body: '', fields: { 'content-length': undefined } }],
  },
  {
    rfc: '9110 9.3.2',
    it: 'HEAD of a 204 has no length',
    send: message('HEAD /'),
    handler: answer(null, { 'content-length': '5' }, 204),
    answers: [{ status: 204, fields: { 'content-length': undefined } }],
  },
  {
    rfc: '9110 15.6.1',
    it: 'HEAD of a handler that fails has no body',
    send: message('HEAD /'),
    handler: () => {
      throw new Error('no')
    },
    answers: [{ status: 500, body: '' }],
  },
  { rfc: '9110 15', it: 'a response that is an error', send: GET, handler: () => Response.error(), answers: [500] },
  { rfc: '9110 15', it: 'no response at all', send: GET, handler: () => ({}) as Response, answers: [500] },
  {
    rfc: '9110 5.5',
    it: 'a field that cannot be sent',
    send: GET,
    handler: answer('x', { 'x-a': 'a\u0001b', etag: '"a"' }),
    answers: [{ status: 500, fields: { etag: undefined, 'x-a': undefined } }],
  },
  {
    rfc: '9110 6.4',
    it: 'a body that was read before',
    send: GET,
    handler: async () => {
      const used = new Response('x', { headers: { etag: '"a"' } })
      await used.text()
      return used
    },
    answers: [{ status: 500, fields: { etag: undefined } }],
  },
  {
    rfc: '9110 5.3',
    it: 'every cookie has a field of its own',
    send: GET,
    handler: () =>
      new Response('x', {
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      }),
    answers: [{ status: 200, fields: { 'set-cookie': 'a=1|b=2' } }],
  },
  {
    rfc: '9112 4',
    it: 'a reason that is not ours',
    send: GET,
    handler: () => new Response('x', { status: 299, statusText: 'Odd' }),
    answers: [299],
  },
  {
    rfc: '9112 2.5',
    it: 'HTTP/1.0 without Host, and the connection ends',
    send: 'GET /p HTTP/1.0\r\n\r\n',
    answers: [{ status: 200, body: 'ok' }],
    closes: true,
    seen: [{ url: 'http://localhost/p' }],
  },
  {
    rfc: '9112 7.1',
    it: 'HTTP/1.0 gets no chunks',
    send: 'GET /p HTTP/1.0\r\n\r\n',
    handler: () => new Response(slowly('one', 'two')),
    answers: [{ status: 200, body: 'onetwo', fields: { 'transfer-encoding': undefined } }],
    closes: true,
  },
  {
    rfc: '9112 9.3',
    it: 'HTTP/1.0 may keep the connection where the length is known',
    send: 'GET /p HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    answers: [{ status: 200, body: 'ok', fields: { 'content-length': '2' } }],
  },
  {
    rfc: '9112 6.2',
    it: 'HTTP/1.0 may bring a body',
    send: 'POST /p HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello',
    answers: [200],
    closes: true,
    seen: [{ body: 'hello' }],
  },
  {
    rfc: '9112 9.6',
    it: 'who wants to close is closed after the answer',
    send: message('GET /', { fields: 'Connection: close\r\n' }),
    answers: [{ status: 200, fields: { connection: 'close' } }],
    closes: true,
  },
  {
    rfc: '9112 9.3',
    it: 'an answer to a body that was not waited for',
    send: post('Content-Length: 5\r\n', 'hello'),
    handler: () => new Response(slowly('a', 'b')),
    answers: [{ status: 200, body: 'ab' }],
  },
]

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PostgrestClient } from '@supabase/postgrest-js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { query, type Query } from '../../src/query/index.ts'
import { supabaseDatabase } from '../../src/supabase/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { SOON } from '../support/soon.ts'

interface Trip {
  readonly id: number
  readonly status: string
  readonly phone: string
}

interface Recorded {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
}

/** Records what really went over the wire, and answers with what the test laid ready. */
const recorded: Recorded[] = []
let answer: (response: ServerResponse) => void
let server: Server
let base: string

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

beforeAll(async () => {
  server = createServer((request, response) => {
    recorded.push({ method: request.method, url: request.url, headers: request.headers })
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rest/v1`
})

beforeEach(() => {
  recorded.length = 0
  answer = json(200, [])
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const trips = (options: object = {}): Query<Trip> =>
  query<Trip>(supabaseDatabase(new PostgrestClient(base, { headers: { apikey: 'key', authorization: 'Bearer key' }, ...options })), 'trips') // prettier-ignore

const urlOf = async (rows: { execute(): Promise<unknown> }): Promise<string | undefined> => {
  await rows.execute()
  return recorded.at(-1)?.url
}

describe('the request', () => {
  it('has the address, the columns, the conditions, the order and the slice', async () => {
    const page = trips().select('id', 'status').eq('phone', '+250788').in('status', ['open', 'matched']).orderBy('id', 'desc').paginate({ page: 2, pageSize: 10 }) // prettier-ignore
    expect(await urlOf(page)).toBe(
      '/rest/v1/trips?select=id%2Cstatus&status=in.(%22open%22%2C%22matched%22)&and=(phone.eq.%22%2B250788%22)' +
        '&order=id.desc&limit=11&offset=10',
    )
    expect(recorded[0]).toMatchObject({ method: 'GET', headers: { apikey: 'key', authorization: 'Bearer key' } })
    expect(recorded[0]?.headers.prefer).toBeUndefined()
  })

  it('carries every text to the server so that it is that text and nothing else', async () => {
    const texts: readonly [string, string][] = [
      ['a,b', 'and=(phone.eq.%22a%2Cb%22)'],
      ['a)b(', 'and=(phone.eq.%22a)b(%22)'],
      ['say "hi"', 'phone=eq.say%20%22hi%22'],
      ['back\\slash', 'phone=eq.back%5Cslash'],
      ['+1 2', 'and=(phone.eq.%22%2B1%202%22)'],
      ['007', 'and=(phone.eq.%22007%22)'],
      ['12345678901234567890', 'and=(phone.eq.%2212345678901234567890%22)'],
      ['a&b=c#d?e%20', 'and=(phone.eq.%22a%26b%3Dc%23d%3Fe%2520%22)'],
      ["o'hara", 'and=(phone.eq.%22o%27hara%22)'],
      ['漢👋🏾', 'and=(phone.eq.%22%E6%BC%A2%F0%9F%91%8B%F0%9F%8F%BE%22)'],
      ['x"),id.gt."0', 'phone=eq.x%22)%2Cid.gt.%220'],
      ['"&id=gt.0', 'phone=eq.%22%26id%3Dgt.0'],
    ]
    for (const [text, expected] of texts)
      expect(await urlOf(trips().eq('phone', text))).toBe(`/rest/v1/trips?select=*&${expected}`)
  })

  it('keeps the classic hole shut: a phone number from a message cannot widen an or', async () => {
    const phone = '1,id.gt.0),or=(id.gt.0'
    const url = await urlOf(trips().or((t) => t.eq('phone', phone), (t) => t.eq('status', phone))) // prettier-ignore
    const and = new URL(url ?? '', base).searchParams.get('and')
    expect(and).toBe(`(or(phone.eq."${phone}",status.eq."${phone}"))`)
    expect([...new URL(url ?? '', base).searchParams.keys()]).toEqual(['select', 'and'])
  })

  it('asks for a count, and names a schema: the client’s, or the query’s own before it', async () => {
    answer = json(200, [{ id: 1 }], { 'content-range': '0-0/7' })
    expect(await trips({ schema: 'app' }).withCount().limit(1).execute()).toEqual({ data: [{ id: 1 }], count: 7 })
    expect(recorded[0]?.headers).toMatchObject({ prefer: 'count=exact', 'accept-profile': 'app' })
    const client = new PostgrestClient(base, { schema: 'app' as never })
    await query(supabaseDatabase(client), 'audit.logs').execute()
    expect(recorded[1]).toMatchObject({ url: '/rest/v1/logs?select=*', headers: { 'accept-profile': 'audit' } })
  })

  it('goes through the client’s own fetch, as often as the query retries and not as that client does', async () => {
    let fetched = 0
    const counting: typeof fetch = (...args) => ((fetched += 1), fetch(...args))
    answer = json(503, { code: 'PGRST002', message: 'no schema cache' })
    const asking = trips({ fetch: counting })
    await expect(asking.execute({ retries: 0 })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    expect([fetched, recorded.length]).toEqual([1, 1])
    await expect(asking.execute({ retries: 1 })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    expect([fetched, recorded.length]).toEqual([3, 3])
  })
})

describe('the answer', () => {
  it('to a page knows whether there is another', async () => {
    answer = json(200, [{ id: 1 }, { id: 2 }, { id: 3 }], { 'content-range': '0-2/*' })
    const { data, hasMore } = await trips().paginate({ page: 1, pageSize: 2 }).execute()
    expect([data, hasMore]).toEqual([[{ id: 1 }, { id: 2 }], true])
  })

  it('behind the last row is an empty page and no error', async () => {
    const details = 'An offset of 20 was requested, but there are only 7 rows.'
    answer = json(416, { code: 'PGRST103', details, hint: null, message: 'Requested range not satisfiable' })
    const page = trips().paginate({ page: 3, pageSize: 10 }).withCount()
    expect(await page.execute()).toEqual({ data: [], count: 7, hasMore: false })
  })

  it('that refuses becomes an error with the code and without the message', async () => {
    const refusals: readonly [number, object, object][] = [
      [
        400,
        { code: '22P02', message: 'invalid input syntax: "secret"' },
        { code: 'ERR_PERF_QUERY', sqlState: '22P02' },
      ],
      [500, { code: '57014', message: 'canceling statement' }, { code: 'ERR_PERF_QUERY', sqlState: '57014' }],
      [400, { code: 'PGRST100', message: 'parse error' }, { code: 'ERR_PERF_QUERY', sqlState: 'PGRST100' }],
      [404, { code: 'PGRST205', message: 'no such table' }, { code: 'ERR_PERF_STORE_SETUP' }],
      [404, { code: '42P01', message: 'no such table' }, { code: 'ERR_PERF_STORE_SETUP' }],
      [403, { code: '42501', message: 'no right' }, { code: 'ERR_PERF_STORE_SETUP' }],
      [401, { code: 'PGRST301', message: 'JWT expired' }, { code: 'ERR_PERF_STORE_SETUP' }],
      [401, { message: 'Invalid API key' }, { code: 'ERR_PERF_STORE_SETUP' }],
      [503, { code: '53300', message: 'too many clients' }, { code: 'ERR_PERF_STORE_UNAVAILABLE' }],
      [504, { code: 'PGRST003', message: 'pool timeout' }, { code: 'ERR_PERF_STORE_UNAVAILABLE' }],
      [429, {}, { code: 'ERR_PERF_STORE_UNAVAILABLE' }],
    ]
    for (const [status, body, expected] of refusals) {
      answer = json(status, body)
      const { error } = await trips().eq('phone', 'secret').settle({ retries: 0 })
      expect(error).toMatchObject(expected)
      expect(error?.message).not.toContain('secret')
    }
  })

  it('of something else than PostgREST is an outage', async () => {
    answer = (response) => void response.writeHead(502).end('<html>Bad Gateway</html>')
    await expect(trips().execute({ retries: 0 })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    answer = (response) => void response.writeHead(200).end('<html>Welcome</html>')
    await expect(trips().execute({ retries: 0 })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
    answer = (response) => void response.socket?.destroy()
    await expect(trips().execute({ retries: 0 })).rejects.toMatchObject({ code: 'ERR_PERF_STORE_UNAVAILABLE' })
  })

  it('that does not come ends at the deadline, and the request with it', async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (response) => void response.on('close', resolve)
    })
    const clock = manualClock()
    const database = supabaseDatabase(new PostgrestClient(base))
    const hanging = query<Trip>(database, 'trips', { host: createHost({ clock }) }).execute({ timeoutMs: 50 })
    const late = expect(hanging).rejects.toMatchObject({ code: 'ERR_PERF_TIMEOUT' })
    await expect.poll(() => recorded.length, SOON).toBe(1)
    await clock.tick(50)
    await late
    await closed
    const abort = new AbortController()
    const asking = expect(trips().execute({ signal: abort.signal })).rejects.toThrow('left')
    abort.abort(new Error('left'))
    await asking
  })
})

it('refuses what is no client of Supabase', () => {
  for (const client of [undefined, {}, { from: () => 1 }, 'https://x.supabase.co'])
    expect(() => supabaseDatabase(client as never)).toThrow('@supabase/supabase-js')
})

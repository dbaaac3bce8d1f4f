import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { main } from './main.ts'

const SECRET = 'app secret ✓'

interface Received {
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
  readonly method: string | undefined
}

const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

/** A webhook as others write it: it checks the signature with `node:crypto`, and answers what it is told to. */
async function webhook(answer: (received: Received) => { status: number; body: string } = verified) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const delivery = { body: Buffer.concat(chunks), headers: request.headers, method: request.method }
      received.push(delivery)
      const { status, body } = answer(delivery)
      response.writeHead(status, { connection: 'close', location: '/elsewhere' }).end(body)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/webhook`, received }
}

function verified({ body, headers }: Received): { status: number; body: string } {
  const expected = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`
  const good = headers['x-hub-signature-256'] === expected
  return good ? { status: 200, body: '{"success":true}' } : { status: 401, body: 'bad signature' }
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const lines: string[] = []
  const errors: string[] = []
  const out = { line: (text: string) => void lines.push(text), error: (text: string) => void errors.push(text) }
  const code = await main({ args, env, out, fetch })
  return { code, lines, errors: errors.join('\n') }
}

const messageOf = ({ body }: Received): Record<string, unknown> => {
  const payload = JSON.parse(body.toString()) as {
    entry: { changes: { value: { messages: Record<string, unknown>[] } }[] }[]
  }
  return payload.entry[0]?.changes[0]?.value.messages[0] ?? {}
}

describe('easymo-perf send', () => {
  it('sends a delivery whose signature holds, and prints status, time and body', async () => {
    const { url, received } = await webhook()
    const { code, lines } = await run(['send', '--url', url, '--secret', SECRET])
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/webhook {2}\(message wamid\..{56}\)$/)
    expect(lines[1]).toMatch(/^200 {2}[\d.]+ ms {2}\{"success":true\}$/)
    expect(received).toHaveLength(1)
    expect(received[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
  })

  it('says what it is told to say, from whom and under which id', async () => {
    const { url, received } = await webhook()
    const message = ['--text', 'Muraho 👋', '--from', '+250788123456', '--id', 'wamid.1']
    await run(['send', '--url', url, ...message], { WHATSAPP_APP_SECRET: SECRET })
    expect(received.map(messageOf)).toMatchObject([
      { id: 'wamid.1', from: '250788123456', type: 'text', text: { body: 'Muraho 👋' } },
    ])
  })

  it('repeats the very same delivery', async () => {
    const { url, received } = await webhook()
    const { code, lines } = await run(['send', '--url', url, '--secret', SECRET, '--repeat', '3'])
    expect(code).toBe(0)
    expect(received).toHaveLength(3)
    expect(new Set(received.map(({ body }) => body.toString())).size).toBe(1)
    expect(lines.slice(1).map((line) => line.slice(0, 8))).toEqual(['1/3  200', '2/3  200', '3/3  200'])
  })

  it('prints nothing but one line of JSON for each answer with --json', async () => {
    const { url } = await webhook()
    const { lines } = await run([
      'send',
      '--url',
      url,
      '--secret',
      SECRET,
      '--id',
      'wamid.1',
      '--repeat',
      '2',
      '--json',
    ])
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      Array.from({ length: 2 }, () => ({
        id: 'wamid.1',
        status: 200,
        durationMs: expect.any(Number) as number,
        body: '{"success":true}',
      })),
    )
  })

  it('ends with 1 when the webhook refuses the signature', async () => {
    const { url } = await webhook()
    const { code, lines } = await run(['send', '--url', url, '--secret', 'another one'])
    expect(code).toBe(1)
    expect(lines[1]).toMatch(/^401 .*bad signature$/)
  })

  it('does not follow a redirect, as the provider does not', async () => {
    const { url, received } = await webhook(() => ({ status: 302, body: '' }))
    const { code, lines } = await run(['send', '--url', url, '--secret', SECRET])
    expect(code).toBe(1)
    expect(lines[1]).toMatch(/^302/)
    expect(received).toHaveLength(1)
  })

  it('ends with 1 and one clear line when nobody listens', async () => {
    const { url } = await webhook()
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
    const { code, errors } = await run(['send', '--url', `${url}?token=hush`, '--secret', SECRET, '--repeat', '5'])
    expect(code).toBe(1)
    expect(errors).toBe(`cannot reach ${url}: ECONNREFUSED`)
  })

  it('cuts a long answer, but not in JSON', async () => {
    const { url } = await webhook(() => ({ status: 200, body: 'x'.repeat(5_000) }))
    const text = await run(['send', '--url', url, '--secret', SECRET])
    const json = await run(['send', '--url', url, '--secret', SECRET, '--json'])
    expect(text.lines[1]?.length).toBeLessThan(2_100)
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ body: 'x'.repeat(5_000) })
  })

  it.each([
    ['no URL', ['--secret', 's'], '--url is missing'],
    ['a URL without a scheme', ['--secret', 's', '--url', 'localhost:3000'], '--url must begin with'],
    ['a URL with a password', ['--secret', 's', '--url', 'http://a:b@localhost/'], 'must not hold a user name'],
    ['no secret', ['--url', 'http://localhost/'], 'WHATSAPP_APP_SECRET'],
    ['an empty secret', ['--url', 'http://localhost/', '--secret', ''], 'WHATSAPP_APP_SECRET'],
    ['an option of an unknown name', ['--secrte', 'hunter2'], "Unknown option '--secrte'"],
    ['an option without its value', ['--url'], "'--url <value>' argument missing"],
    ['a lost argument', ['hunter2'], 'belongs to no option'],
    ['a repeat of zero', ['--secret', 's', '--url', 'http://localhost/', '--repeat', '0'], '--repeat must be'],
    ['a repeat of text', ['--secret', 's', '--url', 'http://localhost/', '--repeat', 'many'], '--repeat must be'],
    ['a sender without digits', ['--secret', 's', '--url', 'http://localhost/', '--from', 'me'], '--from must be'],
    ['an empty id', ['--secret', 's', '--url', 'http://localhost/', '--id', ''], '--id must not be empty'],
  ])('ends with 2 and its usage for %s', async (_what, args, reason) => {
    const { code, lines, errors } = await run(['send', ...args])
    expect(code).toBe(2)
    expect(lines).toEqual([])
    expect(errors).toContain(reason)
    expect(errors).toContain('Usage: easymo-perf send')
    expect(errors).not.toContain('hunter2')
  })
})

/** The metrics endpoint behind a real server, in the hands of clients that do what clients do. */
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHost } from '../../src/core/host.ts'
import { metricsEndpoint, performanceMiddleware, toNode, type MetricsEndpointOptions } from '../../src/http/index.ts'
import { createMetrics, type Metrics } from '../../src/metrics/index.ts'
import { manualClock } from '../../src/testing/index.ts'
import { exchange, listen, until } from '../support/node-server.ts'

/** The length of its text is about 50 bytes for each series. */
function filled(series: number): Metrics {
  const metrics = createMetrics({ maxSeriesPerMetric: series })
  const pages = metrics.counter('pages_total', { help: 'Pages', labels: ['page'] })
  for (let index = 0; index < series; index += 1) pages.inc(`a page, the name of which ends in ${index}`)
  return metrics
}

async function served(options: Partial<MetricsEndpointOptions> = {}) {
  const metrics = filled(1_000)
  const seen = { renderings: 0 }
  const give = (): Metrics => {
    seen.renderings += 1
    return metrics
  }
  // On a clock that stands still, whoever asks again does so within the second that a rendering is good for.
  const host = createHost({ clock: manualClock() })
  const endpoint = metricsEndpoint({ metrics: give, access: { tokens: ['right', 'old'] }, host, ...options })
  const at = await listen(toNode(endpoint))
  const scrape = (init: RequestInit = {}, token = 'right'): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string> | undefined) }
    return fetch(`${at.url}/metrics?format=prometheus`, { ...init, headers })
  }
  return { ...at, metrics, seen, scrape }
}

const LAST_LINE = 'pages_total{page="a page, the name of which ends in 999"} 1\n'

describe('clients of the metrics endpoint', () => {
  it('get gzip when they take it, and decode it to the same text', async () => {
    const { scrape } = await served()
    const plain = await scrape({ headers: { 'accept-encoding': 'identity' } })
    const decoded = await scrape()
    expect([plain, decoded].map(({ headers }) => headers.get('content-encoding'))).toEqual([null, 'gzip'])
    const text = await plain.text()
    expect(text).toContain(LAST_LINE)
    expect(await decoded.text()).toBe(text)
    expect(Number(decoded.headers.get('content-length'))).toBeLessThan(text.length / 4)
  })

  it('get whole bytes when they do not decode them', async () => {
    const { port } = await served({ access: 'public' })
    const compressed = await new Promise<Buffer>((resolve, reject) => {
      const headers = { 'accept-encoding': 'gzip' }
      httpRequest({ port, host: '127.0.0.1', path: '/?format=prometheus', headers, agent: false }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve(Buffer.concat(chunks)))
      })
        .on('error', reject)
        .end()
    })
    expect(gunzipSync(compressed).toString()).toContain(LAST_LINE)
  })

  it('who guess tokens by the thousand get 401, while those who have one are served', async () => {
    const { scrape, seen } = await served()
    const guesses = Array.from({ length: 1_000 }, (_, index) =>
      scrape({}, index % 3 === 0 ? 'x'.repeat(8_000) : `r${index}`),
    )
    const right = await Promise.all([scrape(), scrape({}, 'old')])
    expect(right.map(({ status }) => status)).toEqual([200, 200])
    const wrong = await Promise.all(guesses)
    expect(wrong.every(({ status, headers }) => status === 401 && headers.get('www-authenticate') !== null)).toBe(true)
    expect(await wrong[0]?.text()).toBe('Unauthorized\n')
    expect(seen.renderings).toBe(1)
  })

  it('who read slowly, or not at all, hold up nobody', async () => {
    const { port, scrape } = await served({ metrics: filled(50_000) })
    const sleepers = await Promise.all(Array.from({ length: 50 }, () => sleeper(port)))
    const texts = await Promise.all(Array.from({ length: 5 }, async () => (await scrape()).text()))
    expect(texts.every((text) => text.includes(LAST_LINE))).toBe(true)
    // Who wakes up gets the rest.
    const [first] = sleepers
    expect(await rest(first)).toContain('the name of which ends in 49999')
  })

  it('who go away leave the rendering to the others', async () => {
    let ready = (): void => undefined
    const gate = new Promise<void>((resolve) => (ready = resolve))
    const metrics = filled(1_000)
    let asked = 0
    const { scrape } = await served({
      metrics: async () => {
        asked += 1
        await gate
        return metrics
      },
    })
    const impatient = new AbortController()
    const gone = Array.from({ length: 50 }, () => scrape({ signal: impatient.signal }).catch(() => 'gone'))
    await until(() => asked === 1)
    const patient = scrape()
    impatient.abort()
    expect(new Set(await Promise.all(gone))).toEqual(new Set(['gone']))
    ready()
    expect(await (await patient).text()).toContain(LAST_LINE)
    expect(asked).toBe(1)
  })

  it('who break off in the middle of a text leave nothing behind', async () => {
    const { scrape } = await served({ metrics: filled(50_000) })
    for (let turn = 0; turn < 30; turn += 1) {
      const breaking = new AbortController()
      const answer = await scrape({ signal: breaking.signal, headers: { 'accept-encoding': 'identity' } })
      breaking.abort()
      await expect(answer.text()).rejects.toThrow()
    }
    expect(await (await scrape()).text()).toContain('the name of which ends in 49999')
  })

  it('who compare tags or dates get the whole text, because there are none', async () => {
    const { scrape } = await served()
    const headers = { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() }
    const answer = await scrape({ headers })
    expect([answer.status, answer.headers.get('etag'), answer.headers.get('last-modified')]).toEqual([200, null, null])
  })

  it('who ask for the head get the head', async () => {
    const { scrape } = await served()
    const head = await scrape({ method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect((await scrape({ method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405)
  })

  it('cannot put a header into the answer, nor hide one from it', async () => {
    const { port } = await served()
    const lines = [
      'GET /metrics?format=a%0d%0aset-cookie:b=c HTTP/1.1',
      'GET /metrics?format=json%00 HTTP/1.1\r\nAuthorization: Bearer right, Bearer wrong',
      'GET /metrics HTTP/1.1\r\nAuthorization: Bearer \x7f\xff\xfe',
      `GET /metrics HTTP/1.1\r\nAccept: ${'a/b;q=0.1,'.repeat(900)}`,
      'GET /metrics HTTP/1.1\r\nAuthorization: Bearer right\r\nAuthorization: Bearer wrong',
    ]
    for (const line of lines) {
      const answer = await exchange(port, `${line}\r\nHost: a\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 (400|401) /)
      expect(answer.toLowerCase()).not.toContain('set-cookie')
    }
  })

  it('see their own scrapes counted, when the endpoint is measured itself', async () => {
    const metrics = createMetrics()
    const measured = performanceMiddleware({ service: 'core', metrics, route: () => '/metrics' })
    const { url } = await listen(toNode(measured(metricsEndpoint({ metrics, access: 'public' }))))
    await (await fetch(`${url}/?format=json`)).text()
    const text = await (await fetch(`${url}/?format=prometheus`)).text()
    expect(text).toContain('http_requests_total{method="GET",status="200",route="/metrics"} 1\n')
  })
})

/** Asks, and then does not read. */
function sleeper(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const ask =
      'GET /?format=prometheus HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer right\r\nConnection: close\r\n\r\n'
    const socket = connect(port, '127.0.0.1', () => socket.write(ask, () => resolve(socket.pause())))
    socket.on('error', reject)
    onTestFinished(() => void socket.destroy())
  })
}

function rest(socket: Socket | undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket?.on('data', (chunk) => (text += chunk.toString()))
    socket?.on('close', () => resolve(text))
    socket?.resume()
  })
}

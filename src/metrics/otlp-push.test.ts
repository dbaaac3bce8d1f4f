import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { listen } from '../../test/support/node-server.ts'
import { otlpPoints } from '../../test/support/otlp-check.ts'
import { accept, otlpReceiver } from '../../test/support/otlp-receiver.ts'
import { OptionError, TimeoutError } from '../core/errors.ts'
import type { Fact } from '../core/fact.ts'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/clock.ts'
import { createMetrics } from './metrics.ts'
import { otlp, type OtlpOptions } from './otlp.ts'
import { ExportError } from './otlp-answer.ts'

const SECRET = 'Bearer very-secret'

/** A registry with one series, and what its host is told. */
function counted() {
  const facts: Fact[] = []
  const clock = manualClock(1_700_000_000_000)
  const host = createHost({ clock, observe: (fact) => void facts.push(fact) })
  const metrics = createMetrics({ host })
  metrics.counter('requests_total', { help: 'Requests answered' }).inc()
  const push = (options: OtlpOptions): Promise<void> => otlp(metrics, { env: {}, host, ...options })
  return { facts, clock, metrics, host, push }
}

const errorOf = (push: Promise<void>): Promise<unknown> =>
  push.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('where a push goes', () => {
  it.each([
    [{ endpoint: '' }, {}, '/v1/metrics'],
    [{ endpoint: '/' }, {}, '/v1/metrics'],
    [{ endpoint: '/otlp' }, {}, '/otlp/v1/metrics'],
    [{ endpoint: '/otlp/v1/metrics' }, {}, '/otlp/v1/metrics'],
    [{ endpoint: '/otlp/?tenant=1' }, {}, '/otlp/v1/metrics?tenant=1'],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: '/base/' }, '/base/v1/metrics'],
    [{}, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '/as/it/stands' }, '/as/it/stands'],
    [{}, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '/this', OTEL_EXPORTER_OTLP_ENDPOINT: '/not-this' }, '/this'],
    [{ endpoint: '/option' }, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '/variable' }, '/option/v1/metrics'],
  ])('by %j and %j it is %s', async (options, variables, path) => {
    const { url, pushes } = await otlpReceiver()
    const absolute = (paths: object): object =>
      Object.fromEntries(Object.entries(paths).map(([name, at]) => [name, url + at]))
    await counted().push({ ...absolute(options), env: absolute(variables) })
    expect(pushes.map((push) => push.path)).toEqual([path])
  })

  it('finds the environment of the process', async () => {
    const { url, pushes } = await otlpReceiver()
    const { metrics } = counted()
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url)
    onTestFinished(() => void vi.unstubAllEnvs())
    await otlp(metrics)
    expect(pushes).toHaveLength(1)
  })

  it('sends the headers of the environment, percent-decoded, and those of the caller above them', async () => {
    const { url, pushes } = await otlpReceiver()
    const env = { OTEL_EXPORTER_OTLP_HEADERS: ' authorization=Bearer%20abc%3D%3D , x-tenant = t1 ,x-eq=a=b' }
    await counted().push({ endpoint: url, env, headers: { 'X-Tenant': 't2', 'content-type': 'text/plain' } })
    expect(pushes[0]?.headers).toMatchObject({
      authorization: 'Bearer abc==',
      'x-tenant': 't2',
      'x-eq': 'a=b',
      'content-type': 'application/json',
    })
  })

  it('packs the body when the environment says so', async () => {
    const { url, pushes } = await otlpReceiver()
    await counted().push({ endpoint: url, env: { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' } })
    expect(pushes[0]?.headers['content-encoding']).toBe('gzip')
    expect(otlpPoints(pushes[0]?.body ?? '').has('requests_total')).toBe(true)
  })

  it.each<[string, object, RegExp]>([
    ['no endpoint', {}, /OTEL_EXPORTER_OTLP_ENDPOINT/],
    ['no URL', { endpoint: 'otel collector' }, /endpoint must be a URL/],
    ['gRPC', { endpoint: 'grpc://localhost:4317' }, /http or https/],
    ['a password in the URL', { endpoint: 'https://me:very-secret@localhost' }, /must not hold/],
    ['a header that breaks lines', { endpoint: 'http://localhost', headers: { a: 'very-secret\r\nb: c' } }, /headers/],
    ['headers that are no pairs', { env: { OTEL_EXPORTER_OTLP_HEADERS: 'very-secret' } }, /OTEL_EXPORTER_OTLP_HEADERS/],
    ['a bad escape', { env: { OTEL_EXPORTER_OTLP_HEADERS: 'a=very-secret%' } }, /OTEL_EXPORTER_OTLP_HEADERS/],
    [
      'a timeout that is no number',
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost', OTEL_EXPORTER_OTLP_TIMEOUT: '10s' } },
      /TIMEOUT/,
    ],
    ['no timeout', { endpoint: 'http://localhost', timeoutMs: 0 }, /timeoutMs/],
    ['headers that are text', { endpoint: 'http://localhost', headers: 'very-secret' }, /headers must be an object/],
    ['an unknown option', { endpoint: 'http://localhost', retries: 3 }, /retries/],
  ])('refuses %s, and shows no value', async (_, options, message) => {
    const error = await errorOf((async () => counted().push(options))())
    expect(error).toBeInstanceOf(OptionError)
    expect((error as Error).message).toMatch(message)
    expect(JSON.stringify([(error as Error).stack, (error as Error).cause])).not.toContain('very-secret')
  })
})

describe('a push that fails', () => {
  it('ends at its deadline when the endpoint hangs, and closes the connection', async () => {
    let closed: Promise<unknown> | undefined
    const { url, pushes } = await otlpReceiver((_, request) => {
      closed = new Promise((resolve) => request.socket.once('close', resolve))
    })
    const { clock, push } = counted()
    const error = errorOf(push({ endpoint: url, timeoutMs: 500 }))
    while (pushes.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await clock.tick(500)
    expect(await error).toBeInstanceOf(TimeoutError)
    await closed
  })

  it('ends at its deadline when only the answer hangs', async () => {
    let answering = false
    const { url } = await otlpReceiver((response) => {
      response.writeHead(200).write('{"partialSuccess":')
      answering = true
    })
    const { clock, push } = counted()
    const error = errorOf(push({ endpoint: url, timeoutMs: 500 }))
    while (!answering) await new Promise((resolve) => setImmediate(resolve))
    await clock.tick(500)
    expect(await error).toBeInstanceOf(TimeoutError)
  })

  it('ends when its caller gives up, with the reason', async () => {
    const { url, pushes } = await otlpReceiver(() => undefined)
    const controller = new AbortController()
    const error = errorOf(counted().push({ endpoint: url, signal: controller.signal }))
    while (pushes.length === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort('enough')
    expect(await error).toBe('enough')
  })

  it.each([429, 502, 503, 504])('says of a %i that the next push may be taken', async (status) => {
    const { url, pushes } = await otlpReceiver((response) => response.writeHead(status).end('the tokens were t1, t2'))
    const { push } = counted()
    const error = await errorOf(push({ endpoint: url, headers: { authorization: SECRET } }))
    expect(error).toMatchObject({ code: 'ERR_PERF_METRICS_EXPORT', status, retryable: true, retryAfterMs: undefined })
    expect(JSON.stringify([error, (error as Error).stack])).not.toMatch(/t1|very-secret/)
    // One try, and the next one is the caller's.
    expect(pushes).toHaveLength(1)
    await errorOf(push({ endpoint: url }))
    expect(pushes).toHaveLength(2)
  })

  it.each([400, 401, 403, 404, 413, 500])('says of a %i that it is for good', async (status) => {
    const { url } = await otlpReceiver((response) => response.writeHead(status, { 'retry-after': '9' }).end('why'))
    const error = await errorOf(counted().push({ endpoint: url }))
    expect(error).toBeInstanceOf(ExportError)
    expect(error).toMatchObject({ code: 'ERR_PERF_METRICS_EXPORT', status, retryable: false, retryAfterMs: undefined })
  })

  it('leaves an endpoint alone for as long as it asks, then says everything', async () => {
    let busy = true
    const { url, pushes } = await otlpReceiver((response, request) =>
      busy ? response.writeHead(503, { 'retry-after': '30' }).end() : accept(response, request),
    )
    const { clock, metrics, push } = counted()
    expect(await errorOf(push({ endpoint: url }))).toMatchObject({ retryable: true, retryAfterMs: 30_000 })
    busy = false
    metrics.counter('requests_total', { help: 'Requests answered' }).add(4)
    await clock.tick(29_000)
    expect(await errorOf(push({ endpoint: url }))).toMatchObject({
      retryable: true,
      retryAfterMs: 1_000,
      status: undefined,
    })
    expect(pushes).toHaveLength(1)
    await clock.tick(1_000)
    await push({ endpoint: url })
    expect(otlpPoints(pushes[1]?.body ?? '').get('requests_total')?.point['asDouble']).toBe(5)
  })

  it('does not follow a redirect, which would take the headers along', async () => {
    const elsewhere = await otlpReceiver()
    const { url } = await otlpReceiver((response) => response.writeHead(307, { location: elsewhere.url }).end())
    const error = await errorOf(counted().push({ endpoint: url, headers: { authorization: SECRET } }))
    expect(error).toMatchObject({ code: 'ERR_PERF_METRICS_EXPORT', retryable: false })
    expect(elsewhere.pushes).toEqual([])
  })

  it.each(['before', 'while'])(
    'says that the endpoint could not be reached when the connection is reset %s it answers',
    async (when) => {
      const { url } = await listen((_, response) => {
        const { socket } = response as unknown as { socket: { resetAndDestroy(): void; write(text: string): void } }
        if (when === 'while') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{')
        setTimeout(() => socket.resetAndDestroy(), 20)
      })
      const error = await errorOf(counted().push({ endpoint: url }))
      expect(error).toMatchObject({ code: 'ERR_PERF_METRICS_EXPORT', status: undefined, retryable: true })
      expect((error as Error).cause).toBeInstanceOf(Error)
    },
  )

  it('says so when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    expect(await errorOf(counted().push({ endpoint: `http://127.0.0.1:${port}` }))).toMatchObject({ retryable: true })
  })
})

describe('a push that is taken in part', () => {
  const answering = (body: string) =>
    otlpReceiver((response) => response.setHeader('content-type', 'application/json').end(body))

  it('is told as a fact with the count, and without the words of the endpoint', async () => {
    const { url } = await answering('{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"key k1"}}')
    const { facts, push } = counted()
    await push({ endpoint: url })
    expect(facts).toEqual([{ name: 'metrics.rejected', of: 'otlp', count: 2 }])
  })

  it.each([
    ['empty', ''],
    ['an empty object', '{}'],
    ['null', 'null'],
    ['no JSON', 'OK'],
    ['a warning alone', '{"partialSuccess":{"errorMessage":"careful"}}'],
    ['longer than anybody reads', `{"partialSuccess":{"rejectedDataPoints":1},"a":"${'x'.repeat(70_000)}"}`],
  ])('is none when the answer is %s', async (_, body) => {
    const { url } = await answering(body)
    const { facts, push } = counted()
    await push({ endpoint: url })
    expect(facts).toEqual([])
  })
})

describe('a push that nobody awaits', () => {
  it('is kept alive by waitUntil, and its failure becomes a fact', async () => {
    const { url } = await otlpReceiver((response) => response.writeHead(400).end())
    const { facts, push } = counted()
    const kept: Promise<unknown>[] = []
    void push({ endpoint: url, waitUntil: (promise) => void kept.push(promise) })
    expect(kept).toHaveLength(1)
    await kept[0]
    expect(facts).toEqual([{ name: 'host.background_failed', code: 'ERR_PERF_METRICS_EXPORT' }])
  })

  it('is awaited when the host drains', async () => {
    const { url, pushes } = await otlpReceiver()
    const { host, push } = counted()
    void push({ endpoint: url })
    expect(await host.drain()).toBe(0)
    expect(pushes).toHaveLength(1)
  })
})

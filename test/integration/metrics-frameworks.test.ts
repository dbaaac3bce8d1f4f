import { serve as serveHono } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { request, createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  expressPerformance,
  expressRoute,
  fastifyPerformance,
  fastifyRoute,
  healthEndpoint,
  honoPerformance,
  honoRoute,
  trackers,
  type HealthDocument,
  type MeasureOptions,
  type RequestLine,
} from '../../src/http/index.ts'
import { createMetrics, metricsJson, type Metrics } from '../../src/metrics/index.ts'

/** Begins to listen, with these options. @returns where */
type Start = (options: MeasureOptions, hang: () => Promise<never>) => Promise<string>

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const frameworks: readonly (readonly [name: string, start: Start])[] = [
  [
    'Hono',
    async (options, hang) => {
      const app = new Hono()
      app.use(honoPerformance(options))
      app.get('/users/:id', (c) => c.text('user'))
      app.get('/broken/:id', () => {
        throw new TypeError('no database')
      })
      app.get('/hang', hang)
      const shop = new Hono()
      shop.get('/items/:item', (c) => c.text('item'))
      app.route('/shop', shop)
      app.onError((_, c) => c.text('Failed', 500))
      const server = await new Promise<Server>((resolve) => {
        const made = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made as Server))
      })
      onTestFinished(() => {
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      })
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  ],
  [
    'Express',
    async (options, hang) => {
      const app = express()
      app.use(expressPerformance(options))
      app.get('/users/:id', (_, response) => void response.send('user'))
      app.get('/broken/:id', () => {
        throw new TypeError('no database')
      })
      app.get('/hang', hang)
      const shop = express.Router()
      shop.get('/items/:item', (_, response) => void response.send('item'))
      app.use('/shop', shop)
      // eslint-disable-next-line @typescript-eslint/max-params -- Express tells it from others by its four
      app.use((_error: unknown, _: express.Request, response: express.Response, _next: express.NextFunction) => {
        response.status(500).send('Failed')
      })
      return listening(createServer(app))
    },
  ],
  [
    'Fastify',
    async (options, hang) => {
      const app = fastify()
      await app.register(fastifyPerformance(options))
      app.get('/users/:id', async () => 'user')
      app.get('/broken/:id', async () => {
        throw new TypeError('no database')
      })
      app.get('/hang', hang)
      await app.register(
        async (shop) => {
          shop.get('/items/:item', async () => 'item')
        },
        { prefix: '/shop' },
      )
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      onTestFinished(() => app.close())
      return url
    },
  ],
]

describe.each(frameworks)('requests behind %s', (framework, start) => {
  it('are measured under the template of their route, in the counters, the log and the health alike', async () => {
    const metrics = createMetrics()
    const lines: RequestLine[] = []
    const url = await start({ service: 'shop', metrics, log: (line) => void lines.push(line) }, never)
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const paths = ['/users/1', '/users/250788000001?x=1', '/shop/items/7', '/nothing/9', ...Array(6).fill('/broken/3')]
    const answers = []
    for (const path of paths) {
      const response = await fetch(url + path, { headers: { traceparent } })
      await response.arrayBuffer()
      answers.push(response.status)
    }
    expect(answers).toEqual([200, 200, 200, 404, 500, 500, 500, 500, 500, 500])
    // The end of a request is told by the socket, which may be a moment after the answer.
    await expect.poll(() => metricsJson(metrics).gauges['http_requests_in_flight']).toBe(0)
    const { counters } = metricsJson(metrics)
    const counted = Object.entries(counters).filter(([name, count]) => name.startsWith('http_requests_total') && count > 0) // prettier-ignore
    expect(Object.fromEntries(counted)).toEqual({
      'http_requests_total{method="GET",status="200",route="/users/:id"}': 2,
      'http_requests_total{method="GET",status="200",route="/shop/items/:item"}': 1,
      'http_requests_total{method="GET",status="404",route="other"}': 1,
      'http_requests_total{method="GET",status="500",route="/broken/:id"}': 6,
    })
    expect(counters['http_request_errors_total{route="/users/:id"}']).toBe(0)
    expect(lines).toHaveLength(6)
    expect(lines[0]).toMatchObject({ service: 'shop', route: '/broken/:id', status: 500, trace_id: traceparent.slice(3, 35) }) // prettier-ignore
    if (framework !== 'Express') expect(lines[0]).toMatchObject({ error: 'TypeError' })
    const health = healthEndpoint({ service: 'shop', version: '1', metrics })
    const document = (await (await health(new Request('http://localhost/health'))).json()) as HealthDocument
    expect(document).toMatchObject({ status: 'degraded', performance: { requests: 9, errorRate: 0.6667 } })
  })

  it('that hang are in flight, and end when their caller has gone', async () => {
    const metrics = createMetrics()
    const url = await start({ service: 'shop', metrics }, never)
    const going = request(`${url}/hang`).on('error', () => undefined)
    going.end()
    await expect.poll(() => metricsJson(metrics).gauges['http_requests_in_flight']).toBe(1)
    going.destroy()
    // Hono waits for its handler; the two others hear of the socket.
    if (framework === 'Hono') return
    await expect.poll(() => metricsJson(metrics).gauges['http_requests_in_flight']).toBe(0)
    expect(metricsJson(metrics).counters['http_requests_total{method="GET",status="499",route="/hang"}']).toBe(1)
  })
})

const never = (): Promise<never> => new Promise<never>(() => undefined)

describe('the route of a request that was answered', () => {
  it('is given to recordRequestMetrics by helpers for all three', async () => {
    const metrics = createMetrics()
    const { recordRequestMetrics } = trackers(metrics)
    const record = (route: string | undefined): void =>
      recordRequestMetrics({ method: 'GET', status: 200, route: route ?? 'other', durationMs: 1 })

    const hono = new Hono().use(async (c, next) => {
      await next()
      record(honoRoute(c))
    })
    hono.get('/hono/:id', (c) => c.text('ok'))
    await hono.request('/hono/7')

    const app = express()
    app.use((req, res, next) => {
      res.once('close', () => record(expressRoute(req)))
      next()
    })
    app.get('/express/:id', (_, response) => void response.send('ok'))
    const url = await listening(createServer(app))
    await (await fetch(`${url}/express/7`)).arrayBuffer()

    const fast = fastify()
    fast.addHook('onResponse', async (asked) => record(fastifyRoute(asked)))
    fast.get('/fastify/:id', async () => 'ok')
    await fast.inject('/fastify/7')

    const routes = (): string[] => Object.keys(metricsJson(metrics).histograms)
    await expect
      .poll(routes)
      .toEqual(
        ['/hono/:id', '/express/:id', '/fastify/:id'].map((route) => `http_request_duration_ms{route="${route}"}`),
      )
  })

  it('holds no ids of the path that a router of Express is mounted at', async () => {
    const found: (string | undefined)[] = []
    const app = express()
    app.use((req, res, next) => {
      res.once('close', () => found.push(expressRoute(req)))
      next()
    })
    const answer = (_: express.Request, response: express.Response): void => void response.send('ok')
    const orders = express.Router({ mergeParams: true }).get('/', answer).get('/:order', answer)
    app.use('/users/:user/orders', orders)
    app.use('/shops/:shop/things', express.Router().get('/:thing', answer))
    app.get(/^\/files\/.*/, answer)
    app.get('/', answer)
    const url = await listening(createServer(app))
    for (const path of ['/users/aline/orders', '/users/aline/orders/7', '/shops/12/things/x', '/files/a', '/', '/none'])
      await (await fetch(url + path)).arrayBuffer()
    await expect.poll(() => found.length).toBe(6)
    expect(found).toEqual([
      '/users/:user/orders',
      '/users/:user/orders/:order',
      '/shops/:id/things/:thing',
      '/^\\/files\\/.*/',
      '/',
      undefined,
    ])
  })
})

/** How many requests were counted under a status. */
function counted(metrics: Metrics, status: number): number {
  const found = Object.entries(metricsJson(metrics).counters).filter(
    ([name]) => name.startsWith('http_requests_total{') && name.includes(`status="${status}"`),
  )
  return found.reduce((sum, [, value]) => sum + value, 0)
}

describe.each(['Express', 'Fastify'])('behind %s', (name) => {
  /** One route that never answers, one that answers with a stream that goes on. */
  async function start(options: MeasureOptions): Promise<string> {
    if (name === 'Express') {
      const app = express()
      app.use(expressPerformance(options))
      app.get('/hang', () => undefined)
      app.get('/events', (_, response) => void response.writeHead(200).write('data: 1\n\n'))
      return listening(createServer(app))
    }
    const app = fastify({ forceCloseConnections: true })
    void app.register(fastifyPerformance(options))
    app.get('/hang', () => new Promise(() => undefined))
    app.get('/events', (_, reply) => {
      reply.hijack()
      reply.raw.writeHead(200).write('data: 1\n\n')
    })
    onTestFinished(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  }

  it('callers who have waited and gone are failures, and those who leave at once are not', async () => {
    const metrics = createMetrics()
    const url = await start({ service: 'core', metrics, slowMs: 100 })
    const leave = (afterMs: number): Promise<unknown> =>
      fetch(`${url}/hang`, { signal: AbortSignal.timeout(afterMs) }).catch(String)
    await Promise.all(Array.from({ length: 6 }, () => leave(400)))
    await expect.poll(() => counted(metrics, 504)).toBe(6)
    const health = await healthEndpoint({ service: 'core', version: '1', metrics })(new Request('http://a/health'))
    expect([health.status, ((await health.json()) as HealthDocument).status]).not.toEqual([200, 'healthy'])
  })

  it('a stream ends, for what is measured, when its head is sent', async () => {
    const metrics = createMetrics()
    const url = await start({ service: 'core', metrics })
    const stream = await fetch(`${url}/events`)
    expect(metricsJson(metrics).gauges['http_requests_in_flight']).toBe(0)
    expect(counted(metrics, 200)).toBe(1)
    await stream.body?.cancel()
    await expect.poll(() => counted(metrics, 200)).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { createHost } from '../core/host.ts'
import { createMetrics, prometheusText } from '../metrics/index.ts'
import { manualClock, type ManualClock } from '../testing/clock.ts'
import { performanceMiddleware, type PerformanceOptions, type RequestLine } from './index.ts'

const request = (method = 'POST', headers: Record<string, string> = {}): Request =>
  new Request('http://localhost/users/250788000001?secret=1', { method, headers })

function setup(options: Partial<PerformanceOptions> = {}) {
  const clock: ManualClock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }), strict: true })
  const lines: RequestLine[] = []
  const measured = performanceMiddleware({ service: 'core', metrics, log: (line) => lines.push(line), ...options })
  const read = (name: string, labels: Record<string, string> = {}): number | undefined =>
    valueOf(prometheusText(metrics), name, labels)
  return { clock, metrics, lines, measured, read }
}

describe('performanceMiddleware', () => {
  it('counts and times each request under the template of its route', async () => {
    const { clock, measured, read, lines } = setup({ route: () => '/users/:id' })
    const handler = measured(async () => {
      expect(read('http_requests_in_flight')).toBe(1)
      await new Promise<void>((resolve) => clock.after(40, resolve))
      return new Response(null, { status: 204 })
    })
    const answer = handler(request())
    await clock.tick(40)
    expect((await answer).status).toBe(204)
    expect(read('http_requests_total', { method: 'POST', status: '204', route: '/users/:id' })).toBe(1)
    expect(read('http_request_duration_seconds_sum', { route: '/users/:id' })).toBe(0.04)
    expect(read('http_requests_in_flight')).toBe(0)
    expect(read('http_request_errors_total', { route: '/users/:id' })).toBe(0)
    expect(lines).toEqual([])
  })

  it('never makes a label of a path or of a method that it does not know', () => {
    const throwing = (): string => {
      throw new Error('no route')
    }
    for (const route of [undefined, () => undefined, () => '', throwing, (() => 7) as unknown as () => string]) {
      const { measured, read, metrics } = setup(route === undefined ? {} : { route })
      void measured(() => new Response('ok'))(request('BREW'))
      expect(read('http_requests_total', { method: 'OTHER', status: '200', route: 'other' })).toBe(1)
      expect(prometheusText(metrics)).not.toContain('250788')
    }
  })

  it('makes no label of a path that was given in place of a template', () => {
    const paths: readonly (readonly [given: string, label: string])[] = [
      ['/users/250788000001?secret=1', '/users/:id'],
      ['/v2/orders/2024-000123/items', '/v2/orders/:id/items'],
      ['250788000001', ':id'],
      ['?phone=1', 'other'],
      ['/v1/oauth2/:id#x', '/v1/oauth2/:id'],
      [`/${'9'.repeat(16_000)}/${'a'.repeat(16_000)}?`, '/:id'],
      [`/${'a'.repeat(16_000)}?b`, `/${'a'.repeat(127)}`],
    ]
    for (const [given, label] of paths) {
      const { measured, read, lines } = setup({ route: () => given })
      void measured(() => new Response(null, { status: 500 }))(request())
      expect(read('http_requests_total', { method: 'POST', status: '500', route: label })).toBe(1)
      expect(lines[0]?.route).toBe(label)
    }
  })

  it('keeps the sums right when a route has no end of values', () => {
    let path = 0
    const { measured, read } = setup({ route: () => `/users/a${path}` })
    const handler = measured(() => new Response('ok'))
    for (; path < 1_500; path += 1) void handler(request())
    expect(read('http_requests_total', { method: 'POST', status: '200', route: '/users/a999' })).toBe(1)
    const overflow = { method: '__overflow__', status: '__overflow__', route: '__overflow__' }
    expect(read('http_requests_total', overflow)).toBe(500)
  })

  it('counts what is no response as a 500, and refuses it', async () => {
    const { measured, read } = setup()
    const odd = [undefined, null, 'text', {}, { status: '200' }, { status: 250788000001 }, () => new Response()]
    for (const [index, result] of odd.entries()) {
      const given = result as unknown as Response
      expect(() => measured(() => given)(request())).toThrow('must answer with a Response')
      await expect(measured(() => Promise.resolve(given))(request())).rejects.toThrow('must answer with a Response')
      expect(read('http_requests_total', { method: 'POST', status: '500', route: 'other' })).toBe(2 * (index + 1))
    }
    expect(measured(() => Response.error())(request())).toMatchObject({ type: 'error' })
    expect(read('http_requests_total', { method: 'POST', status: '500', route: 'other' })).toBe(2 * odd.length + 1)
    expect(read('http_requests_in_flight')).toBe(0)
  })

  it('takes anything that can be awaited for a promise', async () => {
    const { measured, read } = setup()
    const response = new Response('ok')
    const thenable = { then: (done: (response: Response) => void) => done(response) } as Promise<Response>
    expect(await measured(() => thenable)(request())).toBe(response)
    expect(read('http_requests_total', { method: 'POST', status: '200', route: 'other' })).toBe(1)
    expect(read('http_requests_in_flight')).toBe(0)
  })

  it('neither reads, clones nor rebuilds streams and immutable responses', async () => {
    const { measured } = setup()
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)) })
    const streamed = new Response(stream)
    const redirect = Response.redirect('http://localhost/', 307)
    for (const response of [streamed, redirect]) {
      const given = request()
      let seen: Request | undefined
      const handler = measured((asked) => {
        seen = asked
        return response
      })
      expect(await handler(given)).toBe(response)
      expect(seen).toBe(given)
    }
    expect([stream.locked, streamed.bodyUsed]).toEqual([false, false])
    await stream.cancel()
  })

  it('counts a handler that throws as a 500 and throws its error on', async () => {
    const { measured, read, lines } = setup()
    const error = Object.assign(new TypeError('250788000001 is not here'), { code: 'ERR_X' })
    const atOnce = measured((): Response => {
      throw error
    })
    expect(() => atOnce(request())).toThrow(error)
    await expect(measured(() => Promise.reject(error))(request())).rejects.toBe(error)
    expect(read('http_requests_total', { method: 'POST', status: '500', route: 'other' })).toBe(2)
    expect(read('http_request_errors_total', { route: 'other' })).toBe(2)
    expect(read('http_requests_in_flight')).toBe(0)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toEqual({
      level: 'error',
      event: 'http.request.failed',
      service: 'core',
      method: 'POST',
      route: 'other',
      status: 500,
      duration_ms: 0,
      error: 'TypeError',
      code: 'ERR_X',
    })
  })

  it('counts 500 and above as an error, and no 4xx', async () => {
    const { measured, read, lines } = setup()
    for (const status of [200, 302, 400, 499]) await measured(() => new Response(null, { status }))(request())
    expect([read('http_request_errors_total', { route: 'other' }), lines]).toEqual([0, []])
    expect(read('http_request_client_errors_total', { route: 'other' })).toBe(2)
    for (const status of [500, 503]) await measured(() => new Response(null, { status }))(request())
    expect([read('http_request_errors_total', { route: 'other' }), lines.length]).toEqual([2, 2])
  })

  it('takes a second for slow when nobody says otherwise', async () => {
    const { clock, measured, lines } = setup()
    for (const [ms, told] of [
      [999, 0],
      [1_000, 1],
    ] as const) {
      const answer = measured(async () => {
        await new Promise<void>((resolve) => clock.after(ms, resolve))
        return new Response('ok')
      })(request())
      await clock.tick(ms)
      await answer
      expect(lines).toHaveLength(told)
    }
  })

  it('logs one line for a slow request, with the trace id and masked fields', async () => {
    const { clock, measured, lines } = setup({
      slowMs: 100,
      fields: () => ({
        from: '250788000001',
        nested: { wa_id: '1', displayPhoneNumber: '2', kind: 'text' },
        list: [{ to: 'x' }],
      }),
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const answer = measured(async () => {
      await new Promise<void>((resolve) => clock.after(100, resolve))
      return new Response('late')
    })(request('GET', { traceparent }))
    await clock.tick(100)
    await answer
    expect(lines).toEqual([
      {
        level: 'warn',
        event: 'http.request.slow',
        service: 'core',
        method: 'GET',
        route: 'other',
        status: 200,
        duration_ms: 100,
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        from: '***',
        nested: { wa_id: '***', displayPhoneNumber: '***', kind: 'text' },
        list: [{ to: '***' }],
      },
    ])
  })

  it('does not let a log, a route or fields that throw reach the request', async () => {
    const fails = (): never => {
      throw new Error('mine')
    }
    const { measured } = setup({ slowMs: 0, log: fails, route: fails, fields: fails })
    expect(await (await measured(() => new Response('ok'))(request())).text()).toBe('ok')
  })

  it('hands the response and further arguments through as they are', async () => {
    const { measured } = setup()
    const response = new Response('body')
    const seen: unknown[] = []
    const handler = measured<[{ env: number }, string]>((_, ...args) => {
      seen.push(...args)
      return response
    })
    const env = { env: 1 }
    expect(await handler(request(), env, 'ctx')).toBe(response)
    expect(seen[0]).toBe(env)
    expect(seen[1]).toBe('ctx')
    expect(response.bodyUsed).toBe(false)
  })

  it('refuses options of the wrong type', () => {
    const metrics = createMetrics()
    const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error
    expect(() => performanceMiddleware({ service: '', metrics })).toThrow(option)
    expect(() => performanceMiddleware({ service: 'a', metrics: {} as typeof metrics })).toThrow(option)
    expect(() => performanceMiddleware({ service: 'a', metrics, slowMs: -1 })).toThrow(option)
    expect(() => performanceMiddleware({ service: 'a', metrics, logger: 1 } as PerformanceOptions)).toThrow(/unknown/)
  })
})

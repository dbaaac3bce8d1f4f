import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { createHost } from '../core/host.ts'
import { createMetrics, prometheusText } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { performanceMiddleware, trackers } from './index.ts'

function setup(routes?: readonly string[]) {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const measured = performanceMiddleware({
    service: 'core',
    metrics,
    route: (request) => new URL(request.url).pathname,
    ...(routes && { routes }),
  })
  const send = async (path: string, status = 200, method = 'GET'): Promise<unknown> =>
    measured(() => new Response(null, { status }))(new Request(`http://localhost${path}`, { method }))
  const read = (name: string, labels: Record<string, string>): number | undefined =>
    valueOf(prometheusText(metrics), name, labels)
  return { clock, metrics, send, read }
}

const flood = async ({ send }: ReturnType<typeof setup>, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await send(`/wp-${n.toString(36)}`, 404)
}

describe('the series of a route', () => {
  it('begin together with its first request, so that its first error is an increase', async () => {
    const { send, read } = setup()
    await send('/webhook', 200, 'POST')
    for (const name of ['http_request_errors_total', 'http_request_client_errors_total'])
      expect(read(name, { route: '/webhook' })).toBe(0)
    expect(read('http_requests_total', { method: 'POST', status: '500', route: '/webhook' })).toBe(0)
    await send('/webhook', 204, 'DELETE')
    for (const status of ['200', '500'])
      expect(read('http_requests_total', { method: 'DELETE', status, route: '/webhook' })).toBe(0)
  })

  it('are there before it, when the route was declared', () => {
    const { read } = setup(['/webhook', '/users/12345678/x?y=1'])
    for (const route of ['/webhook', '/users/:id/x'])
      for (const name of [
        'http_request_errors_total',
        'http_request_client_errors_total',
        'http_request_duration_seconds_count',
      ])
        // prettier-ignore
        expect(read(name, { route })).toBe(0)
  })

  it('are declared for what is recorded by hand, too', () => {
    const metrics = createMetrics()
    trackers(metrics, { routes: ['/webhook'] })
    expect(valueOf(prometheusText(metrics), 'http_request_errors_total', { route: '/webhook' })).toBe(0)
    for (const routes of ['x', [1], ['']] as unknown as string[][])
      expect(() => trackers(metrics, { routes })).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error)
  })

  it('are theirs after a flood of 2000 raw paths, when the route was declared', async () => {
    const service = setup(['/webhook'])
    await flood(service, 2_000)
    const { send, read } = service
    await send('/webhook', 503, 'POST')
    expect(read('http_requests_total', { method: 'POST', status: '503', route: '/webhook' })).toBe(1)
    expect(read('http_request_errors_total', { route: '/webhook' })).toBe(1)
    expect(read('http_request_duration_seconds_count', { route: '/webhook' })).toBe(1)
  })

  it('are theirs after a flood of paths that are not found, also when nobody has declared it', async () => {
    const service = setup()
    await flood(service, 2_000)
    await service.send('/webhook', 200, 'POST')
    expect(service.read('http_requests_total', { method: 'POST', status: '200', route: '/webhook' })).toBe(1)
    expect(service.read('http_request_errors_total', { route: '/webhook' })).toBe(0)
  })

  it('are theirs when it came in the first five minutes, also with a status that is new', async () => {
    const service = setup()
    const { clock, send, read } = service
    await send('/webhook', 200, 'POST')
    await clock.tick(300_000)
    await flood(service, 2_000)
    await send('/webhook', 502, 'PUT')
    expect(read('http_requests_total', { method: 'PUT', status: '502', route: '/webhook' })).toBe(1)
    const all = prometheusText(service.metrics).match(/^http_requests_total\{.*/gm) ?? []
    expect(all.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(2_002)
    expect(all.length).toBeLessThanOrEqual(1_010)
  })
})

import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { createHost } from '../core/host.ts'
import { createMetrics, prometheusText } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { performanceMiddleware, type PerformanceOptions, type RequestLine } from './index.ts'

const request = (headers: Record<string, string> = {}): Request =>
  new Request('http://localhost/users/250788000001?secret=1', { headers })

function setup(options: Partial<PerformanceOptions> = {}) {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }), strict: true })
  const lines: RequestLine[] = []
  const log = (line: RequestLine): void => void lines.push(line)
  const measured = performanceMiddleware({ service: 'core', metrics, slowMs: 0, log, ...options })
  const requests = (labels: Record<string, string>): number | undefined =>
    valueOf(prometheusText(metrics), 'http_requests_total', labels)
  return { clock, lines, measured, requests }
}

describe('the line of a request', () => {
  it('masks telling names in every dress, at every depth, and nothing else', () => {
    const telling = ['from', 'To', 'wa_id', 'WA-ID', 'waId', 'phone', 'Phone_Number', 'customerPhone', 'display-phone-number', 'recipient_id', 'momo_msisdn', 'whatsapp_e164', 'eMail', 'name', 'body', 'text', 'Authorization', 'set-cookie', 'access_token', 'client_secret', 'PASSWORD', 'x-api-key', 'mobile'] // prettier-ignore
    const harmless = ['kind', 'phone_number_id', 'total', 'format', 'topic', 'handlerName', 'status_code']
    const all = Object.fromEntries([...telling, ...harmless].map((name) => [name, '250788000001']))
    const { measured, lines } = setup({
      fields: () => ({ ...all, list: [[{ from: { deep: 1 } }]], map: new Map([['from', '1']]), url: new URL('http://a/?from=1') }), // prettier-ignore
    })
    void measured(() => new Response('ok'))(request())
    const [line = {}] = lines as readonly Record<string, unknown>[]
    for (const name of telling) expect([name, line[name]]).toEqual([name, '***'])
    for (const name of harmless) expect([name, line[name]]).toEqual([name, '250788000001'])
    expect(line).toMatchObject({ list: [[{ from: '***' }]], map: {}, url: {} })
  })

  it('ends masking where a field holds itself', () => {
    const round: Record<string, unknown> = { from: '1' }
    round['self'] = round
    const { measured, lines } = setup({ fields: () => ({ round }) })
    void measured(() => new Response('ok'))(request())
    expect(JSON.stringify(lines)).not.toContain('1"')
    expect(lines).toHaveLength(1)
  })

  it('cannot be talked out of its own fields', () => {
    const { measured, lines } = setup({ fields: () => ({ status: 1, level: 'info', service: 'x', route: '/raw' }) }) // prettier-ignore
    void measured(() => new Response('ok'))(request())
    expect(lines[0]).toMatchObject({ status: 200, level: 'warn', service: 'core', route: 'other' })
  })

  it('knows a valid traceparent from an invalid one, and leaves the header to the handler', () => {
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    const valid = [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-00`, `01-${trace}-${parent}-01-more`, ` 00-${trace}-${parent}-01 `] // prettier-ignore
    const invalid = [
      '',
      `ff-${trace}-${parent}-01`,
      `00-${trace}-${parent}-01-more`,
      `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`,
      `00-${'0'.repeat(32)}-${parent}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${parent}-01`,
      `00-${trace}-${parent}`,
      `0-${trace}-${parent}-01`,
      trace,
    ]
    const { measured, lines } = setup()
    for (const traceparent of [...valid, ...invalid]) {
      let seen: string | null = null
      const handler = measured(({ headers }) => {
        seen = headers.get('traceparent')
        return new Response('ok')
      })
      void handler(request({ traceparent }))
      expect(seen).toBe(traceparent.trim())
    }
    const traces = [...valid.map(() => trace), ...invalid.map(() => undefined)]
    expect(lines.map(({ trace_id }) => trace_id)).toEqual(traces)
  })

  it('tells no more than one line, and none of a quick and good request', async () => {
    const { clock, measured, lines } = setup({ slowMs: 100 })
    const answering = (status: number, ms: number) =>
      measured(async () => {
        await new Promise<void>((resolve) => clock.after(ms, resolve))
        return new Response(null, { status })
      })(request())
    for (const [status, ms, event] of [
      [200, 99, undefined],
      [404, 0, undefined],
      [200, 100, 'http.request.slow'],
      [500, 0, 'http.request.failed'],
      [503, 5_000, 'http.request.failed'],
    ] as const) {
      lines.length = 0
      const answer = answering(status, ms)
      await clock.tick(ms)
      await answer
      expect(lines.map((line) => line.event)).toEqual(event === undefined ? [] : [event])
    }
  })

  it('does not let asynchronous functions that reject end the process', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): unknown => unhandled.push(error)
    process.on('unhandledRejection', note)
    const rejects = () => Promise.reject(new Error('mine')) as never
    const { measured, requests } = setup({ log: rejects, route: rejects, fields: rejects })
    await measured(() => new Response('ok'))(request())
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    expect(requests({ method: 'GET', status: '200', route: 'other' })).toBe(1)
  })

  it('does not tell what is no word in the name and the code of an error', () => {
    const { measured, lines } = setup()
    const error = Object.assign(new Error('mine'), { name: 'NoUser +250788000001', code: '250788000001' })
    const fails = measured(() => {
      throw error
    })
    expect(() => fails(request())).toThrow(error)
    expect(lines).toMatchObject([{ event: 'http.request.failed', error: 'Error' }])
    expect(lines[0]).not.toHaveProperty('code')
  })

  it('keeps a line whose fields cannot be read', () => {
    const fields = (): Record<string, unknown> => ({
      get from(): string {
        throw new Error('mine')
      },
    })
    const { measured, lines } = setup({ fields })
    void measured(() => new Response('ok'))(request())
    expect(lines).toMatchObject([{ event: 'http.request.slow', status: 200 }])
  })
})

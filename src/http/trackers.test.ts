import { describe, expect, expectTypeOf, it } from 'vitest'
import { OptionError } from '../core/errors.ts'
import { createHost } from '../core/host.ts'
import { metricsJson } from '../core/metrics-json.ts'
import { prometheusText } from '../core/metrics-text.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { manualClock } from '../testing/clock.ts'
import { performanceMiddleware } from './performance.ts'
import { trackers, type Trackers } from './trackers.ts'

function tracking() {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const counters = (): Readonly<Record<string, number>> => metricsJson(metrics).counters
  const histograms = () => metricsJson(metrics).histograms
  return { clock, metrics, counters, histograms, ...trackers(metrics) }
}

const misuse = (counters: Readonly<Record<string, number>>): string[] =>
  Object.keys(counters).filter((name) => name.startsWith('easymo_metrics_misuse_total'))

describe('trackColdStart', () => {
  it('counts the first call of a service, and says that this was it', () => {
    const { metrics, counters, trackColdStart } = tracking()
    expect([trackColdStart('a'), trackColdStart('a'), trackColdStart('b')]).toEqual([true, false, true])
    // Another module of the same isolate.
    expect(trackers(metrics).trackColdStart('a')).toBe(false)
    expect(counters()).toEqual({ 'cold_starts_total{service="a"}': 1, 'cold_starts_total{service="b"}': 1 })
    expect(tracking().trackColdStart('a')).toBe(true)
  })

  it('leaves the label to the registry where it is a default one', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'wa-webhook' } })
    expect(trackers(metrics).trackColdStart('wa-webhook')).toBe(true)
    expect(prometheusText(metrics)).toContain('cold_starts_total{service="wa-webhook"} 1\n')
  })

  it('stops at a thousand services, whatever they are called', () => {
    const { counters, trackColdStart } = tracking()
    for (let at = 0; at < 1_500; at += 1) trackColdStart(`hostile ${at}`)
    const total = Object.values(counters()).reduce((sum, value) => sum + value, 0)
    expect(total).toBe(1_000)
    expect(trackColdStart('hostile 1400')).toBe(false)
  })
})

describe('trackHandler', () => {
  it('passes what a handler of any arity takes and gives, and its `this`', async () => {
    const { trackHandler } = tracking()
    expect(trackHandler('none', () => 7)()).toBe(7)
    const three = trackHandler('three', (a: number, b: string, c?: boolean) => [a, b, c])
    expect(three(1, 'b')).toEqual([1, 'b', undefined])
    expectTypeOf(three).parameters.toEqualTypeOf<[a: number, b: string, c?: boolean]>()
    const promise = Promise.resolve('later')
    expect(trackHandler('same', () => promise)()).toBe(promise)
    const owner = { name: 'owner', ask: trackHandler('this', function (this: { name: string }) { return this.name }) } // prettier-ignore
    expect(owner.ask()).toBe('owner')
    const generic = trackHandler('generic', <T>(value: T): T => value)
    expectTypeOf(generic('x' as const)).toEqualTypeOf<'x'>()
    await promise
  })

  it('counts calls by outcome and their time, from 0 on', async () => {
    const { clock, counters, histograms, trackHandler } = tracking()
    const handler = trackHandler('home', async (ms: number) => {
      await clock.tick(ms)
      if (ms > 100) throw new Error('late')
    })
    expect(counters()).toEqual({
      'handler_calls_total{handler="home",outcome="error"}': 0,
      'handler_calls_total{handler="home",outcome="ok"}': 0,
    })
    await handler(20)
    await handler(40)
    await expect(handler(120)).rejects.toThrow('late')
    expect(counters()).toEqual({
      'handler_calls_total{handler="home",outcome="error"}': 1,
      'handler_calls_total{handler="home",outcome="ok"}': 2,
    })
    expect(histograms()['handler_duration_ms{handler="home"}']).toMatchObject({ count: 3, sum: 180, min: 20, max: 120 })
  })

  it('throws what the handler throws, unchanged, and counts it as an error', () => {
    const { counters, trackHandler } = tracking()
    const thrown = { not: 'even an error' }
    const handler = trackHandler('bad', (): never => {
      throw thrown as unknown as Error
    })
    let caught: unknown
    try {
      handler()
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
    expect(counters()['handler_calls_total{handler="bad",outcome="error"}']).toBe(1)
  })

  it('takes the labels that were declared for all handlers, once for each', () => {
    const { metrics, counters } = tracking()
    expect(() => trackers(metrics, { handlerLabels: ['domain'] })).toThrow(OptionError)
    const other = createMetrics()
    const { trackHandler } = trackers(other, { handlerLabels: ['domain'] })
    trackHandler('home', () => 1, { domain: 'core' })()
    expect(metricsJson(other).counters['handler_calls_total{handler="home",outcome="ok",domain="core"}']).toBe(1)
    // @ts-expect-error - a label that was declared must be given
    const unlabelled = trackHandler('home', () => 2)
    // @ts-expect-error - a label that was not declared has no series
    const unknown = trackHandler('home', () => 3, { domain: 'core', user: 'u1' })
    expect([unlabelled(), unknown()]).toEqual([2, 3])
    expect(misuse(metricsJson(other).counters)).toHaveLength(3)
    expect(misuse(counters())).toEqual([])
  })
})

/** What was counted, by its outcome. */
const outcomes = (counters: Readonly<Record<string, number>>): object =>
  Object.fromEntries(Object.entries(counters).map(([key, value]) => [/outcome="(\w+)"/.exec(key)?.[1], value]))

const withoutZeros = (counters: Readonly<Record<string, number>>): object =>
  Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0))

describe.each([
  [
    'trackDatabaseOp',
    ({ trackDatabaseOp }: Trackers) =>
      (fn: () => unknown) =>
        trackDatabaseOp('select', 'users', fn),
  ],
  [
    'trackApiCall',
    ({ trackApiCall }: Trackers) =>
      (fn: () => unknown) =>
        trackApiCall('whatsapp', fn),
  ],
] as const)('%s', (_, of) => {
  it('runs the work once and gives its result, at once or later', async () => {
    const tracked = tracking()
    let runs = 0
    expect(of(tracked)(() => ++runs)).toBe(1)
    expect(await of(tracked)(() => Promise.resolve(++runs))).toBe(2)
    expect(outcomes(tracked.counters())).toEqual({ ok: 2, error: 0 })
  })

  it('runs a query builder once, though both it and the caller wait for it', async () => {
    const tracked = tracking()
    let queries = 0
    const builder = { then: (give: (rows: string[]) => void) => give([`query ${++queries}`]) }
    expect(await of(tracked)(() => builder)).toEqual(['query 1'])
    expect(queries).toBe(1)
  })

  it('counts what it throws or rejects with as an error, and passes it on', async () => {
    const tracked = tracking()
    const fail = (): never => {
      throw new Error('down')
    }
    expect(() => of(tracked)(fail)).toThrow('down')
    await expect(of(tracked)(async () => fail())).rejects.toThrow('down')
    expect(outcomes(tracked.counters())).toEqual({ ok: 0, error: 2 })
  })

  it('is in flight until it has ended, however it ends', async () => {
    const tracked = tracking()
    const inFlight = (): number[] => Object.values(metricsJson(tracked.metrics).gauges)
    let end = (): void => undefined
    const work = of(tracked)(() => new Promise<void>((resolve) => (end = resolve))) as Promise<void>
    const failing = of(tracked)(() => Promise.reject(new Error('down'))) as Promise<void>
    await expect(failing).rejects.toThrow('down')
    expect(inFlight()).toEqual([1])
    end()
    await work
    expect(inFlight()).toEqual([0])
  })

  it('shows both outcomes from the beginning of the first on, so that a rate has a 0 to rise from', () => {
    const tracked = tracking()
    of(tracked)(() => expect(outcomes(tracked.counters())).toEqual({ ok: 0, error: 0 }))
    expect(outcomes(tracked.counters())).toEqual({ ok: 1, error: 0 })
  })

  it('looks at odd results without failing', () => {
    const hostile = new Proxy({}, { get: (_target, name) => (name === 'then' ? undefined : fail()) })
    const fail = (): never => {
      throw new Error('looked at')
    }
    for (const odd of [null, undefined, 0, 'text', hostile]) expect(of(tracking())(() => odd)).toBe(odd)
  })
})

it('counts the answers of supabase-js by their error', async () => {
  const { counters, trackDatabaseOp } = tracking()
  await trackDatabaseOp('insert', 'users', async () => ({ data: null, error: { code: '23505' } }))
  await trackDatabaseOp('insert', 'users', async () => ({ data: [], error: null }))
  expect(counters()).toEqual({
    'database_operations_total{operation="insert",table="users",outcome="error"}': 1,
    'database_operations_total{operation="insert",table="users",outcome="ok"}': 1,
  })
})

it('counts the answers of fetch by their status', async () => {
  const { counters, trackApiCall } = tracking()
  await trackApiCall('whatsapp', async () => new Response('no', { status: 503 }))
  await trackApiCall('whatsapp', async () => new Response('yes'))
  expect(counters()).toEqual({
    'api_calls_total{api="whatsapp",outcome="error"}': 1,
    'api_calls_total{api="whatsapp",outcome="ok"}': 1,
  })
})

describe('what is recorded by hand', () => {
  it('counts requests where the middleware does, by its rules', async () => {
    const { metrics, counters, histograms, recordRequestMetrics } = tracking()
    await performanceMiddleware({ service: 's', metrics, route: () => '/users/:id' })(() => new Response())(
      new Request('http://localhost/users/7', { method: 'POST' }),
    )
    recordRequestMetrics({ method: 'POST', status: 200, route: '/users/:id', durationMs: 30 })
    recordRequestMetrics({ method: 'BREW', status: 503, route: '/users/250788000001?a=1', durationMs: 50 })
    recordRequestMetrics({ method: 'GET', status: NaN, route: '', durationMs: 1 })
    expect(withoutZeros(counters())).toEqual({
      'http_requests_total{method="POST",status="200",route="/users/:id"}': 2,
      'http_requests_total{method="OTHER",status="503",route="/users/:id"}': 1,
      'http_requests_total{method="GET",status="500",route="other"}': 1,
      'http_request_errors_total{route="/users/:id"}': 1,
      'http_request_errors_total{route="other"}': 1,
    })
    expect(histograms()['http_request_duration_ms{route="/users/:id"}']).toMatchObject({ count: 3, sum: 80, max: 50 })
  })

  it('comes before the middleware just as well', () => {
    const { metrics } = tracking()
    expect(() => performanceMiddleware({ service: 's', metrics })).not.toThrow()
  })

  it('counts operations and calls by outcome', () => {
    const { counters, histograms, recordApiMetrics, recordDatabaseMetrics } = tracking()
    recordDatabaseMetrics({ operation: 'select', table: 'users', durationMs: 5, ok: true })
    recordDatabaseMetrics({ operation: 'select', table: 'users', durationMs: 7, ok: false })
    recordApiMetrics({ api: 'momo', durationMs: 100, ok: true })
    recordApiMetrics({ api: 'momo', durationMs: 200, ok: true, status: 429 })
    recordApiMetrics({ api: 'momo', durationMs: 300, ok: false })
    expect(counters()).toEqual({
      'database_operations_total{operation="select",table="users",outcome="ok"}': 1,
      'database_operations_total{operation="select",table="users",outcome="error"}': 1,
      'api_calls_total{api="momo",outcome="ok"}': 1,
      'api_calls_total{api="momo",outcome="error"}': 2,
    })
    expect(histograms()['database_operation_duration_ms{operation="select",table="users"}']).toMatchObject({ sum: 12 })
    expect(histograms()['api_call_duration_ms{api="momo"}']).toMatchObject({ count: 3, sum: 600 })
  })

  it('drops what is no duration and no name, and counts it as misuse', () => {
    const { counters, histograms, recordApiMetrics, recordDatabaseMetrics } = tracking()
    for (const durationMs of [NaN, -1, Infinity]) recordApiMetrics({ api: 'momo', durationMs, ok: true })
    recordDatabaseMetrics({ operation: 'select', table: 7 as unknown as string, durationMs: 1, ok: true })
    expect(counters()).toMatchObject({
      'api_calls_total{api="momo",outcome="ok"}': 3,
      'easymo_metrics_misuse_total{metric="api_call_duration_seconds"}': 3,
      'easymo_metrics_misuse_total{metric="database_operations_total"}': 1,
    })
    expect(histograms()['api_call_duration_ms{api="momo"}']?.count ?? 0).toBe(0)
  })

  it('survives 5000 hostile names within the limits of the registry, and loses no count', () => {
    const { counters, recordApiMetrics } = tracking()
    for (let at = 0; at < 5_000; at += 1) recordApiMetrics({ api: `\n"${at}`, durationMs: 1, ok: true })
    const calls = Object.entries(counters()).filter(([name]) => name.startsWith('api_calls_total'))
    expect(calls.length).toBeLessThanOrEqual(1_001)
    expect(calls.reduce((sum, [, value]) => sum + value, 0)).toBe(5_000)
  })
})

it('says at once, and not in a webhook, that the registry has a metric of the name already', () => {
  const metrics = createMetrics()
  metrics.counter('api_calls_total', { help: 'My own', labels: ['mine'] })
  expect(() => trackers(metrics)).toThrow(OptionError)
  expect(() => trackers(createMetrics(), { labels: ['a'] } as object)).toThrow(OptionError)
  expect(() => trackers({} as typeof metrics)).toThrow(OptionError)
  expect(() => trackers(createMetrics()).trackHandler('x', 7 as unknown as () => void)).toThrow(OptionError)
})

import { beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { manualClock } from '../testing/index.ts'
import {
  configureEasymo,
  decrementGauge,
  exportPrometheusMetrics,
  getAllMetrics,
  getCounter,
  getGauge,
  getHealthMetrics,
  getHistogramStats,
  incrementCounter,
  incrementGauge,
  recordApiMetrics,
  recordHistogram,
  recordRequestMetrics,
  resetEasymo,
  resetMetrics,
  setGauge,
  startTimer,
  timeAsync,
  timeSync,
  trackHandler,
} from './index.ts'

const clock = manualClock()

beforeEach(() => {
  resetEasymo()
  configureEasymo({ host: createHost({ clock }) })
})

const misuses = (): number => getAllMetrics().counters['easymo_metrics_misuse_total{metric="easymo_dynamic"}'] ?? 0

it('counts under any name and labels, as Prometheus wants them', () => {
  incrementCounter('messagesReceived', { messageType: 'text', retry: true })
  incrementCounter('messages_received', { messageType: 'text', retry: true }, 2)
  incrementCounter('messages-received.total', { messageType: 'audio', retry: 1 })
  expect(exportPrometheusMetrics()).toContain('messages_received_total{message_type="text",retry="true"} 3\n')
  expect(getCounter('messagesReceived', { messageType: 'text' })).toBe(3)
  expect(getCounter('messages_received')).toBe(4)
  expect(getCounter('messages_received', { messageType: 'video' })).toBe(0)
  expect(getCounter('never_used')).toBe(0)
})

describe('labels that come later', () => {
  it('are added to the metric, and the others have them empty, which is the same as not having them', () => {
    incrementCounter('sent')
    incrementCounter('sent', { kind: 'text' })
    incrementCounter('sent', { kind: 'text', country: 'rw' }, 2)
    incrementCounter('sent', { country: 'ke' })
    const lines = exportPrometheusMetrics().match(/^sent_total.*$/gm)
    expect(lines).toEqual([
      'sent_total{kind="",country=""} 1',
      'sent_total{kind="",country="ke"} 1',
      'sent_total{kind="text",country=""} 1',
      'sent_total{kind="text",country="rw"} 2',
    ])
    expect([getCounter('sent'), getCounter('sent', { country: 'rw' }), getCounter('sent', { kind: 'text' })]).toEqual([5, 2, 3]) // prettier-ignore
    expect([getCounter('sent', { country: '' }), getCounter('sent', { kind: 'text', country: 'ke' })]).toEqual([2, 0])
    expect(misuses()).toBe(0)
  })

  it('are asked for in vain before they have come', () => {
    incrementCounter('sent', { kind: 'text' })
    expect([getCounter('sent', { country: 'rw' }), getCounter('sent', { country: '' })]).toEqual([0, 1])
    setGauge('queue_length', 3)
    recordHistogram('took_ms', 5)
    expect([getGauge('queue_length', { queue: 'a' }), getHistogramStats('took_ms', { table: 'a' }).count]).toEqual([
      0, 0,
    ])
  })

  it('come to gauges, histograms and timers, too', async () => {
    setGauge('queue_length', 3)
    setGauge('queue_length', 4, { queue: 'a' })
    expect([getGauge('queue_length'), getGauge('queue_length', { queue: 'a' })]).toEqual([7, 4])
    recordHistogram('took_ms', 5)
    const elapsed = startTimer()
    await clock.tick(20)
    recordHistogram('took_ms', elapsed(), { table: 'trips' })
    expect(getHistogramStats('took_ms')).toMatchObject({ count: 2, sum: 25 })
    expect(getHistogramStats('took_ms', { table: 'trips' })).toMatchObject({ count: 1, sum: 20 })
    expect(misuses()).toBe(0)
  })

  it('are one label under two spellings, and twelve at most; what is more is counted as misuse', () => {
    incrementCounter('sent', { messageType: 'text' })
    incrementCounter('sent', { message_type: 'text' })
    expect(getCounter('sent', { 'message-type': 'text' })).toBe(2)
    for (let n = 0; n < 20; n += 1) incrementCounter('many', { [`l${n}`]: 'x' })
    expect([getCounter('many'), misuses()]).toEqual([20, 8])
  })

  it('keep counting in what was counted before, also beyond the limit of series', () => {
    for (let n = 0; n < 1_100; n += 1) incrementCounter('sent', { path: `/${n}` })
    incrementCounter('sent', { path: '/5', kind: 'text' })
    expect([getCounter('sent'), getCounter('sent', { path: '/5' })]).toEqual([1_101, 1])
    expect(exportPrometheusMetrics()).toContain('sent_total{path="__overflow__",kind="__overflow__"} 101\n')
  })
})

it('sets, raises and lowers gauges', () => {
  setGauge('queue_length', 5, { queue: 'a' })
  incrementGauge('queue_length', { queue: 'a' })
  incrementGauge('queue_length', { queue: 'b' }, 3)
  decrementGauge('queue_length', { queue: 'a' }, 2)
  expect([getGauge('queue_length', { queue: 'a' }), getGauge('queue_length')]).toEqual([4, 7])
})

it('shows what was recorded in milliseconds in seconds to Prometheus, and in milliseconds to people', () => {
  for (const ms of [10, 20, 90]) recordHistogram('db_query_ms', ms, { table: 'trips' })
  const text = exportPrometheusMetrics()
  expect(text).toContain('db_query_seconds_sum{table="trips"} 0.12\n')
  expect(text).toContain('db_query_seconds_bucket{table="trips",le="0.025"} 2\n')
  const stats = { count: 3, sum: 120, avg: 40, min: 10, max: 90 }
  expect(getAllMetrics().histograms['db_query_ms{table="trips"}']).toMatchObject(stats)
  expect(getHistogramStats('db_query_ms', { table: 'trips' })).toMatchObject(stats)
  expect(getHistogramStats('db_query_seconds')).toMatchObject({ count: 3, sum: 0.12, max: 0.09 })
  const zeros = { count: 0, sum: 0, avg: 0, min: 0, max: 0, p50: 0, p90: 0, p99: 0 }
  expect(getHistogramStats('db_query_ms', { table: 'wallets' })).toEqual(zeros)
  expect(getHistogramStats('never_ms')).toEqual(zeros)
})

it('puts series together for who asks without labels', () => {
  for (const [table, ms] of [['a', 1], ['a', 2], ['b', 300]] as const) recordHistogram('read_ms', ms, { table }) // prettier-ignore
  expect(getHistogramStats('read_ms')).toMatchObject({ count: 3, sum: 303, min: 1, max: 300 })
  expect(getHistogramStats('read_ms', { table: 'a' })).toMatchObject({ count: 2, max: 2, p50: 1 })
})

it('has buckets for amounts where a name is no time', () => {
  recordHistogram('batchSize', 500)
  expect(exportPrometheusMetrics()).toContain('batch_size_bucket{le="500.0"} 1\n')
  expect(getHistogramStats('batchSize')).toMatchObject({ count: 1, min: 500, max: 500, p99: 500 })
})

describe('timers', () => {
  it('are read as often as one likes, and record nothing', async () => {
    const elapsed = startTimer()
    await clock.tick(30)
    expect(elapsed()).toBe(30)
    await clock.tick(5)
    expect(elapsed()).toBe(35)
  })

  it('give the result and the time, and count both by success', async () => {
    const work = async (): Promise<string> => {
      await clock.tick(20)
      return 'done'
    }
    expect(await timeAsync('work', work, { api: 'momo' })).toEqual({ result: 'done', durationMs: 20 })
    expect(getHistogramStats('work_duration_ms', { api: 'momo', success: 'true' })).toMatchObject({ count: 1, sum: 20 })
    expect(timeSync('sum', () => 7)).toEqual({ result: 7, durationMs: 0 })
    expect(getCounter('sum_total', { success: 'true' })).toBe(1)
  })

  it('measure what fails, too, and pass it on', async () => {
    const failing = timeAsync('work', async () => {
      await clock.tick(20)
      throw new Error('down')
    })
    await expect(failing).rejects.toThrow('down')
    expect(() => timeSync('work', () => { throw new Error('at once') })).toThrow('at once') // prettier-ignore
    expect(getHistogramStats('work_duration_ms', { success: 'false' })).toMatchObject({ count: 2, sum: 20 })
    expect(getCounter('work_total', { success: 'false' })).toBe(2)
  })

  it('take labels that cannot be read for none', async () => {
    const trap = new Proxy({}, { ownKeys: () => { throw new Error('trap') } }) // prettier-ignore
    expect((await timeAsync('work', () => 1, trap)).result).toBe(1)
    expect(await trackHandler('work', () => 2, trap)).toBe(2)
  })
})

describe('what cannot be recorded', () => {
  const trap = new Proxy({}, { ownKeys: () => { throw new Error('trap') } }) // prettier-ignore
  it.each<[string, () => void]>([
    ['a name of nothing', () => incrementCounter('***')],
    ['a name that is no text', () => incrementCounter(5 as never)],
    ['a unit that is none', () => setGauge('size_kb', 1)],
    ['a name that another metric has', () => incrementCounter('http_requests', { mine: 'x' })],
    ['labels that throw', () => incrementCounter('fine', trap)],
  ])('is counted, and never throws: %s', (_, record) => {
    recordApiMetrics('x', 'send', 200, 1)
    record()
    expect(misuses()).toBe(1)
  })

  it('is a negative step, and what is no number', () => {
    incrementCounter('steps', undefined, -1)
    incrementCounter('steps', undefined, NaN)
    recordHistogram('took_ms', Infinity)
    expect(getAllMetrics().counters['easymo_metrics_misuse_total{metric="steps_total"}']).toBe(2)
    expect(getCounter('steps')).toBe(0)
  })

  it('is more than a thousand names: they come from data then', () => {
    for (let n = 0; n < 1_100; n += 1) incrementCounter(`user_${n}`)
    expect(misuses()).toBe(100)
    expect(getCounter('user_999')).toBe(1)
  })
})

it('knows in its health what was recorded by hand, at once', () => {
  for (let n = 0; n < 100; n += 1) recordRequestMetrics('wa', '/webhook', 'POST', 500, 5)
  const metrics = { errorRate: 1, avgLatencyMs: 5, cacheHitRate: 0, uptime: expect.any(Number) as unknown }
  expect(getHealthMetrics()).toEqual({ status: 'degraded', metrics })
})

it('takes no 4xx for an error of the service', () => {
  for (let n = 0; n < 100; n += 1) recordRequestMetrics('wa', '/webhook', 'POST', 404, 5)
  expect(getHealthMetrics()).toMatchObject({ status: 'healthy', metrics: { errorRate: 0 } })
})

it('shows no phone number, and copies no endless value', () => {
  incrementCounter('seen', { from: '+250 788 000 001' })
  incrementCounter('seen', { from: 'x'.repeat(10_000) })
  const text = exportPrometheusMetrics()
  expect(text).not.toContain('788')
  expect(getCounter('seen', { from: 'x'.repeat(10_000) })).toBe(1)
  expect(text.length).toBeLessThan(10_000)
})

it.each([
  ['__proto__', 'proto_total'],
  ['3rd_party', '_3rd_party_total'],
  ['retry_counter', 'retry_total'],
  ['Überfahrt', 'berfahrt_total'],
  ['message_count', 'message_count_total'],
])('makes the name %s the name %s', (given, shown) => {
  incrementCounter(given)
  expect(Object.keys(getAllMetrics().counters)).toContain(shown)
})

it('begins anew after resetMetrics', async () => {
  expect(await trackHandler('greet', () => 'hello')).toBe('hello')
  incrementCounter('greetings')
  resetMetrics()
  expect(getCounter('greetings')).toBe(0)
  await trackHandler('greet', () => 'hello')
  expect(getAllMetrics().counters['handler_calls_total{handler="greet",outcome="ok"}']).toBe(1)
})

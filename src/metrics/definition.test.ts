import { describe, expect, it } from 'vitest'
import { createMetrics } from './index.ts'

const help = 'A sentence'
const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error

describe('a definition', () => {
  it('given again is the first one, and another one under its name is refused', () => {
    const metrics = createMetrics()
    const first = metrics.counter('a_total', { help, labels: ['x'] })
    expect(metrics.counter('a_total', { help, labels: ['x'] })).toBe(first)
    const latency = metrics.histogram('a_seconds', { help, buckets: [1, 2] })
    expect(metrics.histogram('a_seconds', { help, buckets: [1, 2] })).toBe(latency)
    expect(() => metrics.counter('a_total', { help, labels: ['y'] })).toThrow(option)
    expect(() => metrics.counter('a_total', { help: 'Another', labels: ['x'] })).toThrow(option)
    expect(() => metrics.gauge('a_seconds', { help })).toThrow(option)
    expect(() => metrics.histogram('a_seconds', { help, buckets: [1, 3] })).toThrow(option)
  })

  it('keeps its own copy of labels and buckets', () => {
    const metrics = createMetrics({ strict: true })
    const labels = ['x']
    const counter = metrics.counter('a_total', { help, labels })
    labels.push('y')
    expect(() => counter.inc('1')).not.toThrow()
  })

  for (const name of [
    '',
    '1a_total',
    'a-b_total',
    'a.b_total',
    'a:b_total',
    '__a_total',
    'aB_total',
    'é_total',
    '_total',
  ])
    it(`refuses the name ${JSON.stringify(name)}`, () => {
      expect(() => createMetrics().counter(name, { help })).toThrow(option)
    })

  for (const name of [
    'requests',
    'wait_ms_total',
    'wait_milliseconds_total',
    'size_kb_total',
    'size_kilobytes_total',
    'a_counter_total',
    'uptime_days_total',
    'heat_fahrenheit_total',
    'x_bits_total',
    'easymo_metrics_own_total',
  ])
    // prettier-ignore
    it(`refuses the counter ${name}`, () => {
      expect(() => createMetrics().counter(name, { help })).toThrow(option)
    })

  for (const name of ['a_total', 'a_count', 'a_sum', 'a_bucket', 'a_gauge', 'a_histogram_x', 'wait_s'])
    it(`refuses the gauge and the histogram ${name}`, () => {
      expect(() => createMetrics().gauge(name, { help })).toThrow(option)
      expect(() => createMetrics().histogram(name, { help })).toThrow(option)
    })

  for (const labels of [['le'], ['quantile'], ['__x'], ['a-b'], ['aB'], ['a', 'a'], [''], [1], 'a', ['service']])
    it(`refuses the labels ${JSON.stringify(labels)}`, () => {
      const metrics = createMetrics({ defaultLabels: { service: 'x' } })
      expect(() => metrics.counter('a_total', { help, labels: labels as string[] })).toThrow(option)
    })

  for (const buckets of [[], [1, 0.1], [1, 1], [NaN], [1, Infinity], ['1'], 5])
    it(`refuses the buckets ${JSON.stringify(buckets)}`, () => {
      expect(() => createMetrics().histogram('a_seconds', { help, buckets: buckets as number[] })).toThrow(option)
    })

  it('refuses a missing help text and options that do not exist', () => {
    const metrics = createMetrics()
    expect(() => metrics.counter('a_total', {} as { help: string })).toThrow(option)
    expect(() => metrics.counter('a_total', { help: '' })).toThrow(option)
    expect(() => metrics.counter('a_total', { help, lables: ['x'] } as { help: string })).toThrow(/unknown option/)
    expect(() => metrics.counter('a_total', { help, buckets: [1] } as { help: string })).toThrow(/unknown option/)
    expect(() => metrics.counter('a_total', { help, quantiles: true } as { help: string })).toThrow(/unknown/)
  })

  it('accepts base units, prefixes of words that are no units, and names of one word', () => {
    const metrics = createMetrics()
    for (const name of ['up', 'wait_seconds', 'heap_bytes', 'microphones', 'kilo'])
      expect(() => metrics.gauge(name, { help })).not.toThrow()
  })
})

describe('createMetrics', () => {
  it('refuses options of the wrong type and unknown ones', () => {
    expect(() => createMetrics({ maxSeriesPerMetric: 0 })).toThrow(option)
    expect(() => createMetrics({ strict: 'yes' as unknown as boolean })).toThrow(option)
    expect(() => createMetrics({ defaultLabels: { service: 1 as unknown as string } })).toThrow(option)
    expect(() => createMetrics({ defaultLabels: { le: 'x' } })).toThrow(option)
    expect(() => createMetrics({ defaultLabels: { metric: 'x' } })).toThrow(option)
    expect(() => createMetrics({ allowDigits: 'id' as unknown as string[] })).toThrow(option)
    expect(() => createMetrics({ quantiles: true } as object)).toThrow(/unknown option/)
  })
})

import { describe, expect, it } from 'vitest'
import { parsePrometheusText, valueOf } from '../../test/support/prometheus-text.ts'
import { createMetrics, prometheusText, type Counter, type Metrics } from './index.ts'

const help = 'A sentence'
const labels = ['method', 'status'] as const

const read = (metrics: Metrics, name: string, by: Record<string, string> = {}): number | undefined =>
  valueOf(prometheusText(metrics), name, by)

const untyped = (counter: unknown): ((...labels: unknown[]) => void) =>
  (counter as Counter).inc.bind(counter) as (...labels: unknown[]) => void

describe('labels given by name', () => {
  it('are dropped and counted when they are not what they should be, and nothing is thrown', () => {
    const metrics = createMetrics()
    const inc = untyped(metrics.counter('seen_total', { help, labels }))
    const fails = (): never => {
      throw new Error('from a label')
    }
    const wrong: unknown[] = [
      {
        method: 'GET',
        get status() {
          return fails()
        },
      },
      new Proxy({}, { ownKeys: fails }),
      new Proxy({ method: 'GET', status: '200' }, { get: fails }),
      JSON.parse('{"method":"GET","__proto__":"200"}'),
      Object.create(null),
      [],
      ['GET', '200'],
      new Map([['method', 'GET']]),
      { method: 'GET', status: Symbol('200') },
      { method: 'GET', [Symbol('status')]: '200' },
    ]
    for (const given of wrong) expect(() => inc(given)).not.toThrow()
    expect(read(metrics, 'easymo_metrics_misuse_total', { metric: 'seen_total' })).toBe(wrong.length)
    expect(parsePrometheusText(prometheusText(metrics)).get('seen_total')).toBeUndefined()
  })

  it('may come in any order and without a prototype, for any number of labels', () => {
    const metrics = createMetrics({ strict: true })
    const bare = (given: object): object => Object.assign(Object.create(null) as object, given)
    for (const names of [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']]) {
      const name = `seen_${'x'.repeat(names.length)}_total`
      const inc = untyped(metrics.counter(name, { help, labels: names }))
      const byName = Object.fromEntries(names.map((label) => [label, `of ${label}`]))
      inc(byName)
      inc(bare(byName))
      inc(Object.fromEntries(Object.entries(byName).reverse()))
      inc(...names.map((label) => `of ${label}`))
      expect(read(metrics, name, byName)).toBe(4)
      expect(() => inc({ ...byName, more: 'x' })).toThrow(/labels/)
      expect(() => inc(...names)).not.toThrow()
      expect(() => inc(...names, 'more')).toThrow(/labels/)
    }
  })
})

describe('mistakes that other libraries make', () => {
  it('label sets that read alike when joined are two series', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help, labels: ['a', 'b'] })
    for (let again = 0; again < 20; again += 1) {
      seen.inc({ a: 'x,b:y', b: 'z' })
      seen.inc({ a: 'x', b: 'y,b:z' })
    }
    expect(read(metrics, 'seen_total', { a: 'x,b:y', b: 'z' })).toBe(20)
    expect(read(metrics, 'seen_total', { a: 'x', b: 'y,b:z' })).toBe(20)
  })

  it('changing the labels after the recording renames nothing', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help, labels: ['a', 'b'] })
    const given = { a: 'x', b: 'y' }
    seen.inc(given)
    given.a = 'changed'
    expect(read(metrics, 'seen_total', { a: 'x', b: 'y' })).toBe(1)
    expect(read(metrics, 'seen_total', { a: 'changed', b: 'y' })).toBeUndefined()
  })

  it('a recording of NaN leaves the number as it was', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help, labels: ['a'] })
    seen.inc('x')
    seen.add(NaN, 'x')
    expect(read(metrics, 'seen_total', { a: 'x' })).toBe(1)
  })

  it('a missing label makes no series, and is no text "undefined"', () => {
    const metrics = createMetrics()
    const inc = untyped(metrics.counter('seen_total', { help, labels }))
    inc({ method: 'GET' })
    inc({ method: 'GET', status: undefined })
    inc({ method: null, status: '200' })
    inc('GET')
    expect(prometheusText(metrics)).not.toMatch(/undefined|null/)
    expect(parsePrometheusText(prometheusText(metrics)).get('seen_total')).toBeUndefined()
  })

  it('unsorted buckets, reserved labels and the suffixes of other types are refused', () => {
    const metrics = createMetrics()
    expect(() => metrics.histogram('wait_seconds', { help, buckets: [1, 0.1] })).toThrow(/ascending/)
    expect(() => metrics.counter('seen_total', { help, labels: ['le'] })).toThrow(/reserved/)
    expect(() => metrics.counter('seen_total', { help, labels: ['__r'] })).toThrow(/reserved/)
    expect(() => metrics.gauge('seen_total', { help })).toThrow(/_total/)
  })

  it('what is shown changes nothing in the registry', () => {
    const metrics = createMetrics()
    metrics.counter('seen_total', { help }).inc()
    const first = prometheusText(metrics)
    expect(prometheusText(metrics)).toBe(first)
    expect(first).toContain('\nseen_total 1\n')
  })
})

describe('the limit of series', () => {
  it('keeps handles valid that were taken before it was reached', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 2 })
    const seen = metrics.counter('seen_total', { help, labels: ['a', 'b'] })
    const [first, late] = [seen.with('1', '1'), ['2', '3', '4'].map((a) => seen.with(a, a)).at(-1)]
    for (let again = 0; again < 20; again += 1) {
      first.inc()
      late?.inc()
      seen.inc('1', '1')
    }
    expect(read(metrics, 'seen_total', { a: '1', b: '1' })).toBe(40)
    expect(read(metrics, 'seen_total', { a: '__overflow__', b: '__overflow__' })).toBe(20)
  })

  it('counts every recording that found no place, also when it comes again', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 1 })
    const seen = metrics.counter('seen_total', { help, labels: ['a', 'b'] })
    seen.inc('1', '1')
    for (let again = 0; again < 20; again += 1) seen.inc('2', '2')
    expect(read(metrics, 'easymo_metrics_series_dropped_total', { metric: 'seen_total' })).toBe(20)
  })

  it('does not stop the counting of drops and misuse, however many metrics there are', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 1 })
    for (const name of ['a_total', 'b_total', 'c_total']) {
      const seen = metrics.counter(name, { help, labels: ['a'] })
      for (const value of ['1', '2', '3']) seen.inc(value)
      untyped(seen)(1)
      expect(read(metrics, 'easymo_metrics_series_dropped_total', { metric: name })).toBe(2)
      expect(read(metrics, 'easymo_metrics_misuse_total', { metric: name })).toBe(1)
    }
    for (let name = 0; name < 2_000; name += 1) metrics.misuse(`x${name}`, 'for a test')
    expect(read(metrics, 'easymo_metrics_misuse_total', { metric: '__overflow__' })).toBe(2_000 - 997)
  })
})

describe('a source given by hand', () => {
  it('costs the scrape its bad samples alone', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'core' } })
    const good = { type: 'gauge', name: 'depth', help, labels: [['queue', 'a']], value: 3 }
    const bad: unknown[] = [
      null,
      'depth',
      { ...good, labels: undefined },
      { ...good, labels: ['queue'] },
      { ...good, labels: [['queue', 1]] },
      { ...good, labels: [['service', 'mine']] },
      { ...good, help: undefined },
      { ...good, name: 'a-b' },
      { ...good, type: 'histogram' },
      { ...good, type: 'counter', value: NaN },
      { ...good, value: '3' },
    ]
    const add = (name: string, samples: unknown): unknown =>
      metrics.addSource({ kind: 'custom', name, read: () => ({}), samples: () => samples as never })
    add('bad', [...bad, good])
    for (const [index, samples] of [null, Promise.resolve([good]), 3].entries()) add(`none ${index}`, samples)
    expect(read(metrics, 'depth', { queue: 'a', service: 'core' })).toBe(3)
    // Two scrapes, and three sources that could not be read at all.
    expect(read(metrics, 'easymo_metrics_misuse_total', { metric: 'custom', service: 'core' })).toBe(
      2 * (bad.length + 3),
    )
  })
})

describe('numbers that are too large together', () => {
  it('are dropped and counted, so that a counter and a gauge stay numbers', () => {
    const metrics = createMetrics()
    const counter = metrics.counter('seen_total', { help })
    const gauge = metrics.gauge('depth', { help })
    for (const instrument of [counter, gauge]) {
      instrument.add(1.7e308)
      instrument.add(1.7e308)
    }
    expect(read(metrics, 'seen_total')).toBe(1.7e308)
    expect(read(metrics, 'depth')).toBe(1.7e308)
    expect(read(metrics, 'easymo_metrics_misuse_total', { metric: 'seen_total' })).toBe(1)
  })
})

describe('a strict registry', () => {
  it('tells who times work with a label too many at once, and not after the work', () => {
    const histogram = createMetrics({ strict: true }).histogram('took_seconds', { help })
    const time = histogram.time.bind(histogram) as (work: () => unknown, label: string) => unknown
    let ran = false
    expect(() => time(async () => (ran = true), 'extra')).toThrow(expect.objectContaining({ code: 'ERR_PERF_METRICS_MISUSE' }) as Error) // prettier-ignore
    expect(ran).toBe(false)
  })

  it('refuses default labels that are none', () => {
    expect(() => createMetrics({ defaultLabels: null as never })).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error) // prettier-ignore
  })
})

import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { createMetrics, prometheusText, type Family, type HistogramSnapshot, type Metrics } from './index.ts'

const help = 'A sentence'
const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error

function seriesOf(metrics: Metrics, name: string): Map<string, HistogramSnapshot> {
  const isIt = (family: Family): boolean => family.name === name
  const family = [...metrics.families()].find(isIt)
  const all = new Map<string, HistogramSnapshot>()
  if (family?.type === 'histogram') family.each((values, series) => all.set(values.join(' '), series))
  return all
}

describe('a histogram with quantiles', () => {
  it('answers for each series, by position, by name and by a kept handle', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, labels: ['route'], quantiles: true })
    for (let ms = 1; ms <= 1_000; ms += 1) took.observe(ms / 1_000, '/a')
    took.observe(5, '/b')
    for (const answer of [took.quantile(0.9, '/a'), took.quantile(0.9, { route: '/a' }), took.with('/a').quantile(0.9)])
      expect(Math.abs(answer - 0.9)).toBeLessThanOrEqual(0.9 * 0.011)
    expect(took.quantile(0.5, '/b')).toBe(5)
    expect([took.quantile(0, '/a'), took.quantile(1, '/a')]).toEqual([0.001, 1])
  })

  it('makes no series when it is asked, and answers 0 where nothing was observed', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, labels: ['route'], quantiles: true })
    expect(took.quantile(0.5, '/never')).toBe(0)
    expect(seriesOf(metrics, 'took_seconds').size).toBe(0)
    expect(took.with('/a').quantile(0.5)).toBe(0)
    expect(metrics.histogram('other_seconds', { help, quantiles: true }).quantile(0.5)).toBe(0)
  })

  it('answers 0 for wrong labels and counts them as misuse', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, labels: ['route'], quantiles: true })
    const quantile = took.quantile.bind(took) as (q: number, ...labels: unknown[]) => number
    for (const labels of [[], [1], ['/a', '/b'], [{ path: '/a' }]]) expect(quantile(0.5, ...labels)).toBe(0)
    expect(valueOf(prometheusText(metrics), 'easymo_metrics_misuse_total', { metric: 'took_seconds' })).toBe(4)
  })

  it('refuses a share outside of 0 to 1, and any when it was defined without quantiles', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, quantiles: true })
    for (const q of [-0.1, 1.1, NaN, '0.5' as unknown as number]) expect(() => took.quantile(q)).toThrow(option)
    const plain = metrics.histogram('plain_seconds', { help, labels: ['route'] })
    expect(() => plain.quantile(0.5, '/a')).toThrow(/quantiles: true/)
    expect(() => plain.with('/a').quantile(0.5)).toThrow(option)
  })

  it('is another metric than one without', () => {
    const metrics = createMetrics()
    metrics.histogram('took_seconds', { help, quantiles: true })
    expect(() => metrics.histogram('took_seconds', { help })).toThrow(/defined already/)
    expect(() => metrics.histogram('other_seconds', { help, quantiles: 1 as unknown as boolean })).toThrow(option)
  })

  it('has at most 256 series, and one more for the rest', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, labels: ['route'], quantiles: true })
    for (let route = 0; route < 1_000; route += 1) took.observe(1, `/${route}`)
    const series = seriesOf(metrics, 'took_seconds')
    expect(series.size).toBe(257)
    expect(series.get('__overflow__')?.count).toBe(744)
    expect(took.quantile(0.5, '__overflow__')).toBe(1)
  })

  it('shows the sketch beside the buckets', () => {
    const metrics = createMetrics()
    const took = metrics.histogram('took_seconds', { help, buckets: [1, 2], quantiles: true })
    for (const value of [0, 1, 1.5, -4]) took.observe(value)
    expect(seriesOf(metrics, 'took_seconds').get('')).toEqual({
      counts: [3, 1, 0],
      count: 4,
      sum: -1.5,
      min: -4,
      max: 1.5,
      sketch: {
        scale: 5,
        zeroCount: 1,
        positive: { offset: -1, counts: [1, ...new Array<number>(18).fill(0), 1] },
        negative: { offset: 63, counts: [1] },
      },
    })
  })
})

describe('a gauge', () => {
  it('says how isolates are put together, by default by adding', () => {
    const metrics = createMetrics()
    metrics.gauge('depth', { help })
    metrics.gauge('peak', { help, merge: 'max' })
    const merges = [...metrics.families()].flatMap((family) => (family.type === 'gauge' ? [family.merge] : []))
    expect(merges).toEqual(['sum', 'max'])
    expect(() => metrics.gauge('x', { help, merge: 'min' as 'max' })).toThrow(option)
    expect(() => metrics.gauge('peak', { help })).toThrow(/defined already/)
    expect(() => metrics.counter('x_total', { help, merge: 'max' } as { help: string })).toThrow(/unknown option/)
  })
})

describe('work that is counted or timed', () => {
  it('may return a thenable that throws, and is over then', async () => {
    const metrics = createMetrics()
    const running = metrics.gauge('running', { help })
    const took = metrics.histogram('took_seconds', { help, labels: ['a'] })
    const throwing = { then: (): never => { throw new Error('from then') } } // prettier-ignore
    await expect(running.track(() => throwing as PromiseLike<never>)).rejects.toThrow('from then')
    await expect(took.time(() => throwing as PromiseLike<never>, 'x')).rejects.toThrow('from then')
    const looking = { get then(): never { throw new Error('on sight') } } // prettier-ignore
    expect(() => running.track(() => looking)).toThrow('on sight')
    expect(() => took.time(() => looking, 'x')).toThrow('on sight')
    expect(valueOf(prometheusText(metrics), 'running', {})).toBe(0)
    expect(valueOf(prometheusText(metrics), 'took_seconds_count', { a: 'x' })).toBe(2)
  })

  it('runs a lazy query once, although it would run again for every listener', async () => {
    const metrics = createMetrics()
    let runs = 0
    const query: PromiseLike<string> = {
      then(done, failed) {
        runs += 1
        return Promise.resolve('rows').then(done, failed)
      },
    }
    expect(await metrics.gauge('running', { help }).track(() => query)).toBe('rows')
    expect(runs).toBe(1)
  })

  it('gives back the very promise of the work', async () => {
    const work = Promise.resolve(7)
    expect(createMetrics().gauge('running', { help }).track(() => work)).toBe(work) // prettier-ignore
    expect(await work).toBe(7)
  })
})

import { describe, expect, it } from 'vitest'
import { valueOf } from '../../test/support/prometheus-text.ts'
import { prometheusText } from '../core/metrics-text.ts'
import { createMetrics } from './metrics.ts'
import { widen } from './widen.ts'

const option = expect.objectContaining({ code: 'ERR_PERF_OPTION' }) as Error

describe('widen', () => {
  it('adds labels, which are empty in what was recorded before, and keeps handles good', () => {
    const metrics = createMetrics()
    const sent = metrics.counter('sent_total', { help: 'Sent', labels: ['kind'] })
    const texts = sent.with('text')
    sent.inc('audio')
    texts.inc()
    widen(metrics, 'sent_total', ['country', 'city'])
    const wide = metrics.counter('sent_total', { help: 'Sent', labels: ['kind', 'country', 'city'] })
    texts.inc()
    wide.inc('text', 'rw', 'kigali')
    wide.inc({ kind: 'text', country: 'rw', city: 'huye' })
    wide.inc('text', '', '')
    const text = prometheusText(metrics)
    const read = (kind: string, country: string, city: string): number | undefined =>
      valueOf(text, 'sent_total', { kind, country, city })
    expect([read('text', '', ''), read('audio', '', ''), read('text', 'rw', 'kigali'), read('text', 'rw', 'huye')]).toEqual([3, 1, 1, 1]) // prettier-ignore
  })

  it('makes one series of many of a metric without labels, of every type', () => {
    const metrics = createMetrics()
    const all = metrics.counter('all_total', { help: 'All' })
    const depth = metrics.gauge('depth', { help: 'Depth' })
    const took = metrics.histogram('took_seconds', { help: 'Took', quantiles: true })
    all.inc()
    depth.set(3)
    took.observe(2)
    for (const name of ['all_total', 'depth', 'took_seconds']) widen(metrics, name, ['by'])
    const labels = ['by'] as const
    metrics.counter('all_total', { help: 'All', labels }).inc('a')
    metrics.gauge('depth', { help: 'Depth', labels }).set(4, 'a')
    const wide = metrics.histogram('took_seconds', { help: 'Took', quantiles: true, labels })
    wide.observe(5, 'a')
    all.inc()
    depth.inc()
    took.observe(3)
    expect([wide.quantile(1, ''), wide.quantile(1, 'a')]).toEqual([3, 5])
    const text = prometheusText(metrics)
    for (const [name, before, after] of [
      ['all_total', 2, 1],
      ['depth', 4, 4],
      ['took_seconds_count', 2, 1],
    ] as const)
      expect([valueOf(text, name, { by: '' }), valueOf(text, name, { by: 'a' })]).toEqual([before, after])
  })

  it('is the definition from then on', () => {
    const metrics = createMetrics()
    metrics.counter('sent_total', { help: 'Sent', labels: ['kind'] })
    widen(metrics, 'sent_total', ['country'])
    expect(() => metrics.counter('sent_total', { help: 'Sent', labels: ['kind'] })).toThrow(option)
    metrics.counter('sent_total', { help: 'Sent', labels: ['kind', 'country'] }).inc('text', 'rw')
    expect(valueOf(prometheusText(metrics), 'sent_total', { kind: 'text', country: 'rw' })).toBe(1)
  })

  it('keeps the limit of series', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 3 })
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['a'] })
    for (let n = 0; n < 10; n += 1) seen.inc(`v${n}`)
    widen(metrics, 'seen_total', ['b'])
    const wide = metrics.counter('seen_total', { help: 'Seen', labels: ['a', 'b'] })
    for (let n = 0; n < 10; n += 1) wide.inc(`v${n}`, 'x')
    const text = prometheusText(metrics)
    expect(text.match(/^seen_total\{/gm)).toHaveLength(4)
    expect(valueOf(text, 'seen_total', { a: '__overflow__', b: '__overflow__' })).toBe(17)
  })

  it('refuses what no metric may have, and what is none', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'a' } })
    metrics.counter('sent_total', { help: 'Sent', labels: ['kind'] })
    for (const labels of [['kind'], ['service'], ['le'], ['a b'], ['x', 'x'], 'x' as unknown as string[]])
      expect(() => widen(metrics, 'sent_total', labels)).toThrow(option)
    for (const name of ['other_total', 'easymo_metrics_misuse_total', ''])
      expect(() => widen(metrics, name, ['a'])).toThrow(option)
    expect(() => widen({ ...metrics }, 'sent_total', ['a'])).toThrow(option)
  })
})

describe('reserved values', () => {
  it('have places of their own, in every metric, as many as there are for others', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 5 })
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['route', 'status'] })
    metrics.reserve('route', ['/webhook'])
    for (let n = 0; n < 50; n += 1) seen.inc(`/${n}`, '404')
    for (let n = 0; n < 9; n += 1) seen.inc('/webhook', String(200 + n))
    const text = prometheusText(metrics)
    expect(text.match(/^seen_total\{route="\/webhook"/gm)).toHaveLength(5)
    expect(text.match(/^seen_total\{/gm)).toHaveLength(11)
    expect(valueOf(text, 'seen_total', { route: '__overflow__', status: '__overflow__' })).toBe(49)
  })

  it('are of their label alone, and a thousand at most', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 1 })
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['a', 'b'] })
    metrics.reserve('a', ['x'])
    metrics.reserve('c', ['y'])
    seen.inc('1', '1')
    for (const [a, b] of [['2', 'x'], ['3', 'y'], ['x', 'x']] as const) seen.inc(a, b) // prettier-ignore
    const text = prometheusText(metrics)
    expect(valueOf(text, 'seen_total', { a: '__overflow__', b: '__overflow__' })).toBe(2)
    expect(valueOf(text, 'seen_total', { a: 'x', b: 'x' })).toBe(1)
  })
})

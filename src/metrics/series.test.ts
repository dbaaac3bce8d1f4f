import { describe, expect, it } from 'vitest'
import { parsePrometheusText, valueOf } from '../../test/support/prometheus-text.ts'
import { createMetrics, prometheusText } from './index.ts'

describe('label values', () => {
  it('survive the way through the text whatever they hold', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'a"b\\c\nd' } })
    const seen = metrics.counter('seen_total', { help: 'With \\ and\na line', labels: ['a', 'b'] })
    const hostile = [
      '',
      '"',
      '\\',
      '\n',
      '\\n',
      '\\"',
      'a="x"',
      '},{',
      '# TYPE x',
      ' ',
      '\u0000',
      '𝄞',
      'é',
      'x,b:y',
      '\r',
    ]
    hostile.forEach((a, i) => hostile.forEach((b, j) => seen.add(i * 100 + j, a, b)))
    const family = parsePrometheusText(prometheusText(metrics)).get('seen_total')
    expect(family?.help).toBe('With \\ and\na line')
    expect(family?.samples).toHaveLength(hostile.length ** 2)
    hostile.forEach((a, i) =>
      hostile.forEach((b, j) => {
        const labels = { service: 'a"b\\c\nd', a: a, b: b }
        expect(valueOf(prometheusText(metrics), 'seen_total', labels)).toBe(i * 100 + j)
      }),
    )
  })

  it('never merge two label sets, however alike they look when joined', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['a', 'b'] })
    seen.inc('x,b:y', 'z')
    seen.inc('x', 'y,b:z')
    seen.inc('x', 'y')
    seen.inc('xy', '')
    seen.inc('', 'xy')
    const samples = parsePrometheusText(prometheusText(metrics)).get('seen_total')?.samples ?? []
    expect(samples.map(({ value }) => value)).toEqual([1, 1, 1, 1, 1])
  })

  it('are copied, so that changing the object later renames nothing', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['a'] })
    const labels = { a: 'mine' }
    const handle = seen.with(labels)
    labels.a = 'changed'
    handle.inc()
    expect(valueOf(prometheusText(metrics), 'seen_total', { a: 'mine' })).toBe(1)
  })

  it('lose what cannot be shown: length beyond 128 and lone surrogates', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['a'] })
    seen.inc('x'.repeat(500))
    seen.inc('\ud800a\udc00')
    seen.inc(`${'y'.repeat(127)}𝄞`)
    const text = prometheusText(metrics)
    expect(valueOf(text, 'seen_total', { a: 'x'.repeat(128) })).toBe(1)
    expect(valueOf(text, 'seen_total', { a: 'a' })).toBe(1)
    expect(valueOf(text, 'seen_total', { a: 'y'.repeat(127) })).toBe(1)
  })

  it('that look like a phone number are redacted, unless the label may hold long numbers', () => {
    const metrics = createMetrics({ allowDigits: ['phone_number_id'] })
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['from', 'phone_number_id'] })
    const phones = ['250788000001', '+250788000001', '+250 788 000 001', '(078) 800-0001', 'whatsapp:+250788000001']
    const odd = ['\u202a+250\u00a0788\u2011000\u2011001\u202c', '＋250788000001', 'tel: +250788000001']
    const users = ['250788000001@s.whatsapp.net', '250788000001:12@s.whatsapp.net']
    for (const phone of [...phones, ...odd, ...users, '٢٥٠٧٨٨٠٠٠٠٠١', ' 250788000001 '])
      seen.inc(phone, '106540352242922')
    for (const fine of ['200', '1234567', '/users/:id', 'v1.2.3', 'text']) seen.inc(fine, '106540352242922')
    const samples = parsePrometheusText(prometheusText(metrics)).get('seen_total')?.samples ?? []
    expect(samples.map(({ labels }) => labels['from'])).toEqual(['redacted', '200', '1234567', '/users/:id', 'v1.2.3', 'text']) // prettier-ignore
    expect(samples[0]?.value).toBe(12)
    expect(samples.every(({ labels }) => labels['phone_number_id'] === '106540352242922')).toBe(true)
  })

  it('may be called like the members of every object', () => {
    const metrics = createMetrics()
    const seen = metrics.counter('seen_total', { help: 'Seen', labels: ['constructor', 'b'] })
    for (const value of ['__proto__', 'constructor', 'toString']) seen.inc(value, '__proto__')
    ;(seen.inc as (labels: object) => void).call(seen, { b: 'x' })
    expect(valueOf(prometheusText(metrics), 'seen_total', { constructor: '__proto__', b: '__proto__' })).toBe(1)
    expect(valueOf(prometheusText(metrics), 'easymo_metrics_misuse_total', { metric: 'seen_total' })).toBe(1)
  })
})

describe('the limit of series', () => {
  it('sends what comes after it to one series of the same metric, so that sums stay right', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 10 })
    const paths = metrics.counter('paths_total', { help: 'Paths', labels: ['method', 'path'] })
    for (let path = 0; path < 1_000; path += 1) paths.inc('GET', `/${path}`)
    paths.inc('GET', '/3')
    const text = prometheusText(metrics)
    const samples = parsePrometheusText(text).get('paths_total')?.samples ?? []
    expect(samples).toHaveLength(11)
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(1_001)
    expect(valueOf(text, 'paths_total', { method: '__overflow__', path: '__overflow__' })).toBe(990)
    expect(valueOf(text, 'easymo_metrics_series_dropped_total', { metric: 'paths_total' })).toBe(990)
  })

  it('is a thousand when nobody says otherwise, and one more for the rest', () => {
    const metrics = createMetrics()
    const paths = metrics.counter('paths_total', { help: 'Paths', labels: ['path'] })
    for (let path = 0; path < 1_002; path += 1) paths.inc(`/${path}`)
    const text = prometheusText(metrics)
    expect(parsePrometheusText(text).get('paths_total')?.samples).toHaveLength(1_001)
    expect(valueOf(text, 'paths_total', { path: '__overflow__' })).toBe(2)
  })

  it('cannot be passed by label values that look like the overflow series', () => {
    const metrics = createMetrics({ maxSeriesPerMetric: 3 })
    const paths = metrics.histogram('paths_seconds', { help: 'Paths', labels: ['a', 'b'], buckets: [1] })
    paths.observe(1, '__overflow__', '__overflow__')
    for (let path = 0; path < 100; path += 1) paths.observe(1, '__overflow__', `/${path}`)
    const counts = (parsePrometheusText(prometheusText(metrics)).get('paths_seconds')?.samples ?? []).filter(({ name }) => name.endsWith('_count')) // prettier-ignore
    expect(counts).toHaveLength(3)
    expect(counts.reduce((sum, { value }) => sum + value, 0)).toBe(101)
  })
})

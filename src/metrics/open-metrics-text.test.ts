import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOpenMetricsText } from '../../test/support/open-metrics-text.ts'
import { parsePrometheusText } from '../../test/support/prometheus-text.ts'
import { seriesKey } from '../../test/support/text-line.ts'
import type { Sample } from '../core/metrics-port.ts'
import { openMetricsText } from '../core/open-metrics-text.ts'
import { createMetrics, metricsJson, prometheusText, type Metrics } from './index.ts'
import { cleanValue, shownText } from './labels.ts'

function showing(...samples: readonly Partial<Sample>[]): Metrics {
  const metrics = createMetrics({ defaultLabels: { service: 'core' } })
  const full = samples.map((sample) => ({
    type: 'gauge' as const,
    name: 'x',
    help: 'X',
    labels: [],
    value: 1,
    ...sample,
  }))
  metrics.addSource({ kind: 'custom', name: 'x', read: () => ({}), samples: () => full })
  return metrics
}

const samplesOf = (text: string): string => text.replace(/^#.*\n/gm, '')

describe('openMetricsText', () => {
  it('is only its end when nothing was recorded', () => {
    expect(openMetricsText(createMetrics())).toBe('# EOF\n')
  })

  it('writes what the specification says, to the letter', () => {
    const metrics = createMetrics({ defaultLabels: { service: 'core' } })
    metrics.counter('requests_total', { help: 'Requests "answered"\\', labels: ['status'] }).inc('a"b\\c\nd')
    metrics.counter('sent_bytes_total', { help: 'Sent' }).add(7)
    metrics.gauge('depth', { help: 'Depth\nof it' }).set(-1.5)
    metrics.histogram('wait_seconds', { help: 'Wait', labels: ['route'], buckets: [0.00001, 1, 1e6] }).observe(0.5, '/')
    expect(openMetricsText(metrics)).toBe(
      [
        '# TYPE requests counter',
        '# HELP requests Requests \\"answered\\"\\\\',
        'requests_total{service="core",status="a\\"b\\\\c\\nd"} 1',
        '# TYPE sent_bytes counter',
        '# UNIT sent_bytes bytes',
        '# HELP sent_bytes Sent',
        'sent_bytes_total{service="core"} 7',
        '# TYPE depth gauge',
        '# HELP depth Depth\\nof it',
        'depth{service="core"} -1.5',
        '# TYPE wait_seconds histogram',
        '# UNIT wait_seconds seconds',
        '# HELP wait_seconds Wait',
        'wait_seconds_bucket{service="core",route="/",le="1e-05"} 0',
        'wait_seconds_bucket{service="core",route="/",le="1.0"} 1',
        'wait_seconds_bucket{service="core",route="/",le="1e+06"} 1',
        'wait_seconds_bucket{service="core",route="/",le="+Inf"} 1',
        'wait_seconds_sum{service="core",route="/"} 0.5',
        'wait_seconds_count{service="core",route="/"} 1',
        '# EOF',
        '',
      ].join('\n'),
    )
    expect(samplesOf(openMetricsText(metrics))).toBe(samplesOf(prometheusText(metrics)))
    parseOpenMetricsText(openMetricsText(metrics))
  })

  it('shows a counter under its full name when its stem is the name of another metric', () => {
    const metrics = showing({ name: 'jobs', value: 3 }, { name: 'seen', type: 'counter' })
    metrics.counter('jobs_total', { help: 'Done' }).inc()
    const families = parseOpenMetricsText(openMetricsText(metrics))
    expect([...families.values()].map(({ name, type }) => `${name} ${type}`)).toEqual(['jobs_total unknown', 'jobs gauge', 'seen unknown']) // prettier-ignore
    expect(samplesOf(openMetricsText(metrics))).toBe(samplesOf(prometheusText(metrics)))
  })

  it('leaves out a sum that can fall', () => {
    const metrics = createMetrics()
    metrics.histogram('drift', { help: 'D', buckets: [-1, 1] }).observe(5)
    metrics.histogram('skew', { help: 'S', buckets: [1] }).observe(-5)
    expect(openMetricsText(metrics)).not.toMatch(/_(?:sum|count)/)
    expect(parseOpenMetricsText(openMetricsText(metrics)).size).toBe(2)
    expect(parsePrometheusText(prometheusText(metrics)).get('skew')?.samples).toHaveLength(4)
  })
})

describe('what a source says', () => {
  const bad: readonly (readonly [what: string, sample: Partial<Sample>])[] = [
    ['a name that is none', { name: 'a b' }],
    ['a name that breaks the line', { name: 'a\nb 1' }],
    ['a label that is none', { labels: [['a"b', 'x']] }],
    ['a label that is there always', { labels: [['service', 'x']] }],
    ['a label twice', { labels: [['a', 'x'], ['a', 'y']] }], // prettier-ignore
    ['a counter that is NaN', { name: 'a_total', type: 'counter', value: NaN }],
    ['a counter below 0', { name: 'a_total', type: 'counter', value: -1 }],
    ['the name of a sample of the registry', { name: 'wait_count' }],
  ]
  for (const [what, sample] of bad)
    it(`is dropped and counted when it is ${what}`, () => {
      const metrics = showing(sample, { name: 'good', value: 2 })
      metrics.histogram('wait', { help: 'W', buckets: [1] }).observe(1)
      const families = parsePrometheusText(prometheusText(metrics))
      expect([...families.keys()]).toEqual(['easymo_metrics_misuse_total', 'wait', 'good'])
      expect(parseOpenMetricsText(openMetricsText(metrics)).size).toBe(3)
    })

  it('is shown once when the same labels stand in another order', () => {
    const labels = [['a', '1'], ['b', '2']] as const // prettier-ignore
    expect(prometheusText(showing({ labels }, { labels: labels.toReversed() })).match(/^x\{/gm)).toHaveLength(1)
  })
})

describe('label values', () => {
  const hostile = fc.array(fc.constantFrom(...'\\ " \n \r \t \0 , { } = # ü 😀 \u2028 \ud800 a __proto__'.split(' '), ' '), { maxLength: 8 }).map((parts) => parts.join('')) // prettier-ignore
  const recordings = fc.array(fc.tuple(hostile, hostile, fc.nat(1_000)), { minLength: 1, maxLength: 20 })

  it('are read back as they were recorded, out of both formats and out of the JSON', () => {
    fc.assert(
      fc.property(recordings, hostile, (recorded, service) => {
        const metrics = createMetrics({ defaultLabels: { service }, strict: true })
        const counter = metrics.counter('a_total', { help: `A${service}`, labels: ['x', 'y'] })
        const histogram = metrics.histogram('b_bytes', { help: 'B', labels: ['x', 'y'], buckets: [10, 500] })
        const expected = new Map<string, number>()
        for (const [x, y, step] of recorded) {
          counter.add(step, x, y)
          histogram.observe(step, x, y)
          const clean = { x: cleanValue(x, 'x'), y: cleanValue(y, 'y'), service: shownText(service) }
          expected.set(seriesKey(clean), (expected.get(seriesKey(clean)) ?? 0) + step)
        }
        for (const families of [
          parsePrometheusText(prometheusText(metrics)),
          parseOpenMetricsText(openMetricsText(metrics)),
        ]) {
          // prettier-ignore
          const sums = (name: string, suffix: string): Map<string, number> =>
            new Map((families.get(name)?.samples ?? []).filter((sample) => sample.name.endsWith(suffix)).map(({ labels, value }) => [seriesKey(labels), value])) // prettier-ignore
          expect(sums(families.has('a') ? 'a' : 'a_total', '_total')).toEqual(expected)
          expect(sums('b_bytes', '_sum')).toEqual(expected)
        }
        const numbers = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b)
        expect(numbers(Object.values(metricsJson(metrics).counters))).toEqual(numbers(expected.values()))
      }),
    )
  })
})

describe('metricsJson', () => {
  it('takes the quantiles out of the sketch when there is one', () => {
    const metrics = createMetrics()
    const wait = metrics.histogram('wait_seconds', { help: 'W', quantiles: true, buckets: [10] })
    for (let ms = 1; ms <= 1_000; ms += 1) wait.observe(ms / 1_000)
    const { p50 = 0, p90 = 0, p99 = 0 } = metricsJson(metrics).histograms['wait_ms'] ?? {}
    for (const [shown, truth] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
    ] as const)
      // prettier-ignore
      expect(Math.abs(shown / truth - 1)).toBeLessThan(0.0111)
  })

  it('holds what is called __proto__ like anything else', () => {
    const { gauges } = metricsJson(showing({ name: '__proto__', value: 3 }))
    expect(Object.entries(gauges)).toEqual([['__proto__', 3]])
  })

  it('also sums the look-ups of caches that are counters of the registry', () => {
    const metrics = createMetrics()
    const hits = metrics.counter('cache_hits_total', { help: 'H', labels: ['cache'] })
    hits.add(3, 'a')
    hits.add(4, 'b')
    expect(metricsJson(metrics).counters).toEqual({ 'cache_hits_total{cache="a"}': 3, 'cache_hits_total{cache="b"}': 4, cache_hits_total: 7 }) // prettier-ignore
  })
})

/** The text of a scrape, by the size of the registry. */
import { createMetrics, prometheusText, type Metrics } from '@easymo/perf/metrics'
import * as prom from 'prom-client'
import { compare, judge, type Comparison } from './harness.ts'
import { shuffled } from './random.ts'

const SAMPLES = 10_000
const LABELS = ['route', 'status'] as const
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A histogram's series is one line for each bucket, `+Inf`, the sum and the count. */
const LINES_PER_HISTOGRAM = BUCKETS.length + 3
const HELP = 'What was measured'

/** As many label sets, ten to a route, in no order. */
function labelSets(count: number): readonly (readonly [route: string, status: string])[] {
  const all = Array.from({ length: count }, (_, index) => index)
  return shuffled(all).map((index) => [`/api/v1/resources/${Math.floor(index / 10)}`, String(200 + (index % 10))])
}

/** Values as a service has them after a while: most are too large to be at hand as text. */
const counted = (index: number): number => (index * 7_919) % 1_000_003
const observed = (index: number): number => ((index * 7_919) % 12_007) / 1_000

function counters(): { ours: Metrics; theirs: prom.Registry } {
  const [ours, theirs] = [roomy(), new prom.Registry()]
  const a = ours.counter('requests_total', { help: HELP, labels: LABELS })
  const b = new prom.Counter({ name: 'requests_total', help: HELP, labelNames: LABELS, registers: [theirs] })
  for (const [index, [route, status]] of labelSets(SAMPLES).entries()) {
    a.add(counted(index), route, status)
    b.inc({ route, status }, counted(index))
  }
  return { ours, theirs }
}

function histograms(): { ours: Metrics; theirs: prom.Registry } {
  const [ours, theirs] = [roomy(), new prom.Registry()]
  const definition = { help: HELP, buckets: BUCKETS }
  const a = ours.histogram('wait_seconds', { ...definition, labels: LABELS })
  const b = new prom.Histogram({ ...definition, name: 'wait_seconds', labelNames: LABELS, registers: [theirs] })
  const sets = labelSets(Math.ceil(SAMPLES / LINES_PER_HISTOGRAM))
  for (let index = 0; index < sets.length * 100; index += 1) {
    const [route, status] = sets[index % sets.length] ?? ['', '']
    a.observe(observed(index), route, status)
    b.observe({ route, status }, observed(index))
  }
  return { ours, theirs }
}

const roomy = (): Metrics => createMetrics({ maxSeriesPerMetric: SAMPLES })

async function scrape(
  group: string,
  { ours, theirs }: { readonly ours: Metrics; readonly theirs: prom.Registry },
  atMost: number,
): Promise<Comparison> {
  const lines = [prometheusText(ours), await theirs.metrics()].map((text) => text.match(/^[^#\n].*$/gm)?.length)
  if (lines[0] !== lines[1] || (lines[0] ?? 0) < SAMPLES) throw new Error(`not the same samples: ${lines.join(', ')}`)
  return compare(
    group,
    [
      { name: 'easymo prometheusText', run: () => read(prometheusText(ours)) },
      { name: 'prom-client metrics()', run: async () => read(await theirs.metrics()) },
    ],
    [{ of: 'easymo prometheusText', against: 'prom-client metrics()', atMost }],
  )
}

/** Goes over the whole text: what was only chained together would else be made later, when it is sent. */
const read = (text: string): number => text.indexOf('\u0000')

/** A scanner asks for 50 000 paths, and somebody has made the raw path a label. */
function attack(): Comparison {
  const metrics = createMetrics()
  const wait = metrics.histogram('wait_seconds', { help: HELP, labels: ['path'], buckets: BUCKETS })
  for (let index = 0; index < 50_000; index += 1) wait.observe(observed(index), `/probe/${index}/"quoted"\\`)
  const times = Array.from({ length: 9 }, () => {
    const startedAt = performance.now()
    read(prometheusText(metrics))
    return performance.now() - startedAt
  })
  const median = times.sort((a, b) => a - b)[4] ?? NaN
  return judge('a scrape after 50 000 hostile paths, one histogram of 12 buckets (prom-client: 4.4 s)', [
    { of: 'the median of 9 scrapes', value: median, unit: 'ms', atMost: 20 },
    { of: 'text', value: prometheusText(metrics).length / 1_000, unit: 'kB' },
  ])
}

export async function scrapes(): Promise<Comparison[]> {
  return [
    await scrape('a scrape of 10 000 samples: counters of 2 labels', counters(), 1 / 8),
    await scrape('a scrape of 10 000 samples: histograms of 12 buckets, 2 labels', histograms(), 1 / 5),
    attack(),
  ]
}

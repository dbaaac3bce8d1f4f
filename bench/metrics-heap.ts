/** What a series costs in memory, and what a flood of hostile labels does, in a process that holds nothing else. */
import { createMetrics } from '@easymo/perf/metrics'
import * as prom from 'prom-client'
import { judge, type Comparison } from './harness.ts'
import { BUCKETS, HELP } from './metrics-setup.ts'
import { bytesInUse, inOwnProcess } from './own-process.ts'

const SERIES = 20_000
const HOSTILE_PATHS = 50_000

const LABELS = ['method', 'route'] as const

type Record = (method: string, route: string) => void

/** Each one makes its registry and gives back what records into it, and so keeps it alive. */
const recorders = {
  'easymo counter': (): Record => {
    const counter = roomy().counter('requests_total', { help: HELP, labels: LABELS })
    return (method, route) => counter.inc(method, route)
  },
  'prom-client counter': (): Record => {
    const settings = { name: 'requests_total', help: HELP, labelNames: LABELS, registers: [new prom.Registry()] }
    const counter = new prom.Counter(settings)
    return (method, route) => counter.inc({ method, route })
  },
  'easymo histogram': (): Record => {
    const histogram = roomy().histogram('took_seconds', { help: HELP, labels: LABELS, buckets: BUCKETS })
    return (method, route) => histogram.observe(0.042, method, route)
  },
  'prom-client histogram': (): Record => {
    const settings = { name: 'took_seconds', help: HELP, labelNames: LABELS, registers: [new prom.Registry()] }
    const histogram = new prom.Histogram({ ...settings, buckets: BUCKETS })
    return (method, route) => histogram.observe({ method, route }, 0.042)
  },
  'easymo histogram, limited': (): Record => {
    const histogram = createMetrics().histogram('took_seconds', { help: HELP, labels: LABELS, buckets: BUCKETS })
    return (method, route) => histogram.observe(0.042, method, route)
  },
} as const

const roomy = (): ReturnType<typeof createMetrics> => createMetrics({ maxSeriesPerMetric: SERIES })

type Kind = keyof typeof recorders

/** Routes of about 22 characters, new strings each time, as they come out of a URL. */
function fill(record: Record, count: number): void {
  for (let index = 0; index < count; index += 1)
    record(index % 2 === 0 ? 'GET' : 'POST', `/api/v1/resource/${String(index).padStart(5, '0')}`)
}

/** Bytes that `count` label sets leave behind; for a process of its own, started with `--expose-gc`. */
export async function measureSeries(kind: Kind, count: number): Promise<number> {
  // The code is compiled before the first count.
  fill(recorders[kind](), 2_000)
  const before = await bytesInUse()
  const record = recorders[kind]()
  fill(record, count)
  const after = await bytesInUse()
  // Used once more, so that nothing of it was collected before it was counted.
  fill(record, 1)
  return after - before
}

export function heap(): Comparison[] {
  const bytes = (kind: Kind, count = SERIES): number =>
    inOwnProcess<number>(import.meta.url, 'measureSeries', kind, count)
  const perSeries = (kind: 'counter' | 'histogram', atMost: number) => {
    const [ours, theirs] = [bytes(`easymo ${kind}`) / SERIES, bytes(`prom-client ${kind}`) / SERIES]
    return [
      { of: `easymo ${kind}`, value: ours, unit: 'bytes' },
      { of: `prom-client ${kind}`, value: theirs, unit: 'bytes' },
      { of: `${kind}: easymo / prom-client`, value: ours / theirs, unit: '', atMost },
    ]
  }
  return [
    judge('memory of a series of 2 labels, 20 000 of them', [
      ...perSeries('counter', 0.75),
      ...perSeries('histogram', 0.6),
    ]),
    judge('memory after 50 000 hostile paths, one histogram of 12 buckets', [
      { of: 'easymo', value: bytes('easymo histogram, limited', HOSTILE_PATHS) / 1e6, unit: 'MB', atMost: 2 },
      { of: 'prom-client', value: bytes('prom-client histogram', HOSTILE_PATHS) / 1e6, unit: 'MB' },
    ]),
  ]
}

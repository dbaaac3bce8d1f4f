/** The sketch of a histogram against prom-client's Summary, which keeps a t-digest: time, and distance from the truth. */
import { createMetrics } from '@easymo/perf/metrics'
import * as prom from 'prom-client'
import { compare, judge, type Comparison, type Figure } from './harness.ts'
import { bimodal, BUCKETS, HELP, lognormal, METRICS, slices } from './metrics-setup.ts'

const OPS = 20_000
const SHARES = [0.5, 0.9, 0.99] as const
const AT_MOST_PERCENT = 1.1

function time(): Promise<Comparison> {
  const registry = createMetrics({ strict: true })
  const registers = [new prom.Registry()]
  const ours = METRICS.map(([name]) =>
    registry.histogram(`${name}_seconds`, { help: HELP, buckets: BUCKETS, quantiles: true }),
  )
  const theirs = METRICS.map(([name]) => new prom.Summary({ name: `${name}_seconds`, help: HELP, registers }))
  const prepare = slices(lognormal(), OPS)
  return compare(
    'quantiles: observing without labels, 8 metrics',
    [
      {
        name: 'easymo histogram with a sketch',
        ops: OPS,
        prepare,
        run: (values: Float64Array) => {
          for (let op = 0; op < OPS; op += 1) ours[op % METRICS.length]?.observe(values[op] as number)
        },
      },
      {
        name: 'prom-client Summary',
        ops: OPS,
        prepare,
        run: (values: Float64Array) => {
          for (let op = 0; op < OPS; op += 1) theirs[op % METRICS.length]?.observe(values[op] as number)
        },
      },
    ],
    [{ of: 'easymo histogram with a sketch', against: 'prom-client Summary', atMost: 1 / 50 }],
  )
}

/** How far both are from the value of the same rank, in percent of it. */
async function errors(name: string, values: Float64Array): Promise<Figure[]> {
  const ours = createMetrics().histogram('took_seconds', { help: HELP, quantiles: true })
  const theirs = new prom.Summary({ name, help: HELP, percentiles: SHARES, registers: [new prom.Registry()] })
  for (const value of values) {
    ours.observe(value)
    theirs.observe(value)
  }
  const sorted = values.slice().sort()
  const summary = (await theirs.get()).values
  return SHARES.flatMap((share) => {
    const truth = sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
    const percent = (answer: number): number => (Math.abs(answer - truth) / truth) * 100
    const their = summary.find(({ labels }) => labels.quantile === share)?.value ?? NaN
    const of = `${name} p${share * 100}`
    return [
      { of: `${of}, easymo`, value: percent(ours.quantile(share)), unit: '% off', atMost: AT_MOST_PERCENT },
      { of: `${of}, prom-client Summary`, value: percent(their), unit: '% off' },
    ]
  })
}

export async function sketches(): Promise<Comparison[]> {
  const figures = [...(await errors('lognormal', lognormal())), ...(await errors('bimodal', bimodal()))]
  return [await time(), judge('quantiles of 200 000 values against the truth', figures)]
}

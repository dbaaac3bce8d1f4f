/**
 * Recording, eight metrics at one call site, as a library's code sees them in a service. Both sides are given their
 * labels ready made, each loop is written out so that its call site knows one library only, and every metric counts the
 * same things in the same order.
 */
import { createMetrics } from '@easymo/perf/metrics'
import * as prom from 'prom-client'
import { compare, type Candidate, type Comparison } from './harness.ts'
import { BUCKETS, HELP, lognormal, METRICS, PAIRS, ROUTES, slices } from './metrics-setup.ts'

const metrics = (): ReturnType<typeof createMetrics> => createMetrics({ strict: true })
const registers = [new prom.Registry()]

/** Every series of every metric once, the metrics in turn. */
function callsOf<M>(metrics: readonly M[]) {
  return PAIRS.flatMap(([one, two]) =>
    metrics.map((metric, index) => {
      const [, first = '', second = ''] = METRICS[index] ?? []
      return { metric, one, two, byName: { [first]: one, [second]: two } }
    }),
  )
}

const LAPS = 100

function labelled(): Candidate[] {
  const registry = metrics()
  const ours = METRICS.map(([name, ...labels]) => registry.counter(`${name}_total`, { help: HELP, labels }))
  const theirs = METRICS.map(
    ([name, ...labelNames]) => new prom.Counter({ name: `${name}_total`, help: HELP, labelNames, registers }),
  )
  const [ourCalls, theirCalls] = [callsOf(ours), callsOf(theirs)]
  const [ourHandles, theirHandles] = [
    PAIRS.flatMap(([first, second]) => ours.map((counter) => counter.with(first, second))),
    PAIRS.flatMap((pair) => theirs.map((counter) => counter.labels(...pair))),
  ]
  return [
    {
      name: 'easymo inc, bound',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const handle of ourHandles) handle.inc()
      },
    },
    {
      name: 'prom-client inc, bound',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const handle of theirHandles) handle.inc()
      },
    },
    {
      name: 'easymo inc, 2 labels by position',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const { metric, one, two } of ourCalls) metric.inc(one, two)
      },
    },
    {
      name: 'easymo inc, 2 labels by name',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const { metric, byName } of ourCalls) metric.inc(byName)
      },
    },
    {
      name: 'prom-client inc, 2 labels',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const { metric, byName } of theirCalls) metric.inc(byName)
      },
    },
  ]
}

/** The least that counting can be. */
class Tally {
  value = 0

  inc(): void {
    this.value += 1
  }
}

function unlabelled(): Candidate[] {
  const registry = metrics()
  const floor = METRICS.map(() => new Tally())
  const inTurn = <M>(metrics: readonly M[]): M[] => PAIRS.flatMap(() => metrics)
  const ours = inTurn(METRICS.map(([name]) => registry.counter(`all_${name}_total`, { help: HELP })))
  const theirs = inTurn(METRICS.map(([name]) => new prom.Counter({ name: `all_${name}_total`, help: HELP, registers })))
  const tallies = inTurn(floor)
  return [
    {
      name: 'a field of an object (the floor)',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const tally of tallies) tally.inc()
      },
    },
    {
      name: 'easymo inc, no labels',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const counter of ours) counter.inc()
      },
    },
    {
      name: 'prom-client inc, no labels',
      ops: LAPS * METRICS.length * PAIRS.length,
      run: () => {
        for (let lap = 0; lap < LAPS; lap += 1) for (const counter of theirs) counter.inc()
      },
    },
  ]
}

function observed(): Candidate<Float64Array>[] {
  const registry = metrics()
  const define = (name: string, quantiles: boolean): ReturnType<typeof registry.histogram<readonly ['route']>> =>
    registry.histogram(name, { help: HELP, labels: ['route'], buckets: BUCKETS, quantiles })
  const ours = METRICS.map(([name]) => define(`${name}_seconds`, false))
  const exact = METRICS.map(([name]) => define(`${name}_exact_seconds`, true))
  const settings = { help: HELP, labelNames: ['route'], buckets: BUCKETS, registers }
  const theirs = METRICS.map(([name]) => new prom.Histogram({ ...settings, name: `${name}_seconds` }))
  const callsOn = <M>(all: readonly M[]) =>
    ROUTES.flatMap((route) => all.map((metric) => ({ metric, route, byName: { route } })))
  const [ourCalls, exactCalls, theirCalls] = [callsOn(ours), callsOn(exact), callsOn(theirs)]
  const ops = LAPS * ourCalls.length
  const prepare = slices(lognormal(), ops)
  return [
    {
      name: 'easymo observe, 12 buckets',
      ops,
      prepare,
      run: (values) => {
        let at = 0
        for (let lap = 0; lap < LAPS; lap += 1)
          for (const { metric, route } of ourCalls) metric.observe(values[at++] as number, route)
      },
    },
    {
      name: 'easymo observe, with quantiles',
      ops,
      prepare,
      run: (values) => {
        let at = 0
        for (let lap = 0; lap < LAPS; lap += 1)
          for (const { metric, route } of exactCalls) metric.observe(values[at++] as number, route)
      },
    },
    {
      name: 'prom-client observe, 12 buckets',
      ops,
      prepare,
      run: (values) => {
        let at = 0
        for (let lap = 0; lap < LAPS; lap += 1)
          for (const { metric, byName } of theirCalls) metric.observe(byName, values[at++] as number)
      },
    },
  ]
}

export async function recordings(): Promise<Comparison[]> {
  return [
    await compare('counting with labels, 8 metrics of 20 series', labelled(), [
      { of: 'easymo inc, bound', against: 'prom-client inc, bound', atMost: 1 / 80 },
      { of: 'easymo inc, 2 labels by position', against: 'prom-client inc, 2 labels', atMost: 1 / 12 },
      { of: 'easymo inc, 2 labels by name', against: 'prom-client inc, 2 labels', atMost: 1 / 5 },
    ]),
    await compare('counting without labels, 8 metrics', unlabelled(), [
      { of: 'easymo inc, no labels', against: 'prom-client inc, no labels', atMost: 1 / 15 },
    ]),
    await compare('observing with 1 label, 8 metrics of 10 series', observed(), [
      { of: 'easymo observe, 12 buckets', against: 'prom-client observe, 12 buckets', atMost: 1 / 15 },
      { of: 'easymo observe, with quantiles', against: 'prom-client observe, 12 buckets', atMost: 1 / 10 },
    ]),
  ]
}

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { probedMetrics, type ProbedMetricsStore, type Way } from '../../test/support/metrics-probe.ts'
import type { Metrics, MetricsView } from '../core/metrics-port.ts'
import { createHost } from '../core/host.ts'
import type { MetricsStore } from '../core/metrics-store.ts'
import { manualClock } from '../testing/index.ts'
import { aggregate, createMetrics, flush, memoryMetricsStore } from './index.ts'

const LABELS = ['a', 'b'] as const
const WAYS: readonly Way[] = ['arrives', 'answer lost', 'request lost']

/** What was counted, by name and label: of a counter its value, of a histogram its count, its sum and its buckets. */
type Sums = Record<string, number>

const plus = (one: Sums, other: Sums): Sums =>
  Object.fromEntries([...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)])) // prettier-ignore
/** Without what is 0: whether it is told does not matter. */
const some = (sums: Sums): Sums => Object.fromEntries(Object.entries(sums).filter(([, amount]) => amount !== 0))
const atMost = (sums: Sums, limit: Sums): boolean =>
  Object.entries(sums).every(([key, sum]) => sum <= (limit[key] ?? 0))

function sumsOf(view: MetricsView): Sums {
  const sums: Sums = {}
  for (const family of view.families())
    if (family.type === 'counter') family.each(([label], value) => (sums[`${family.name} ${label}`] = value))
    else if (family.type === 'histogram')
      family.each(([label], { count, sum, counts, sketch }) => {
        sums[`${family.name} ${label} count`] = count
        sums[`${family.name} ${label} sum`] = sum
        counts.forEach((inside, at) => (sums[`${family.name} ${label} ${at}`] = inside))
        const positive = sketch?.positive ?? { offset: 0, counts: [] }
        positive.counts.forEach((inside, at) => (sums[`${family.name} ${label} p${positive.offset + at}`] = inside))
      })
  return sums
}

/** One isolate, and what it has recorded, and what of that it knows to be stored. */
class Isolate {
  readonly probe: ProbedMetricsStore
  readonly #metrics: Metrics = createMetrics()
  readonly #host
  acknowledged: Sums = {}

  constructor(store: MetricsStore, host: ReturnType<typeof createHost>) {
    this.probe = probedMetrics(store)
    this.#host = host
  }

  get recorded(): Sums {
    return some(sumsOf(this.#metrics))
  }

  record(label: string, value: number): void {
    this.#metrics.counter('requests_total', { help: 'R', labels: ['label'] }).add(value, label)
    const options = { help: 'L', labels: ['label'], buckets: [1, 8], quantiles: true } as const
    this.#metrics.histogram('latency_seconds', options).observe(value, label)
  }

  async flush(way: Way): Promise<void> {
    this.probe.way = way
    const before = this.recorded
    const stored = await flush(this.#metrics, this.probe, { host: this.#host }).catch(() => false)
    if (stored) this.acknowledged = before
  }
}

const isolate = fc.nat({ max: 2 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('record' as const), isolate, label: fc.constantFrom(...LABELS), value: fc.constantFrom(0, 0.25, 1, 1.5, 8, 100) }) }, // prettier-ignore
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const), isolate, way: fc.constantFrom(...WAYS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), nth: fc.nat({ max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), isolate }) },
)

it('what isolates flush is counted once, whatever is lost, repeated, late or out of order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = manualClock()
      const host = createHost({ clock })
      const store = memoryMetricsStore({ clock })
      const alive = [0, 1, 2].map(() => new Isolate(store, host))
      const dead: Isolate[] = []
      let before: Sums = {}
      for (const one of steps) {
        const own = alive['isolate' in one ? one.isolate : 0] as Isolate
        if (one.do === 'record') own.record(one.label, one.value)
        else if (one.do === 'flush') await own.flush(one.way)
        else if (one.do === 'die') {
          dead.push(own)
          alive[one.isolate] = new Isolate(store, host)
        } else {
          // A copy that was under way for a while, of a flush by anybody.
          const sent = [...alive, ...dead].flatMap(({ probe }) => probe.sent)
          const copy = sent[one.nth % Math.max(1, sent.length)]
          if (copy !== undefined) await store.add(copy)
        }
        // A store that was skipped is asked again.
        await clock.tick(1_000)
        const now = sumsOf(await aggregate(store, { host }))
        expect(atMost(before, now), 'counters never go down').toBe(true)
        expect(atMost(now, [...alive, ...dead].map(({ recorded }) => recorded).reduce(plus, {})), 'never more than was recorded').toBe(true) // prettier-ignore
        before = now
      }
      for (const own of alive) await own.flush('arrives')
      const stored = some(sumsOf(await aggregate(store, { host })))
      const living = alive.map(({ recorded }) => recorded).reduce(plus, {})
      if (dead.length === 0) expect(stored).toEqual(living)
      const least = dead.map(({ acknowledged }) => acknowledged).reduce(plus, living)
      expect(atMost(least, stored), 'all that was acknowledged').toBe(true)
    }),
    { numRuns: 300 },
  )
})

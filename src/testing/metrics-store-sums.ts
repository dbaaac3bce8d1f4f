import { OVERFLOW, type MetricsStore, type SeriesAmounts, type StoredMetrics } from '../core/metrics-store.ts'
import { must, mustEqual } from './contract.ts'
import { counted, flushOf, sumsOf, type Case } from './metrics-store-case.ts'

const extremesOf = ({ series }: StoredMetrics): unknown => series.map(({ min, max }) => [min ?? null, max ?? null])
const total = (stored: StoredMetrics): number => Object.values(sumsOf(stored)).reduce((sum, amount) => sum + amount, 0)

async function add(store: MetricsStore, id: string, ...series: SeriesAmounts[]): Promise<void> {
  mustEqual(await store.add(flushOf(id, { series })), true, 'a new flush is applied')
}

/** How sums, extremes and ids behave. */
export const sumCases: readonly Case[] = [
  {
    name: 'holds nothing at first',
    async run({ store }) {
      mustEqual(await store.read(), { series: [], gauges: [], definitions: [] }, 'an empty store')
    },
  },
  {
    name: 'adds up what is flushed, part by part and series by series',
    async run({ store }) {
      await add(store, '1', counted(2), counted(5, 't'), { metric: 'h', series: 's', sums: [['0', 1], ['s', 0.5]] }) // prettier-ignore
      await add(store, '2', counted(3), { metric: 'h', series: 's', sums: [['1', 4], ['s', 0.25]] }) // prettier-ignore
      const sums = { 'm s v': 5, 'm t v': 5, 'h s 0': 1, 'h s 1': 4, 'h s s': 0.75 }
      mustEqual(sumsOf(await store.read()), sums, 'the sums')
    },
  },
  {
    name: 'applies a flush once, however often it comes, and says so',
    async run({ store }) {
      const flush = flushOf('same', { series: [counted(1)] })
      mustEqual(await store.add(flush), true, 'the first')
      await add(store, 'another', counted(10))
      mustEqual([await store.add(flush), await store.add(flush)], [false, false], 'the others')
      mustEqual(sumsOf(await store.read()), { 'm s v': 11 }, 'the sum')
    },
  },
  {
    name: 'applies a flush once that comes many times at once',
    async run({ store }) {
      const flush = flushOf('same', { series: [counted(1), counted(1, 't')] })
      const applied = await Promise.all(Array.from({ length: 20 }, () => store.add(flush)))
      mustEqual(applied.filter(Boolean).length, 1, 'how many were applied')
      mustEqual(sumsOf(await store.read()), { 'm s v': 1, 'm t v': 1 }, 'the sums')
    },
  },
  {
    name: 'loses nothing of many flushes that come at once, each with its series in an order of its own',
    async run({ store }) {
      const names = Array.from({ length: 20 }, (_, at) => `s${at}`)
      const flushes = Array.from({ length: 40 }, (_, nth) => {
        const order = nth % 2 === 0 ? names : [...names].reverse()
        return flushOf(`f${nth}`, { series: order.map((name) => counted(nth, name)) })
      })
      await Promise.all(flushes.map((flush) => store.add(flush)))
      mustEqual(sumsOf(await store.read()), Object.fromEntries(names.map((name) => [`m ${name} v`, 780])), 'the sums')
    },
  },
  {
    name: 'keeps all digits of a number',
    async run({ store }) {
      for (const [at, [one, other]] of NUMBERS.entries()) {
        await add(store, `one ${at}`, counted(one, `s${at}`))
        await add(store, `other ${at}`, counted(other, `s${at}`))
      }
      const sums = NUMBERS.map(([one, other], at) => [`m s${at} v`, one + other] as const)
      mustEqual(sumsOf(await store.read()), Object.fromEntries(sums), 'the sums')
    },
  },
  {
    name: 'keeps the smallest and the largest value, where there are some',
    async run({ store }) {
      const h = { metric: 'h', series: 's', sums: [['s', 1]] } as const
      await add(store, '1', counted(1))
      mustEqual(extremesOf(await store.read()), [[null, null]], 'of a counter')
      const own = { ...h, metric: 'm', series: 's' }
      for (const [at, [min, max]] of EXTREMES.entries()) await add(store, `e${at}`, { ...own, min, max })
      await add(store, 'none', own)
      mustEqual(extremesOf(await store.read()), [[-7.5, 1e-300]], 'of a histogram')
    },
  },
  {
    name: 'takes no more series of a metric than it may, and adds what is for others to one more',
    async run({ store }) {
      const flush = (id: string, names: readonly string[], metric = 'm'): Promise<boolean> =>
        store.add(flushOf(id, { series: names.map((name) => counted(1, name, metric)), maxSeriesPerMetric: 3 }))
      await flush('1', ['a', 'b'])
      await flush('2', ['c', 'd', 'e', 'f'])
      await flush('3', ['a', 'g'])
      await flush('4', ['a', 'b'], 'other')
      const stored = await store.read()
      const sums = sumsOf(stored)
      mustEqual(total(stored), 10, 'nothing is lost')
      mustEqual(stored.series.filter(({ metric }) => metric === 'm').length, 4, 'how many series')
      mustEqual([sums['m a v'], sums['m b v'], sums[`m ${OVERFLOW} v`]], [2, 1, 4], 'who was first, and the rest')
      mustEqual([sums['other a v'], sums['other b v']], [1, 1], 'another metric has room')
    },
  },
  {
    name: 'takes a flush of thousands of series whole',
    async run({ store }) {
      const series = Array.from({ length: 2_000 }, (_, at) => counted(at, `"series ${at}"`, `m${at % 7}`))
      mustEqual(await store.add(flushOf('large', { series })), true, 'it is applied')
      const stored = await store.read()
      must(stored.series.length === 2_000, `expected 2000 series, came ${stored.series.length}`)
      mustEqual(total(stored), 1_999_000, 'the sum of all')
    },
  },
]

/** Pairs whose sums need all digits, or exponents. */
const NUMBERS: readonly (readonly [number, number])[] = [
  [0.1, 0.2],
  [1 / 3, 2 / 3],
  [1e-300, 1e-300],
  [1e-18, 3e-18],
  [9_007_199_254_740_990, 1],
  [1e21, 1],
  [1e300, 1e300],
  [-2.5, 0.5],
  [123_456_789.123_456_78, 0.000_000_01],
  [0, 0],
]

const EXTREMES: readonly (readonly [min: number, max: number])[] = [
  [-1, 0],
  [-7.5, -7],
  [3, 1e-300],
]

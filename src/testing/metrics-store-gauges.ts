import type { GaugeValue } from '../core/metrics-store.ts'
import { must, mustEqual } from './contract.ts'
import { counted, flushOf, gaugesOf, sumsOf, type Case } from './metrics-store-case.ts'

const gauge = (value: number, series = 's'): GaugeValue => ({ metric: 'g', series, value, ageMs: 0 })

/** Short enough to wait for. */
const SHORT_MS = 150

/** Texts that something on the way might read as something else. */
const TEXTS: readonly string[] = [
  ...[
    '[1,2]',
    '"quoted"',
    '{"a":1}',
    '17',
    'true',
    'null',
    '',
    ' ',
    '-',
    '=',
    '1 2',
    "it's; --",
    '%s %%',
    '\\u0000',
    '\\',
  ],
  ...['ünï 😀', '\u2028', '$1', '{tag}', 'a*', '__proto__', 'constructor', 'x'.repeat(5_000), '😀'.repeat(1_500)],
]

/** How gauges and definitions behave, and texts of all kinds. */
export const gaugeCases: readonly Case[] = [
  {
    name: 'puts the gauges of an instance in place of those before, and leaves those of others alone',
    async run({ store }) {
      await store.add(flushOf('1', { gauges: [gauge(1), gauge(2, 't')] }))
      await store.add(flushOf('2', { instance: '"b"', gauges: [gauge(3)] }))
      await store.add(flushOf('3', { gauges: [gauge(-0.1)] }))
      mustEqual(gaugesOf(await store.read()), ['"a" g s -0.1', '"b" g s 3'], 'the gauges')
      await store.add(flushOf('4', { series: [counted(1)] }))
      mustEqual(gaugesOf(await store.read()).length, 2, 'a flush without gauges leaves them')
      await store.add(flushOf('5', { gauges: [] }))
      mustEqual(gaugesOf(await store.read()), ['"b" g s 3'], 'a flush of no gauges takes them away')
    },
  },
  {
    name: 'does not put gauges back by a flush that was applied before',
    async run({ store }) {
      const old = flushOf('old', { gauges: [gauge(1)] })
      await store.add(old)
      await store.add(flushOf('new', { gauges: [gauge(2)] }))
      mustEqual(await store.add(old), false, 'it was applied before')
      mustEqual(gaugesOf(await store.read()), ['"a" g s 2'], 'the gauges')
    },
  },
  {
    name: 'forgets the gauges of an instance that is not heard of, and nothing else',
    async run({ store, wait }) {
      await store.add(flushOf('1', { gauges: [gauge(1)], gaugeTtlMs: SHORT_MS, series: [counted(1)] }))
      await store.add(flushOf('2', { instance: '"b"', gauges: [gauge(2)] }))
      await wait(SHORT_MS + 50)
      mustEqual(gaugesOf(await store.read()), ['"b" g s 2'], 'the gauges')
      mustEqual(sumsOf(await store.read()), { 'm s v': 1 }, 'the sums')
      await store.add(flushOf('3', { gauges: [gauge(4)] }))
      mustEqual(gaugesOf(await store.read()), ['"a" g s 4', '"b" g s 2'], 'when it is heard of again')
    },
  },
  {
    name: 'knows for how long a gauge has had its value',
    async run({ store, wait }) {
      await store.add(flushOf('1', { gauges: [{ ...gauge(1), ageMs: 10_000 }, gauge(2, 't')] }))
      await wait(SHORT_MS)
      const ages = new Map((await store.read()).gauges.map(({ series, ageMs }) => [series, ageMs]))
      const [old = 0, young = 0] = [ages.get('s'), ages.get('t')]
      must(young >= SHORT_MS - 5 && young < 10_000, `expected an age of about ${SHORT_MS} ms, came ${young}`)
      must(Math.abs(old - young - 10_000) < 5, `expected the other to be 10 s older, came ${old} and ${young}`)
    },
  },
  {
    name: 'keeps what was said of a metric last, and since when it is known',
    async run({ store, wait }) {
      await store.add(flushOf('1', { definitions: [['m', 'first'], ['n', 'other']] })) // prettier-ignore
      await wait(SHORT_MS)
      await store.add(flushOf('2', { definitions: [['m', 'second']] }))
      const { definitions } = await store.read()
      const said = definitions.map(({ metric, definition }) => `${metric} ${definition}`).sort()
      mustEqual(said, ['m second', 'n other'], 'the definitions')
      const of = (name: string): { ageMs: number; idleMs: number } =>
        definitions.find(({ metric }) => metric === name) ?? { ageMs: 0, idleMs: 0 }
      must(of('m').ageMs >= SHORT_MS - 5, `the age is since the first time, came ${of('m').ageMs}`)
      must(of('n').idleMs >= SHORT_MS - 5, `the other was not said again, came ${of('n').idleMs}`)
      must(of('m').idleMs < of('n').idleMs, `it was said again, came ${of('m').idleMs}`)
    },
  },
  {
    name: 'keeps texts apart, and as they are',
    async run({ store }) {
      const gauges = TEXTS.map((text, at) => ({ ...gauge(at, text), metric: text }))
      const definitions = TEXTS.map((text) => [`${text}d`, text] as const)
      const series = TEXTS.map((text, at) => counted(at, text, text))
      await store.add(flushOf('1', { instance: '"]\\u0000 {"', gauges, definitions, series }))
      const stored = await store.read()
      const byText = <T>(entries: readonly (readonly [string, T])[]): string[] =>
        entries.map(([text, more]) => JSON.stringify([text, more])).sort()
      const expected = byText(TEXTS.map((text, at) => [text, at] as const))
      mustEqual(byText(stored.series.map((each) => [each.series, each.sums[0]?.[1]] as const)), expected, 'the series')
      mustEqual(byText(stored.series.map((each) => [each.metric, each.sums[0]?.[1]] as const)), expected, 'the metrics')
      mustEqual(byText(stored.gauges.map((each) => [each.series, each.value] as const)), expected, 'the gauges')
      const said = byText(stored.definitions.map((each) => [each.metric, each.definition] as const))
      mustEqual(said, byText(definitions), 'the definitions')
      must(
        stored.gauges.every(({ instance }) => instance === '"]\\u0000 {"'),
        'the instance',
      )
    },
  },
]

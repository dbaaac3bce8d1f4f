import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../metrics/index.ts'
import { manualClock } from '../testing/clock.ts'
import { createHost } from './host.ts'
import { metricsJson } from './metrics-json.ts'
import type { HistogramSnapshot } from './metrics-port.ts'
import { mergedSnapshots, snapshotSince } from './snapshots.ts'

const MINUTE = 60_000

function setup(quantiles = true) {
  const clock = manualClock()
  const metrics = createMetrics({ host: createHost({ clock }) })
  const waits = metrics.histogram('wait_seconds', { help: 'Wait', labels: ['at'], quantiles })
  const observe = (count: number, ms: number, at = 'a'): void => {
    for (let n = 0; n < count; n += 1) waits.observe(ms / 1_000, at)
  }
  const read = (at = 'a') => metricsJson(metrics).histograms[`wait_ms{at="${at}"}`]
  const reach = (): number => metricsJson(metrics).recentMs
  return { clock, observe, read, reach }
}

/** Within what a sketch may be off. */
const near = (value: number): unknown => expect.closeTo(value, -Math.log10(value * 0.022 * 2))

describe('what is recent of a histogram', () => {
  it('is what came in the last five minutes, beside what came since the start', async () => {
    const { clock, observe, read, reach } = setup()
    const minutes = async (count: number): Promise<void> => {
      for (let minute = 0; minute < count; minute += 1) {
        await clock.tick(MINUTE)
        read()
      }
    }
    read()
    observe(50_000, 10)
    await minutes(10)
    expect([read()?.recent.count, reach()]).toEqual([0, 5 * MINUTE])
    observe(400, 8_000)
    expect(read()).toMatchObject({ count: 50_400, p99: near(10), recent: { count: 400, p50: near(8_000), p99: near(8_000) } }) // prettier-ignore
    await minutes(4)
    observe(20_000, 20)
    expect(read()?.recent).toMatchObject({ count: 20_400, p50: near(20), p99: near(8_000) })
    await minutes(3)
    expect(read()).toMatchObject({ max: 8_000, recent: { count: 20_000, p99: near(20), avg: near(20) } })
  })

  it('is estimated from the buckets where there is no sketch', async () => {
    const { clock, observe, read } = setup(false)
    observe(1_000, 8_000)
    read()
    await clock.tick(MINUTE)
    observe(1_000, 30)
    const { p50 = 0, p99 = 0, count } = read()?.recent ?? {}
    expect(count).toBe(1_000)
    for (const quantile of [p50, p99]) expect(quantile > 25 && quantile <= 50).toBe(true)
  })

  it('reaches back as far as somebody looked, and says so', async () => {
    const { clock, observe, read, reach } = setup()
    observe(10, 10)
    await clock.tick(60 * MINUTE)
    // Nobody knows which of them were recent.
    expect([read()?.recent.count, reach()]).toEqual([0, 0])
    await clock.tick(MINUTE)
    observe(5, 10)
    expect([read()?.recent.count, reach()]).toEqual([5, MINUTE])
  })

  it('begins anew after a silence', async () => {
    const { clock, observe, read, reach } = setup()
    read()
    observe(10, 8_000)
    await clock.tick(60 * MINUTE)
    read()
    observe(3, 10)
    await clock.tick(1_000)
    expect([read()?.recent.count, reach()]).toEqual([3, 1_000])
  })

  it('holds series that began after the last look', async () => {
    const { clock, observe, read } = setup()
    read()
    await clock.tick(10 * MINUTE)
    read()
    observe(7, 10, 'b')
    expect(read('b')?.recent.count).toBe(7)
  })
})

const values = fc.array(fc.oneof(fc.double({ min: -5, max: 50, noNaN: true }), fc.constantFrom(0, 0.5, 1)), { maxLength: 40 }) // prettier-ignore
const BUCKETS = [-1, 0, 0.5, 2, 10]

function snapshotOf(observed: readonly number[], quantiles: boolean): HistogramSnapshot {
  const metrics = createMetrics()
  const histogram = metrics.histogram('a_ratio', { help: 'A', buckets: BUCKETS, quantiles })
  for (const value of observed) histogram.observe(value)
  let found: HistogramSnapshot | undefined
  for (const family of metrics.families()) if (family.type === 'histogram') family.each((_, series) => (found = series))
  if (found === undefined) throw new Error('there is no histogram')
  return found
}

/** Without the zeros at the ends of the buckets. */
function plain({ sketch, sum, counts, count }: HistogramSnapshot) {
  const cells = ({ offset, counts: own }: { offset: number; counts: readonly number[] }): object =>
    Object.fromEntries(own.flatMap((inside, at) => (inside === 0 ? [] : [[offset + at, inside]])))
  const buckets = sketch && [sketch.zeroCount, cells(sketch.positive), cells(sketch.negative)]
  return { counts: [...counts], count, sum, buckets }
}

/** The same, whose sum may differ in the last digits. */
function rounded(snapshot: HistogramSnapshot): object {
  const { sum, ...rest } = plain(snapshot)
  return { ...rest, sum: expect.closeTo(sum, 6) as number }
}

describe('snapshots', () => {
  it('are merged to what all values together give, and taken apart again', () => {
    fc.assert(
      fc.property(values, values, fc.boolean(), (a, b, quantiles) => {
        const [one, two, both] = [a, b, [...a, ...b]].map((some) => snapshotOf(some, quantiles)) as [HistogramSnapshot, HistogramSnapshot, HistogramSnapshot] // prettier-ignore
        const merged = mergedSnapshots(one, two)
        expect(plain(merged)).toEqual(rounded(both))
        expect([merged.min, merged.max]).toEqual([both.min, both.max])
        const later = snapshotSince(both, one, BUCKETS)
        expect(plain(later)).toEqual(rounded(two))
        if (b.length === 0) return
        // Half a bucket of a sketch is 1.1 %; buckets alone bound from outside.
        const off = (value: number): number => Math.abs(value) * (quantiles ? 0.0112 : 0) + 1e-8
        expect(later.min).toBeLessThanOrEqual(two.min + off(two.min))
        expect(later.max).toBeGreaterThanOrEqual(two.max - off(two.max))
      }),
      { numRuns: 200 },
    )
  })

  it('are not taken apart where the later one does not go on from the earlier', () => {
    const [few, many] = [snapshotOf([1], true), snapshotOf([1, 1, 3], true)]
    expect(snapshotSince(few, many, BUCKETS)).toBe(few)
  })
})

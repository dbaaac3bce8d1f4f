import { describe, expect, it } from 'vitest'
import { manualClock, metricsStoreContract } from '../testing/index.ts'
import { memoryMetricsStore } from './memory-store.ts'

const flush = { instance: '"a"', series: [{ metric: 'm', series: 's', sums: [['v', 1]] }], maxSeriesPerMetric: 9, gaugeTtlMs: 1, definitions: [['m', 'd']] } as const // prettier-ignore
const DAY_MS = 86_400_000

describe('memoryMetricsStore', () => {
  for (const { name, run } of metricsStoreContract)
    it(name, () => {
      const clock = manualClock()
      return run({ store: memoryMetricsStore({ clock }), wait: (ms) => clock.tick(ms) })
    })

  it('remembers the id of a flush for a day', async () => {
    const clock = manualClock()
    const store = memoryMetricsStore({ clock })
    await store.add({ ...flush, id: '1' })
    await clock.tick(DAY_MS - 1)
    expect(await store.add({ ...flush, id: '1' })).toBe(false)
    await clock.tick(1)
    expect(await store.add({ ...flush, id: '1' })).toBe(true)
  })

  it('forgets everything thirty days after the last flush', async () => {
    const clock = manualClock()
    const store = memoryMetricsStore({ clock })
    await store.add({ ...flush, id: '1' })
    await clock.tick(30 * DAY_MS - 1)
    expect((await store.read()).series).toHaveLength(1)
    await clock.tick(1)
    expect(await store.read()).toEqual({ series: [], gauges: [], definitions: [] })
  })

  it.each([
    [{ clock: {} }, 'clock'],
    [{ prefix: 'a' }, 'prefix'],
  ])('refuses %j', (options, named) => {
    expect(() => memoryMetricsStore(options as never)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
    expect(() => memoryMetricsStore(options as never)).toThrow(named)
  })
})

import { expect, it } from 'vitest'
import type { MetricsFlush } from './metrics-store.ts'
import { sqlMetricsStore } from './sql-metrics-store.ts'

const FLUSH: MetricsFlush = {
  id: '1',
  instance: '"a"',
  series: [],
  maxSeriesPerMetric: 9,
  gaugeTtlMs: 1,
  definitions: [],
}

it.each([[undefined], [null], ['text'], [{}], [[]], [1], [{ series: [], gauges: [], definitions: {} }]])(
  'an answer of %j is a mistake in the set-up',
  async (answer) => {
    const store = sqlMetricsStore(async () => answer)
    await expect(store.add(FLUSH)).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
    await expect(store.read()).rejects.toMatchObject({ code: 'ERR_PERF_STORE_SETUP' })
  },
)

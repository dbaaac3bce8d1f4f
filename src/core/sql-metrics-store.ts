import { StoreSetupError } from './errors.ts'
import { OVERFLOW, type MetricsStore, type StoredMetrics } from './metrics-store.ts'
import { repeatingConflicts, type SqlFunctionCall } from './sql-functions.ts'
import { namingSetUp } from './sql-set-up.ts'

/** The functions of `migrations/0004_metrics.sql` that a store calls. */
export type MetricsFunction = 'easymo_metrics_add' | 'easymo_metrics_read'

/** Makes a store of metrics of the SQL functions, whoever calls them. */
export function sqlMetricsStore(call: SqlFunctionCall<MetricsFunction>): MetricsStore {
  const run = repeatingConflicts(namingSetUp('metrics', call))
  return {
    async add({ series, ...flush }, options) {
      const amounts = series.map(({ sums, ...each }) => ({ ...each, sums: Object.fromEntries(sums) }))
      const args = { flush: { ...flush, series: amounts, overflow: OVERFLOW } }
      const answer = await run('easymo_metrics_add', args, options)
      if (typeof answer !== 'boolean') throw notOurs()
      return answer
    },
    async read(options) {
      const answer = await run('easymo_metrics_read', {}, options)
      if (!isAnswer(answer)) throw notOurs()
      const { series, gauges, definitions } = answer
      return {
        gauges,
        definitions,
        series: series.map(({ metric, series: name, sums, min, max }) => ({
          metric,
          series: name,
          sums: Object.entries(sums),
          ...(min !== null && { min }),
          ...(max !== null && { max }),
        })),
      }
    },
  }
}

interface Answer extends Omit<StoredMetrics, 'series'> {
  readonly series: readonly {
    readonly metric: string
    readonly series: string
    readonly sums: Readonly<Record<string, number>>
    readonly min: number | null
    readonly max: number | null
  }[]
}

function isAnswer(answer: unknown): answer is Answer {
  const { series, gauges, definitions } = (answer ?? {}) as Partial<Answer>
  return [series, gauges, definitions].every(Array.isArray)
}

function notOurs(): StoreSetupError {
  return new StoreSetupError('a function of the metrics answered something else than promised')
}

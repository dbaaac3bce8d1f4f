import { performanceMiddleware } from '@easymo/perf/http'
import { collect, createMetrics, prometheusText, type CollectKind } from '@easymo/perf/metrics'
import { trackers } from '../../src/http/trackers.ts'
import { collectRuntime } from '../../src/metrics/runtime.ts'
import { statsTable, type StatsShape } from '../../src/core/stats-table.ts'

/** The text of a registry in which everything that the package can show has been recorded at least once. */
export async function filledMetrics(): Promise<string> {
  const metrics = createMetrics({ defaultLabels: { service: 'wa' }, maxSeriesPerMetric: 20 })
  const measured = performanceMiddleware({ service: 'wa', metrics })(
    (request) => new Response(null, { status: request.url.endsWith('/broken') ? 500 : 200 }),
  )
  for (const path of ['', 'broken']) await measured(new Request(`http://service.test/${path}`))
  for (const [kind, shape] of Object.entries(statsTable))
    collect(metrics, kind as CollectKind, `the ${kind}`, () => statsOf(shape))
  misuse(metrics)
  await track(metrics)
  return withRuntime(metrics)
}

/** Stats in which every field of the table is there. */
function statsOf({ each, fields }: StatsShape): Record<string, unknown> {
  const stats = Object.fromEntries(Object.entries(fields).map(([name, { word }]) => [name, word ?? 1]))
  return each === undefined ? stats : { one: stats }
}

async function track(metrics: ReturnType<typeof createMetrics>): Promise<void> {
  const { trackColdStart, trackHandler, trackDatabaseOp, trackApiCall } = trackers(metrics)
  trackColdStart('wa')
  await trackHandler('home', () => Promise.resolve())()
  await trackDatabaseOp('select', 'profiles', () => Promise.resolve())
  await trackApiCall('graph', () => Promise.resolve())
}

/** Adds what the runtime says. */
function withRuntime(metrics: ReturnType<typeof createMetrics>): string {
  const end = collectRuntime(metrics)
  const text = prometheusText(metrics)
  end()
  return text
}

/** Fills the two metrics that the registry keeps about itself. */
function misuse(metrics: ReturnType<typeof createMetrics>): void {
  const rows = metrics.counter('test_rows_total', { help: 'Rows of this test', labels: ['row'] })
  rows.add(-1, 'wrong')
  for (let row = 0; row < 100; row += 1) rows.inc(`row ${row}`)
}

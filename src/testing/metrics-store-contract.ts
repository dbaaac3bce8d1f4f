import type { ContractCase } from './contract.ts'
import type { MetricsStoreSubject } from './metrics-store-case.ts'
import { gaugeCases } from './metrics-store-gauges.ts'
import { givingUpCases } from './metrics-store-giving-up.ts'
import { sumCases } from './metrics-store-sums.ts'

/**
 * The promises that every store of metrics keeps, as a plain list for any test runner, and for a Worker.
 *
 * ```ts
 * for (const { name, run } of metricsStoreContract)
 *   it(name, () => run({ store: myMetricsStore(freshDatabase()), wait: (ms) => setTimeout(ms) }))
 * ```
 *
 * On a manual clock it takes no time; on a real one about two seconds. Who runs the cases side by side gives each one
 * a store of its own.
 */
export const metricsStoreContract: readonly ContractCase<MetricsStoreSubject>[] = [
  ...sumCases,
  ...gaugeCases,
  ...givingUpCases,
]

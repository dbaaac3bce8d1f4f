import type { Metrics } from '../metrics/index.ts'
import { getAllCacheStats } from './caches.ts'
import { canMakeClients } from './clients.ts'
import { getDeduplicationStats } from './dedup.ts'
import { showHandlers } from './handlers.ts'
import { shownRegistry } from './shown.ts'
import { isWarmedUp } from './warmup.ts'

/** The registry, with all that the preset has made among the metrics: with zeros before the first use. */
export function everything(): Metrics {
  getAllCacheStats()
  canMakeClients()
  getDeduplicationStats()
  showHandlers()
  isWarmedUp()
  return shownRegistry()
}

/**
 * The registry that the preset records in, for what takes one: `flush(easymoMetrics(), store)`, `otlp`, `aggregate`,
 * `metricsEndpoint` and metrics of your own. It carries `service` on every line, shows the caches, the pool, the handlers
 * and `process_*`, and is one for all copies of this package in a process.
 *
 * It is a new one after `resetMetrics`, and after another `host` was configured: ask for it where you use it.
 */
export function easymoMetrics(): Metrics {
  return everything()
}

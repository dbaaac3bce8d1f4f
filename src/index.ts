export { createCache, createTieredCache, cached } from './cache/index.ts'
export { createDedup } from './dedup/index.ts'
export { createMetrics } from './metrics/index.ts'
export { createPool } from './pool/index.ts'
export { query } from './query/index.ts'
export { createHost, type Host, type HostOptions, type WaitUntil } from './core/host.ts'
export { consoleObserver } from './core/console-observer.ts'
export type { Clock } from './core/clock.ts'
export type { Fact, FactName } from './core/fact.ts'
export {
  isPerfError,
  NonRetryable,
  OptionError,
  PerfError,
  StoreSetupError,
  StoreUnavailable,
  TimeoutError,
  type PerfErrorCode,
} from './core/errors.ts'

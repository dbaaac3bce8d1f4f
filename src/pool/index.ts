export type { Lease, ReleaseOptions } from './lease.ts'
export type { PoolLimits, PoolOptions, RequestPoolOptions, SharedPoolOptions } from './options.ts'
export { createPool } from './pool.ts'
export type {
  AcquireOptions,
  DrainOptions,
  DrainReport,
  Holder,
  LastArgument,
  Pool,
  PoolBase,
  PoolStats,
  RequestPool,
  ScopeOptions,
  SharedPool,
  Targeted,
  UseOptions,
} from './types.ts'

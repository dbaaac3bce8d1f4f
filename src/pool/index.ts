export type { Lease, ReleaseOptions } from './lease.ts'
export type { PoolOptions } from './options.ts'
export { createPool } from './pool.ts'
export type { AcquireOptions, DrainOptions, DrainReport, Holder, Pool, PoolStats, UseOptions } from './types.ts'

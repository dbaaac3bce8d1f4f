export {
  createDedup,
  type Dedup,
  type DedupOptions,
  type DedupStats,
  type MemoryDedupOptions,
  type StoreDedupOptions,
} from './dedup.ts'
export type { IdLimitOptions, IdOptions } from './id-memory.ts'
export type { Once, OnceOptions } from './once.ts'
export { memoryDedupStore, type MemoryDedupStoreOptions } from './memory-store.ts'
export type { Claim, DedupStore, Ending } from '../core/dedup-store.ts'
export type { Attempt, EachOptions, EachResult } from '../core/updates.ts'
export { NonRetryable, StoreSetupError, StoreUnavailable } from '../core/errors.ts'

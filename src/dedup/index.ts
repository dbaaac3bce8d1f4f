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
export type { Claim, Claimed, DedupStore, End, Ending, Release, Renewal } from '../core/dedup-store.ts'
export type {
  AfterFailure,
  Attempt,
  ClaimAllOptions,
  ClaimAllResult,
  EachOptions,
  EachResult,
} from '../core/updates.ts'
export { NonRetryable, StoreSetupError, StoreUnavailable, TimeoutError } from '../core/errors.ts'
export type { Permit, Semaphore } from '../core/semaphore.ts'

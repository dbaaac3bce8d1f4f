import type { DedupStore } from '../core/dedup-store.ts'
import type { StoreGuard } from '../core/store-guard.ts'
import type { IdMemory } from './id-memory.ts'
import type { LedgerOptions } from './ledger.ts'

export interface StoreLedgerOptions extends LedgerOptions {
  readonly store: DedupStore
  readonly guard: StoreGuard
  /** Remembers confirmed ends for a window. */
  readonly memory: IdMemory
  readonly windowMs: number
  readonly onStoreError: 'reject' | 'process'
}

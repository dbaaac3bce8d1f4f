import { atLeast, hasMethods, knownOptions } from '../core/check.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import type { DedupStore } from '../core/dedup-store.ts'
import { MemoryClaims } from './memory-claims.ts'

/** How long the runs of keys that failed are remembered. */
export const COUNTS_MS = 3_600_000

/** How long a store in memory remembers failures, and by which clock. */
export interface MemoryDedupStoreOptions {
  /** How long the runs of a key that failed are remembered, in milliseconds. @defaultValue 1 hour */
  readonly countsMs?: number
  readonly clock?: Clock
}

/**
 * Creates a store of claims in the memory of this process, and gone with it: for tests, and as the model of what the
 * shared stores do. A dedup without a store works on the same claims, without the promises.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function memoryDedupStore(options: MemoryDedupStoreOptions = {}): DedupStore {
  knownOptions(options, 'countsMs', 'clock')
  const { countsMs = COUNTS_MS, clock = systemClock } = options
  atLeast(1, 'countsMs', countsMs)
  hasMethods('clock', clock, 'elapsed')
  const claims = new MemoryClaims(clock, countsMs)
  return {
    claimMany: async (asked, { leaseMs }) => asked.map((claim) => claims.claim(claim, leaseMs)),
    beginMany: async (asked) => asked.map((claim) => claims.begin(claim)),
    renewMany: async (asked, { leaseMs }) => asked.map((claim) => claims.renew(claim, leaseMs)),
    completeMany: async (ends, { retentionMs }) => ends.map((end) => claims.end(end, retentionMs)),
    releaseMany: async (asked) => asked.forEach((claim) => void claims.release(claim)),
    reviveMany: async (keys) => keys.map((key) => claims.revive(key)),
  }
}

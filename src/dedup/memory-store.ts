import { atLeast, hasMethods, knownOptions } from '../core/check.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import type { DedupStore } from '../core/dedup-store.ts'
import { MemoryClaims } from './memory-claims.ts'

/** How long the attempts of keys that failed are remembered. */
export const ATTEMPTS_MS = 3_600_000

/** How long a store in memory remembers failures, and by which clock. */
export interface MemoryDedupStoreOptions {
  /** How long the attempts of a key that failed are remembered, in milliseconds. @defaultValue 1 hour */
  readonly attemptsMs?: number
  readonly clock?: Clock
}

/**
 * Creates a store of claims in the memory of this process, and gone with it: for tests, and as the model of what the
 * shared stores do. A dedup without a store works on the same claims, without the promises.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function memoryDedupStore(options: MemoryDedupStoreOptions = {}): DedupStore {
  knownOptions(options, 'attemptsMs', 'clock')
  const { attemptsMs = ATTEMPTS_MS, clock = systemClock } = options
  atLeast(1, 'attemptsMs', attemptsMs)
  hasMethods('clock', clock, 'elapsed')
  const claims = new MemoryClaims(clock, attemptsMs)
  return {
    claimMany: async (keys, token, leaseMs) => claims.claim(keys, token, leaseMs),
    renewMany: async (keys, token, leaseMs) => keys.map((key) => claims.renew(key, token, leaseMs)),
    completeMany: async (keys, token, ending) => keys.map((key) => claims.end(key, token, ending)),
    releaseMany: async (keys, token) => keys.forEach((key) => void claims.release(key, token)),
  }
}

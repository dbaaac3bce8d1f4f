import { expect } from 'vitest'
import type { DedupStore } from '../../src/core/dedup-store.ts'
import { createDedup, type Dedup } from '../../src/dedup/index.ts'
import { probed, toldHost, type ProbedStore, type ToldHost } from './dedup-probe.ts'

export interface DedupService extends Omit<ProbedStore, 'store'>, ToldHost {
  readonly dedup: Dedup
}

/** Missed by a server that stands still, and not by one that answers a process which stood still itself for a moment. */
const STORE_TIMEOUT_MS = 2_500

/** A service of its own, with a guard and a front of its own. */
export function dedupService(store: DedupStore): DedupService {
  const probe = probed(store)
  const told = toldHost()
  const options = { name: 'wa', store: probe.store, storeTimeoutMs: STORE_TIMEOUT_MS, host: told.host }
  return { ...probe, ...told, dedup: createDedup(options) }
}

/** A resend, again and again, as the provider does it: until the store is back. */
export async function resent<T>(call: () => Promise<T>): Promise<T> {
  let last: { readonly value: T } | undefined
  await expect
    .poll(
      async () => {
        last = { value: await call() }
        return true
      },
      { timeout: 30_000, interval: 50 },
    )
    .toBe(true)
  if (last === undefined) throw new Error('the store did not come back')
  return last.value
}

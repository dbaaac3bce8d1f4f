import type { Claim, DedupStore, Ending } from '../core/dedup-store.ts'
import { mustEqual, type ContractCase } from './contract.ts'

/** What the contract is run against. */
export interface DedupStoreSubject {
  /** Holds no claim yet: a fresh store, or one with a prefix or schema of its own, for every case. */
  readonly store: DedupStore
  /** Lets so many milliseconds of the store's time pass: a manual clock's `tick`, or a real sleep. */
  readonly wait: (ms: number) => Promise<void>
}

interface Ended {
  readonly as: Ending
  readonly retentionMs: number
}

export type Case = ContractCase<DedupStoreSubject>

/** Long enough that no case which wants to meet a lease sees it end, however slow the machine. */
export const LONG_MS: number = 60_000
/** Short enough to wait for. */
export const SHORT_MS: number = 40
export const AFTER_SHORT_MS: number = 120

export const done: Ended = { as: 'done', retentionMs: LONG_MS }
export const dead: Ended = { as: 'dead', retentionMs: LONG_MS }

export const statuses = (claims: readonly Claim[]): string[] => claims.map((claim) => claim.status)

export async function status(store: DedupStore, key: string): Promise<string | undefined> {
  return statuses(await store.claimMany([key], 'asks', LONG_MS))[0]
}

export async function finish(store: DedupStore, key: string, as: Ending): Promise<void> {
  await store.claimMany([key], 'finishes', LONG_MS)
  mustEqual(await store.completeMany([key], 'finishes', { as, retentionMs: LONG_MS }), [true], 'the owner may finish')
}

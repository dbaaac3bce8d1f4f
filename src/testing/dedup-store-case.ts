import type { Claim, Claimed, DedupStore, End, Ending } from '../core/dedup-store.ts'
import { mustEqual, type ContractCase } from './contract.ts'

/** What the contract is run against. */
export interface DedupStoreSubject {
  /** Holds no claim yet: a fresh store, or one with a prefix or schema of its own, for every case. */
  readonly store: DedupStore
  /** Lets so many milliseconds of the store's time pass: a manual clock's `tick`, or a real sleep. */
  readonly wait: (ms: number) => Promise<void>
}

export type Case = ContractCase<DedupStoreSubject>

/** Long enough that no case which wants to meet a lease sees it end, however slow the machine. */
export const LONG_MS: number = 60_000
/** Short enough to wait for. */
const SHORT_MS: number = 40
export const AFTER_SHORT_MS: number = 120

export const long: { readonly leaseMs: number } = { leaseMs: LONG_MS }
export const short: { readonly leaseMs: number } = { leaseMs: SHORT_MS }
export const kept: { readonly retentionMs: number } = { retentionMs: LONG_MS }

/** Claims of these keys under one token. */
export const claims = (token: string, ...keys: readonly string[]): Claim[] => keys.map((key) => ({ key, token }))
export const ends = (as: Ending, token: string, ...keys: readonly string[]): End[] =>
  keys.map((key) => ({ key, token, as }))

export const won = (runs: number, expired: number): Claimed => ({ status: 'won', runs, expired })
export const statuses = (met: readonly Claimed[]): string[] => met.map(({ status }) => status)

/** How a key stands; free, it is taken by that. */
export async function status(store: DedupStore, key: string): Promise<string | undefined> {
  return statuses(await store.claimMany(claims('asks', key), long))[0]
}

export async function finish(store: DedupStore, key: string, as: Ending): Promise<void> {
  await store.claimMany(claims('finishes', key), long)
  mustEqual(await store.completeMany(ends(as, 'finishes', key), kept), [true], 'the owner may finish')
}

/** Claims a key, lets its lease run out, and claims it again under the next token. */
export async function expire({ store, wait }: DedupStoreSubject, key: string, token: string): Promise<void> {
  await store.claimMany(claims(token, key), short)
  await wait(AFTER_SHORT_MS)
}

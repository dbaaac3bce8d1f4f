import type { CacheRecord, CacheStore, CacheWrite, TagStamps } from '../core/cache-store.ts'
import { must, mustEqual, type ContractCase } from './contract.ts'

/** What the contract is run against. */
export interface CacheStoreSubject {
  /** Holds nothing yet: a fresh store, or one with a prefix or schema of its own, for every case. */
  readonly store: CacheStore
  /** Lets so many milliseconds of the store's time pass: a manual clock's `tick`, or a real sleep. */
  readonly wait: (ms: number) => Promise<void>
}

export type Case = ContractCase<CacheStoreSubject>

/** Long enough that no case which wants to meet an entry sees it expire, however slow the machine. */
export const LONG_MS: number = 60_000
/** Short enough to wait for. */
export const SHORT_MS: number = 40
export const AFTER_SHORT_MS: number = 120
/** Servers count in whole milliseconds, and a timer may fire a little early. */
export const ROUGHLY_MS: number = 10

/** A write of which a case only says what matters to it. */
export function entry(key: string, rest: Partial<CacheWrite> = {}): CacheWrite {
  return { key, text: `text of ${key}`, version: '1', tags: [], ttlMs: LONG_MS, staleMs: 0, ...rest }
}

export async function recordOf(store: CacheStore, key: string): Promise<CacheRecord | undefined> {
  return (await store.readMany([key], [])).records[0]
}

export async function textOf(store: CacheStore, key: string): Promise<string | undefined> {
  return (await recordOf(store, key))?.text
}

export async function mustBeMissing(store: CacheStore, key: string, why: string): Promise<void> {
  mustEqual(
    (await store.readMany([key], [])).records.map((record) => record !== undefined),
    [false],
    why,
  )
}

export async function stampsOf(store: CacheStore, tag: string): Promise<TagStamps> {
  const [stamps] = (await store.readMany([], [tag])).stamps
  must(stamps !== undefined, 'the tag has stamps')
  return { goneAt: stamps.goneAt, staleAt: stamps.staleAt }
}

/** The store's clock. */
export async function nowOf(store: CacheStore): Promise<number> {
  return (await store.readMany([], [])).now
}

export const many = (length: number, name: string): string[] => Array.from({ length }, (_, at) => `${name}${at}`)

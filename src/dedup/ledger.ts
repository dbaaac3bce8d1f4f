import type { Claim, Ending } from '../core/dedup-store.ts'
import type { Host } from '../core/host.ts'
import type { MemoryClaims } from './memory-claims.ts'
import { createRenewals, type Renewals } from './renewals.ts'

/** Plain integers that the hot path adds to, and `stats()` reads. */
export interface DedupCounts {
  checked: number
  duplicates: number
  inProgress: number
  claimed: number
  completed: number
  released: number
  leasesLost: number
  dead: number
  storeErrors: number
  degraded: number
}

/** What became of the attempt to end a claim: written down, owned by somebody else by now, or not written (yet). */
export type Written = 'kept' | 'lost' | 'failed'

/** What becomes of a claim: its update has ended, or somebody may claim it again. */
export type Fate = Ending | 'free'

/** Ends the claims of one batch. */
export interface FateWriter {
  /** Says what became of it: at once in memory, else once the store has answered. */
  end(key: string, as: Fate): Written | Promise<Written>
}

/** The claims of one dedup, wherever they live. What is answered at once in memory is a promise with a store. */
export interface Ledger {
  readonly host: Host
  readonly name: string
  readonly leaseMs: number
  readonly counts: DedupCounts
  /** Whether a caller waits for what somebody else works on, unless it says how long. */
  readonly waits: boolean
  readonly renewals: Renewals
  /** The ids that the memory of this process holds. */
  readonly size: number
  /** How the update ended, if that was confirmed, or could not be but happened here. */
  endOf(key: string): Ending | undefined
  /** Whether `endOf` spares a round trip, so that it is worth asking before a claim. */
  readonly remote: boolean
  /** A proof of owning claims that nobody else has. */
  newToken(): string
  /**
   * The first claim of a batch. When it fails, the token is never used again.
   *
   * @throws StoreUnavailable, StoreSetupError
   */
  claim(keys: readonly string[], token: string): Claim[] | Promise<Claim[]>
  /** Claims again what others held. No answers from a store that does not answer. */
  reclaim(keys: readonly string[], token: string): Claim[] | Promise<Claim[]>
  /** A store that does not answer is no proof that a lease was lost. */
  renew(keys: readonly string[], token: string): boolean[] | Promise<boolean[]>
  writer(token: string): FateWriter
}

export interface LedgerOptions {
  readonly host: Host
  readonly name: string
  readonly leaseMs: number
  readonly retentionMs: number
  readonly counts: DedupCounts
  readonly waits: boolean
}

/** A ledger in this process: no guard, no front, every end written at once. */
export function memoryLedger(claims: MemoryClaims, options: LedgerOptions): Ledger {
  const { host, name, leaseMs, retentionMs, counts, waits } = options
  let tokens = 0
  const done = { as: 'done', retentionMs } as const
  const dead = { as: 'dead', retentionMs } as const
  return {
    host,
    name,
    leaseMs,
    counts,
    waits,
    renewals: createRenewals(host.clock, leaseMs / 3),
    remote: false,
    // Nobody else sees these claims, so a number is as good as a random id.
    newToken: () => String((tokens += 1)),
    get size() {
      return claims.size
    },
    endOf: (key) => claims.endOf(key),
    claim: (keys, token) => claims.claim(keys, token, leaseMs),
    reclaim: (keys, token) => claims.claim(keys, token, leaseMs),
    renew: (keys, token) => keys.map((key) => claims.renew(key, token, leaseMs)),
    writer: (token) => ({
      end(key, as) {
        const kept = as === 'free' ? claims.release(key, token) : claims.end(key, token, as === 'done' ? done : dead)
        return kept ? 'kept' : 'lost'
      },
    }),
  }
}

import type { Ending } from '../core/dedup-store.ts'
import type { Host } from '../core/host.ts'
import { promisesDieWithRequests } from '../core/platform.ts'
import { createSemaphore, type Semaphore } from '../core/semaphore.ts'
import type { Item } from './item.ts'
import type { MemoryClaims } from './memory-claims.ts'
import { createRenewals, type Renewals } from './renewals.ts'
import { createRunDeadlines, type RunDeadlines } from './run-deadlines.ts'

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
  /** Runs that were given up after `handleTimeoutMs`. */
  timeouts: number
  /** Those of them that still go on. */
  zombies: number
  storeErrors: number
  degraded: number
  /** Ends that were forgotten before the store could be told of them. */
  endsDropped: number
}

/** What became of the attempt to end a claim: written down, owned by somebody else by now, or not written (yet). */
export type Written = 'kept' | 'lost' | 'failed'

/** What becomes of a claim: its update has ended, or somebody may claim it again, after a run of it or without one. */
export type Fate = Ending | 'failed' | 'unbegun'

/** Ends the claims of one batch. */
export interface EndWriter {
  /** Says what became of it: at once in memory, else once the store has answered. */
  end(item: Item<unknown>, fate: Fate): Written | Promise<Written>
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
  readonly deadlines: RunDeadlines
  /** Held by whoever runs an update that may take the process down with it: one at a time. */
  readonly suspectTurn: Semaphore
  /** The ids that the memory of this process holds. */
  readonly size: number
  /** How the update ended, if that was confirmed, or could not be but happened here. */
  endOf(key: string): Ending | undefined
  /** Whether `endOf` spares a round trip, so that it is worth asking before a claim. */
  readonly remote: boolean
  /**
   * The first claim of a batch; each item is told what it met.
   *
   * @throws StoreUnavailable, StoreSetupError
   */
  claim(items: readonly Item<unknown>[]): void | Promise<void>
  /** Claims again what others held. A store that does not answer changes nothing. */
  reclaim(items: readonly Item<unknown>[]): void | Promise<void>
  /** Whether the lease may have run out, by the time that has passed since it was asked for. */
  isOver(item: Item<unknown>): boolean
  /** Prolongs leases. `false` for those that are lost; nothing for those of which the store said nothing. */
  renew(items: readonly Item<unknown>[]): Promise<readonly (boolean | undefined)[]>
  /** Whether to begin a run whose lease may be over, when the store does not say. */
  readonly beginsUnsure: boolean
  /** Counts a run before it begins. `false` when its lease is lost; `undefined` when the store did not say. */
  begin(item: Item<unknown>): boolean | Promise<boolean | undefined>
  writer(): EndWriter
  /** The run is over as far as this dedup is concerned: others may claim the key, also here. */
  letGo(item: Item<unknown>): void
  /** A run that was given up has succeeded after all. */
  doneLate(item: Item<unknown>): void
  /** Forgets that keys are dead. */
  revive(keys: readonly string[]): boolean[] | Promise<boolean[]>
}

export interface LedgerOptions {
  readonly host: Host
  readonly name: string
  readonly leaseMs: number
  readonly retentionMs: number
  readonly counts: DedupCounts
  readonly waits: boolean
}

/** On Workers, who holds a turn may end without giving it back; no run of a request goes on for longer. */
const LONGEST_TURN_MS = 15 * 60_000

/** What both kinds of ledgers have. */
export function ledgerParts({
  host: { clock },
  leaseMs,
}: LedgerOptions): Pick<Ledger, 'renewals' | 'deadlines' | 'suspectTurn'> {
  return {
    renewals: createRenewals(clock, leaseMs / 3),
    deadlines: createRunDeadlines(clock),
    suspectTurn: createSemaphore(1, { clock, longestMs: LONGEST_TURN_MS }),
  }
}

/** A ledger in this process: no guard, no front, every end written at once. */
export function memoryLedger(claims: MemoryClaims, options: LedgerOptions): Ledger {
  const { host, name, leaseMs, retentionMs, counts, waits } = options
  let tokens = 0

  /**
   * Who holds a key here is here, so that its lease need not end by time: it ends with its run. Except on Workers, where a
   * request can be ended in the middle of its work while the memory lives on.
   */
  const lasts = (): number => (promisesDieWithRequests() ? leaseMs : Infinity)

  function claim(items: readonly Item<unknown>[]): void {
    // Nobody else sees these claims, so a number is as good as a random id.
    const token = String((tokens += 1))
    const lease = lasts()
    for (const item of items) {
      const met = claims.claim({ key: item.key, token }, lease)
      item.met(met.status === 'leased' ? { ...met, leftMs: Math.min(met.leftMs, leaseMs) } : met, token, undefined)
    }
  }

  const parts = ledgerParts(options)

  return {
    ...parts,
    // Leases that last need none.
    renewals: {
      add(holder) {
        if (promisesDieWithRequests()) parts.renewals.add(holder)
      },
      delete: (holder) => parts.renewals.delete(holder),
    },
    host,
    name,
    leaseMs,
    counts,
    waits,
    remote: false,
    beginsUnsure: true,
    get size() {
      return claims.size
    },
    endOf: (key) => claims.endOf(key),
    claim(items) {
      claims.admit(items)
      claim(items)
    },
    reclaim: claim,
    isOver: () => false,
    renew: async (items) =>
      items.map(({ key, token, state }) => claims.renew({ key, token, begun: state === 'running' }, lasts())),
    begin: (item) => claims.begin(item),
    writer: () => ({
      end({ key, token }, fate) {
        const kept =
          fate === 'done' || fate === 'dead'
            ? claims.end({ key, token, as: fate, ifNobody: true }, retentionMs)
            : claims.release({ key, token, begun: fate === 'failed' })
        return kept ? 'kept' : 'lost'
      },
    }),
    letGo: () => undefined,
    doneLate: ({ key, token }) => void claims.end({ key, token, as: 'done', ifNobody: true }, retentionMs),
    revive: (keys) => keys.map((key) => claims.revive(key)),
  }
}

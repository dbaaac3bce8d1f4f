import { StoreUnavailable } from '../core/errors.ts'
import type { Host } from '../core/host.ts'

/** What becomes of ids for which there is no room. */
type OnOverflow = 'forget' | 'reject'

interface IdLimitOptions {
  readonly host: Host
  /** The dedup whose memory it is. */
  readonly name: string
  readonly windowMs: number
  readonly maxIds: number
  readonly onOverflow: OnOverflow
}

/** How many ids a memory may hold, and the count of those it had no room for. */
export interface IdLimit {
  readonly maxIds: number
  readonly onOverflow: OnOverflow
  /** A generation of so many ids is followed by the next at once: the newest half of what is allowed stays. */
  readonly perGeneration: number
  /** There is no room for more than so many. */
  readonly inAll: number
  /** Ids that were forgotten before their time, or refused. */
  readonly overflows: number
  readonly overflowed: (count: number, now: number) => void
  /**
   * Refuses what would not fit, when that is what was chosen.
   *
   * @throws StoreUnavailable `ERR_PERF_STORE_UNAVAILABLE`
   */
  admit(more: number, held: number, now: number): void
}

export const NO_LIMIT: IdLimit = {
  maxIds: Infinity,
  onOverflow: 'forget',
  perGeneration: Infinity,
  inAll: Infinity,
  overflows: 0,
  overflowed: () => undefined,
  admit: () => undefined,
}

export function createIdLimit({ host, name, windowMs, maxIds, onOverflow }: IdLimitOptions): IdLimit {
  const inAll = onOverflow === 'reject' ? maxIds : Infinity
  let overflows = 0
  let told = 0
  let tellAgainAt = -Infinity

  function overflowed(count: number, now: number): void {
    overflows += count
    // Once a window: each id of a flood would be a flood of facts.
    if (now < tellAgainAt) return
    tellAgainAt = now + windowMs
    host.observe({ name: 'dedup.overflow', of: name, reason: onOverflow, count: overflows - told })
    told = overflows
  }

  return {
    maxIds,
    onOverflow,
    perGeneration: onOverflow === 'forget' ? Math.floor(maxIds / 2) : Infinity,
    inAll,
    get overflows() {
      return overflows
    },
    overflowed,
    admit(more, held, now) {
      if (held + more <= inAll) return
      overflowed(more, now)
      throw new StoreUnavailable(`the memory of dedup ${name} is full`)
    },
  }
}

import type { EachResult } from '../core/updates.ts'
import type { Item } from './item.ts'
import type { DedupCounts } from './ledger.ts'

/** How an update ends for a caller who did not win it, counted. */
export function notOurs<T>({ key, claim }: Item<unknown>, counts: DedupCounts): EachResult<T> {
  if (claim.status === 'done' || claim.status === 'dead') {
    counts.duplicates += 1
    return { key, status: claim.status === 'dead' ? 'dead' : 'duplicate' }
  }
  counts.inProgress += 1
  // Also a word that this version does not know: present, never done.
  return { key, status: 'in-progress', retryAfterMs: Math.max(1, claim.status === 'leased' ? claim.leftMs : 1) }
}

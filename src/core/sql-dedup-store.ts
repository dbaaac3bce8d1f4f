import type { Claim, DedupStore } from './dedup-store.ts'
import { StoreSetupError } from './errors.ts'
import { repeatingConflicts, type SqlFunctionCall } from './sql-functions.ts'

/** The functions of `migrations/0003_dedup.sql` that a store calls. */
export type DedupFunction =
  'easymo_dedup_claim' | 'easymo_dedup_renew' | 'easymo_dedup_complete' | 'easymo_dedup_release'

/** More than a century is a century, so that every sum with the clock is a time that Postgres can hold. */
const LONGEST_MS = 4e12

/** Makes a store of claims of the SQL functions, whoever calls them. */
export function sqlDedupStore(call: SqlFunctionCall<DedupFunction>): DedupStore {
  const run = repeatingConflicts(call)
  return {
    async claimMany(keys, token, leaseMs) {
      if (keys.length === 0) return []
      const lease_ms = wholeMs(leaseMs)
      const answers = listOf(await run('easymo_dedup_claim', { keys, token, lease_ms }), keys.length)
      return answers.map((answer) => claimOf(answer, lease_ms))
    },
    async renewMany(keys, token, leaseMs) {
      if (keys.length === 0) return []
      return listOf(await run('easymo_dedup_renew', { keys, token, lease_ms: wholeMs(leaseMs) }), keys.length).map(
        isTrue,
      )
    },
    async completeMany(keys, token, { as, retentionMs }) {
      if (keys.length === 0) return []
      const args = { keys, token, ending: as, retention_ms: wholeMs(retentionMs) }
      return listOf(await run('easymo_dedup_complete', args), keys.length).map(isTrue)
    },
    async releaseMany(keys, token) {
      if (keys.length > 0) await run('easymo_dedup_release', { keys, token })
    },
  }
}

function claimOf(answer: unknown, leaseMs: number): Claim {
  const { status, attempt, leftMs } = (answer ?? {}) as { status?: unknown; attempt?: unknown; leftMs?: unknown }
  if (status === 'won' && Number.isSafeInteger(attempt)) return { status, attempt: attempt as number }
  if (status === 'done' || status === 'dead') return { status }
  // Also what the functions of another version may say: present, never a miss.
  return { status: 'leased', leftMs: typeof leftMs === 'number' ? leftMs : leaseMs }
}

function listOf(answer: unknown, length: number): readonly unknown[] {
  if (Array.isArray(answer) && answer.length === length) return answer
  throw new StoreSetupError('a function of the dedup answered something else than a list of its keys')
}

const isTrue = (answer: unknown): boolean => answer === true
const wholeMs = (ms: number): number => Math.min(LONGEST_MS, Math.max(1, Math.ceil(ms)))

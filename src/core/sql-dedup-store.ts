import type { Claim, Claimed, DedupStore } from './dedup-store.ts'
import { StoreSetupError } from './errors.ts'
import { repeatingConflicts, type SqlFunctionCall } from './sql-functions.ts'
import { namingSetUp } from './sql-set-up.ts'

/** The functions of `migrations/0003_dedup.sql` that a store calls. */
export type DedupFunction =
  | 'easymo_dedup_claim'
  | 'easymo_dedup_begin'
  | 'easymo_dedup_renew'
  | 'easymo_dedup_complete'
  | 'easymo_dedup_release'
  | 'easymo_dedup_revive'

/** More than a century is a century, so that every sum with the clock is a time that Postgres can hold. */
const LONGEST_MS = 4e12

/** Makes a store of claims of the SQL functions, whoever calls them. */
export function sqlDedupStore(call: SqlFunctionCall<DedupFunction>): DedupStore {
  const repeating = repeatingConflicts(namingSetUp('dedup', call))

  /** Calls a function whose lists have one entry for each key, and which answers such a list. */
  async function ask(name: DedupFunction, lists: Lists, { onGiveUp, ...args }: Args = {}): Promise<readonly unknown[]> {
    if (lists.keys.length === 0) return []
    const answer: unknown = await repeating(name, { ...lists, ...args }, { onGiveUp })
    if (Array.isArray(answer) && answer.length === lists.keys.length) return answer as unknown[]
    throw new StoreSetupError(`${name} answered something else than a list of its keys`)
  }

  return {
    async claimMany(claims, { leaseMs, onGiveUp }) {
      const lease_ms = wholeMs(leaseMs)
      const answers = await ask('easymo_dedup_claim', listsOf(claims), { lease_ms, onGiveUp })
      return answers.map((answer) => claimedOf(answer, lease_ms))
    },
    async beginMany(claims, { onGiveUp } = {}) {
      return (await ask('easymo_dedup_begin', listsOf(claims), { onGiveUp })).map(isTrue)
    },
    async renewMany(claims, { leaseMs, onGiveUp }) {
      const lists = { ...listsOf(claims), begun: claims.map(({ begun = false }) => String(begun)) }
      return (await ask('easymo_dedup_renew', lists, { lease_ms: wholeMs(leaseMs), onGiveUp })).map(isTrue)
    },
    async completeMany(ends, { retentionMs, onGiveUp }) {
      const if_nobody = ends.map(({ ifNobody = false }) => String(ifNobody))
      const lists = { ...listsOf(ends), endings: ends.map((end) => end.as), if_nobody }
      return (await ask('easymo_dedup_complete', lists, { retention_ms: wholeMs(retentionMs), onGiveUp })).map(isTrue)
    },
    async releaseMany(claims, { onGiveUp } = {}) {
      const lists = { ...listsOf(claims), begun: claims.map(({ begun = false }) => String(begun)) }
      await ask('easymo_dedup_release', lists, { onGiveUp })
    },
    async reviveMany(keys, { onGiveUp } = {}) {
      return (await ask('easymo_dedup_revive', { keys }, { onGiveUp })).map(isTrue)
    },
  }
}

/** By the names of the parameters, in their order: each holds one entry for each key. */
interface Lists {
  readonly keys: readonly string[]
  readonly [name: string]: readonly string[]
}

type Args = Parameters<DedupStore['releaseMany']>[1] & { readonly lease_ms?: number; readonly retention_ms?: number }

const listsOf = (claims: readonly Claim[]): Lists => ({
  keys: claims.map(({ key }) => key),
  tokens: claims.map(({ token }) => token),
})

function claimedOf(answer: unknown, leaseMs: number): Claimed {
  const { status, runs, expired, leftMs } = (answer ?? {}) as Partial<Record<string, unknown>>
  if (status === 'won' && Number.isSafeInteger(runs) && Number.isSafeInteger(expired))
    return { status, runs: runs as number, expired: expired as number }
  if (status === 'done' || status === 'dead') return { status }
  // Also what the functions of another version may say: present, never a miss.
  return { status: 'leased', leftMs: typeof leftMs === 'number' ? leftMs : leaseMs }
}

const isTrue = (answer: unknown): boolean => answer === true
const wholeMs = (ms: number): number => Math.min(LONGEST_MS, Math.max(1, Math.ceil(ms)))

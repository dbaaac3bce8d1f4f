import { begunThoughKnownLost, begunThoughOver, endedOverLease, grantedOverLease } from './leases.ts'
import type { Scene } from './scene.ts'
import { runsOf, type Story } from './story.ts'

/** What must not be, so far as one look at an update's story tells. */
export type SimpleRule = keyof typeof RULES

/** So often may a killer run before its begins are written down. */
const UNSUSPECTED_RUNS = 2

const isDone = ({ status }: { readonly status: string }): boolean => status === 'done' || status === 'duplicate'
const isDead = ({ status }: { readonly status: string }): boolean => status === 'dead'

export const RULES = {
  lost: ({ effects, parked }) => effects.length === 0 && parked.length === 0,
  'never answered as ended': ({ told }) => !told.some((answer) => isDone(answer) || isDead(answer)),
  'answered before it was done': ({ told, effects }) =>
    told.some((answer) => isDone(answer) && !effects.some(({ at }) => at <= answer.at)),
  'answered as dead before it was parked': ({ told, parked }) =>
    told.some((answer) => isDead(answer) && !parked.some(({ at }) => at <= answer.at)),
  'done without a claim': (story) => runsOf(story).length < story.effects.length,
  'done twice under one claim': ({ effects }) => new Set(effects.map(({ token }) => token)).size < effects.length,
  'begun though the lease was known to be lost': begunThoughKnownLost,
  'begun though the lease must have been known to be lost': begunThoughOver,
  'granted while the lease of another one went on': grantedOverLease,
  'ended while the lease of another one went on': endedOverLease,
  'parked without a begun run': ({ parked, starts }) =>
    parked.some(({ at }) => !starts.some((start) => start.at <= at)),
  'parked before so many runs had begun as it may have': parkedEarly,
  'a killer ran too often': ranTooOften,
  'begun after everything was settled': ({ starts }, { settledAt }) => starts.some(({ at }) => at > settledAt),
} satisfies Readonly<Record<string, (story: Story, scene: Scene) => boolean>>

/** Whose begin the store was asked to count, may have died before it began. */
function parkedEarly({ parked, starts, begins }: Story, { terms }: Scene): boolean {
  return parked.some(({ at }) => {
    const before = [...starts, ...begins].filter((begun) => begun.at <= at)
    return new Set(before.map(({ token }) => token)).size < terms.maxAttempts
  })
}

/** Each begin that the store did not count is a run more; one that forgets begins to count anew. */
function ranTooOften({ id, starts, won, begins, counted }: Story, { terms, forgettings }: Scene): boolean {
  if (!terms.killers.includes(id)) return false
  const [since, until] = [won[0]?.at ?? Infinity, starts.at(-1)?.at ?? 0]
  const lives = 1 + forgettings.filter((span) => span.at >= since && span.since <= until).length
  const uncounted = begins.filter(({ token }) => !counted.some((count) => count.token === token)).length
  return starts.length > (terms.maxAttempts + UNSUSPECTED_RUNS) * lives + uncounted
}

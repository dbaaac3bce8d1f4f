import type { Moment } from './history.ts'
import type { Scene } from './scene.ts'
import type { Story } from './story.ts'

/** A lease that the store said it granted. */
interface Grant extends Moment {
  readonly token: string
  /** When it was asked for: it goes on for at least one lease from then on. */
  readonly asked: Moment
}

/** Between the look at a clock and the line in the history a process may have to wait for the processor. */
const LOOK_MS = 250
/** A store counts whole milliseconds, by a clock of its own. */
const TICK_MS = 20

const grantsOf = ({ won, renewed }: Story): readonly Grant[] => [...won, ...renewed]

/** When the last lease was asked for that the token was granted, among those that were asked for before a moment. */
export function lastAsked(story: Story, token: string, before: number): number {
  const own = grantsOf(story).filter((grant) => grant.token === token && grant.asked.at < before)
  return Math.max(-Infinity, ...own.map(({ asked }) => asked.at))
}

/** A run was begun though the store had said before that its lease is lost, and had not granted it again. */
export function begunThoughKnownLost(story: Story): boolean {
  return story.starts.some(({ token, at }) =>
    story.lost.some((lost) => lost.token === token && lost.at <= at && !isGrantedIn(story, token, [lost.at, at])),
  )
}

const isGrantedIn = (story: Story, token: string, [since, until]: readonly [number, number]): boolean =>
  grantsOf(story).some((grant) => grant.token === token && grant.asked.at >= since && grant.at <= until)

/** A run was begun longer than a lease after the last one that was granted had been asked for, by either clock. */
export function begunThoughOver(story: Story, { terms }: Scene): boolean {
  return story.starts.some((start) => {
    const granted = grantsOf(story).filter(({ token, at }) => token === start.token && at <= start.at)
    return granted.every(({ asked }) => elapsed(asked, start) >= terms.leaseMs + LOOK_MS)
  })
}

const elapsed = (from: Moment, to: Moment): number => Math.max(to.at - from.at, to.wall - from.wall)

/** A claim was granted while the lease of another one went on, which had neither been given back nor been forgotten. */
export function grantedOverLease(story: Story, scene: Scene): boolean {
  return story.won.some((win) => isHeldByAnother(story, scene, win))
}

/** An end was written while somebody else's lease went on. */
export function endedOverLease(story: Story, scene: Scene): boolean {
  return story.kept.some((end) => isHeldByAnother(story, scene, end))
}

/** Of what was asked for after the other's grant had been answered, so that there is no doubt which one came first. */
function isHeldByAnother(story: Story, { terms, forgot }: Scene, { token, asked, at }: Grant): boolean {
  return grantsOf(story).some(
    (grant) =>
      grant.token !== token &&
      grant.at <= asked.at &&
      at < grant.asked.at + terms.leaseMs - TICK_MS &&
      !story.gave.some((gave) => gave.token === grant.token && gave.at <= at) &&
      !forgot({ since: grant.asked.at, at }),
  )
}

/** The lease of a run had run out before that moment. */
export const hasRunOut = (asked: number, at: number, leaseMs: number): boolean => at - asked >= leaseMs - TICK_MS

import type { Event } from './history.ts'
import { RULES, type SimpleRule } from './rules.ts'
import { Scene, type Excuse } from './scene.ts'
import { runsOf, storiesOf, type Run, type Story } from './story.ts'

const REPETITIONS = ['done again though its end was confirmed', 'done again without an excuse'] as const
type Repetition = (typeof REPETITIONS)[number]

/** What must not be. */
export type Rule = SimpleRule | Repetition

const simpleRules = Object.keys(RULES) as readonly SimpleRule[]
export const rules: readonly Rule[] = [...simpleRules, ...REPETITIONS]

export interface Violation {
  readonly rule: Rule
  /** The update. */
  readonly id: string
}

/** What the history says, in numbers. */
export interface Counts {
  readonly ids: number
  readonly effects: number
  /** Updates that were done once and never again. */
  readonly once: number
  /** Repetitions of what a process did that was killed before its end was confirmed. */
  readonly againAfterKill: number
  /** Repetitions of a run that went on while its process stood still for longer than its lease, or was cut off. */
  readonly againAfterTrouble: number
  /** Repetitions of what the store has forgotten. */
  readonly againAfterForgetting: number
  /** Repetitions of a run that was given up after its time. */
  readonly againAfterTimeout: number
  /** Updates that were parked. */
  readonly parked: number
  /** Those of them whose handler kills its process. */
  readonly parkedKillers: number
  /** Most runs that one killer had. */
  readonly killerRuns: number
  readonly claims: number
  /** Claims whose lease was lost while they waited for their run, which then did not begin. */
  readonly lostUnbegun: number
  /** Claims whose lease was lost while their run went on. */
  readonly lostRunning: number
  /** Ends that came too late, after somebody else had claimed the update. */
  readonly refused: number
  readonly kills: number
  /** Kills that hit a process between a begin and its confirmed end. */
  readonly killsBetween: number
  readonly troubles: number
  /** Calls of the store that failed, or were given up. */
  readonly missedCalls: number
}

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly counts: Counts
}

/**
 * Judges a history. An update may be done again for four reasons only, all of them before somebody else was granted its
 * claim: the process that did it was killed before its end was confirmed; its run went on while it stood still for longer
 * than its lease, or could not reach the store in a trouble of the driver's making; the store has forgotten it; it had
 * taken longer than a handler may.
 */
export function judge(history: readonly Event[]): Verdict {
  const events = [...history].sort((one, other) => one.at - other.at)
  const scene = new Scene(events)
  const stories = storiesOf(events)
  const judged = stories.map((story) => ({ story, repetitions: repetitionsOf(story, scene) }))
  const violations = judged.flatMap(({ story, repetitions }) => {
    const broken = simpleRules.filter((rule) => RULES[rule](story, scene))
    return [...broken, ...repetitions.filter(isRule)].map((rule) => ({ rule, id: story.id }))
  })
  const excuses = judged.flatMap(({ repetitions }) => repetitions)
  const again = (wanted: Excuse): number => excuses.filter((excuse) => excuse === wanted).length
  const all = <What extends Event['what']>(what: What): number => events.filter((event) => event.what === what).length
  return {
    violations,
    counts: {
      ids: stories.length,
      effects: all('effect'),
      once: stories.filter(({ effects }) => effects.length === 1).length,
      againAfterKill: again('kill'),
      againAfterTrouble: again('trouble'),
      againAfterForgetting: again('forgotten'),
      againAfterTimeout: again('timeout'),
      ...killerCounts(stories, scene),
      claims: all('won'),
      ...lossCounts(stories),
      refused: all('refused'),
      kills: scene.deaths.size,
      killsBetween: killsBetween(stories, scene),
      troubles: all('trouble'),
      missedCalls: all('missed'),
    },
  }
}

const isRule = (what: Repetition | Excuse): what is Repetition => (REPETITIONS as readonly string[]).includes(what)

/** For each time that it was done again: why, or which rule that breaks. */
function repetitionsOf(story: Story, scene: Scene): (Repetition | Excuse)[] {
  // In the order of the claims: of two, the one that was granted first must have been lost before the other one was won.
  const runs = runsOf(story)
  return runs.slice(1).map((again, at) => {
    const before = runs[at] as Run
    if (wasKept(story, scene, [before, again])) return REPETITIONS[0]
    return scene.excuseFor(before, again, story) ?? REPETITIONS[1]
  })
}

/** An end that was confirmed later says nothing: where nobody has the claim any more it may still be written. */
function wasKept({ kept }: Story, { forgot }: Scene, [{ token }, { wonAt }]: readonly [Run, Run]): boolean {
  const ended = kept.filter((end) => end.token === token && end.at < wonAt)
  return ended.some(({ asked }) => !forgot({ since: asked.at, at: wonAt }))
}

type KillerCounts = Pick<Counts, 'parked' | 'parkedKillers' | 'killerRuns'>

function killerCounts(stories: readonly Story[], { terms }: Scene): KillerCounts {
  const killers = stories.filter(({ id }) => terms.killers.includes(id))
  const isParked = ({ parked }: Story): boolean => parked.length > 0
  return {
    parked: stories.filter(isParked).length,
    parkedKillers: killers.filter(isParked).length,
    killerRuns: Math.max(0, ...killers.map(({ starts }) => starts.length)),
  }
}

function lossCounts(stories: readonly Story[]): Pick<Counts, 'lostUnbegun' | 'lostRunning'> {
  const began = stories.flatMap(({ lost, starts }) =>
    [...new Set(lost.map(({ token }) => token))].map((token) => starts.some((start) => start.token === token)),
  )
  const lostRunning = began.filter(Boolean).length
  return { lostUnbegun: began.length - lostRunning, lostRunning }
}

function killsBetween(stories: readonly Story[], { deaths }: Scene): number {
  const hit = stories.flatMap(({ starts, kept }) =>
    starts.filter(({ token }) => !kept.some((end) => end.token === token)).map(({ pid }) => pid),
  )
  return new Set(hit.filter((pid) => deaths.has(pid))).size
}

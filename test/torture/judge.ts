import type { Event } from './history.ts'
import { Scene, type Excuse } from './scene.ts'
import { deedsOf, storiesOf, type Claimed, type Story } from './story.ts'

/** What must not be. */
export type Rule =
  | 'lost'
  | 'answered before it was done'
  | 'never answered as done'
  | 'done without a claim'
  | 'done twice under one claim'
  | 'done again though its end was confirmed'
  | 'done again without an excuse'
  | 'granted twice as the same attempt'
  | 'done after everything was settled'

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
  /** Repetitions of what a living process did that could not reach the store to have its end confirmed. */
  readonly againAfterTrouble: number
  readonly claims: number
  /** Ends that came too late, after somebody else had claimed the update. */
  readonly refused: number
  readonly kills: number
  /** Kills that hit a process between a claim and its confirmed end. */
  readonly killsBetween: number
  readonly troubles: number
  /** Calls of the store that failed, or took too long. */
  readonly missedCalls: number
}

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly counts: Counts
}

/**
 * Judges a history. An update may be done again for two reasons only: the process that did it was killed, or it lived but
 * its calls of the store failed during a trouble of the driver's making; in both cases before somebody else was granted
 * the claim, and without a confirmed end.
 */
export function judge(history: readonly Event[]): Verdict {
  const events = [...history].sort((one, other) => one.at - other.at)
  const scene = new Scene(events)
  const stories = storiesOf(events)
  const judged = stories.map((story) => ({ story, repetitions: repetitionsOf(story, scene) }))
  const violations = judged.flatMap(({ story, repetitions }) => {
    const broken = (Object.keys(RULES) as SimpleRule[]).filter((rule) => RULES[rule](story, scene))
    return [...broken, ...repetitions.filter(isRule)].map((rule) => ({ rule, id: story.id }))
  })
  const excuses = judged.flatMap(({ repetitions }) => repetitions)
  const all = <What extends Event['what']>(what: What): number => events.filter((event) => event.what === what).length
  return {
    violations,
    counts: {
      ids: stories.length,
      effects: all('effect'),
      once: stories.filter(({ effects }) => effects.length === 1).length,
      againAfterKill: excuses.filter((excuse) => excuse === 'kill').length,
      againAfterTrouble: excuses.filter((excuse) => excuse === 'trouble').length,
      claims: all('won'),
      refused: all('refused'),
      kills: scene.deaths.size,
      killsBetween: killsBetween(stories, scene),
      troubles: all('trouble'),
      missedCalls: all('missed'),
    },
  }
}

type Repetition = 'done again though its end was confirmed' | 'done again without an excuse'
type SimpleRule = Exclude<Rule, Repetition>

const isDone = ({ status }: { readonly status: string }): boolean => status === 'done' || status === 'duplicate'
const isRule = (what: Repetition | Excuse): what is Repetition => what !== 'kill' && what !== 'trouble'

const RULES: Readonly<Record<SimpleRule, (story: Story, scene: Scene) => boolean>> = {
  lost: ({ effects }) => effects.length === 0,
  'never answered as done': ({ told }) => !told.some(isDone),
  'answered before it was done': ({ told, effects }) =>
    told.some((answer) => isDone(answer) && !effects.some(({ at }) => at <= answer.at)),
  'done without a claim': (story) => deedsOf(story).length < story.effects.length,
  'done twice under one claim': ({ effects }) => new Set(effects.map(({ token }) => token)).size < effects.length,
  'granted twice as the same attempt': ({ won }) => new Set(won.map(({ attempt }) => attempt)).size < won.length,
  'done after everything was settled': ({ effects }, { settledAt }) => effects.some(({ at }) => at > settledAt),
}

/** For each time that it was done again: why, or which rule that breaks. */
function repetitionsOf(story: Story, scene: Scene): (Repetition | Excuse)[] {
  // In the order of the claims: of two, the one that was granted first must have been lost before the other one was won.
  const deeds = deedsOf(story)
  return deeds.slice(1).map((again, at) => {
    const before = deeds[at] as Claimed
    if (wasKept(story, before, again)) return 'done again though its end was confirmed'
    return scene.excuseFor(before, again) ?? 'done again without an excuse'
  })
}

/** A claim that was lost may be won back later, to have its end written down: that end says nothing about what was before. */
function wasKept({ kept, won }: Story, { token }: Claimed, again: Claimed): boolean {
  const wonBackAt = won.find((win) => win.token === token && win.at > again.wonAt)?.at ?? Infinity
  return kept.some((end) => end.token === token && end.at < wonBackAt)
}

function killsBetween(stories: readonly Story[], { deaths }: Scene): number {
  const hit = stories.flatMap(({ starts, kept }) =>
    starts.filter(({ token }) => !kept.some((end) => end.token === token)).map(({ pid }) => pid),
  )
  return new Set(hit.filter((pid) => deaths.has(pid))).size
}

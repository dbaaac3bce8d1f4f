import type { Event } from './history.ts'
import type { Claimed } from './story.ts'

/** Why an update may have been done again. */
export type Excuse = 'kill' | 'trouble'

interface Span {
  readonly since: number
  readonly at: number
}

/** Troubles that keep calls from their answers; a slow network does not. */
const UNREACHABLE: ReadonlySet<string> = new Set(['freeze', 'long freeze', 'restart', 'resets'])

/** What happened around the updates: who died when, when the store could not be reached, and who noticed. */
export class Scene {
  /** When each killed process died. */
  readonly deaths = new Map<number, number>()
  readonly settledAt: number
  readonly #troubles: Span[] = []
  readonly #missed = new Map<number, Span[]>()

  constructor(events: readonly Event[]) {
    let settledAt = Infinity
    for (const event of events)
      if (event.what === 'killed') this.#died(event.victim, event.at)
      else if (event.what === 'dies') this.#died(event.pid, event.at)
      else if (event.what === 'trouble' && UNREACHABLE.has(event.kind)) this.#troubles.push(event)
      else if (event.what === 'missed') this.#missed.set(event.pid, [...(this.#missed.get(event.pid) ?? []), event])
      else if (event.what === 'settled') settledAt = Math.min(settledAt, event.at)
    this.settledAt = settledAt
  }

  /** Why the first claim was lost before the second one was granted, if there is a reason. */
  excuseFor(before: Claimed, again: Claimed): Excuse | undefined {
    const between = { since: before.wonAt, at: again.wonAt }
    const diedAt = this.deaths.get(before.pid) ?? Infinity
    if (diedAt <= again.wonAt) return 'kill'
    const noticed = this.#missed.get(before.pid)?.some((span) => overlap(span, between)) === true
    return noticed && this.#troubles.some((span) => overlap(span, between)) ? 'trouble' : undefined
  }

  #died(pid: number, at: number): void {
    this.deaths.set(pid, Math.min(at, this.deaths.get(pid) ?? Infinity))
  }
}

function overlap(one: Span, other: Span): boolean {
  return one.since <= other.at && other.since <= one.at
}

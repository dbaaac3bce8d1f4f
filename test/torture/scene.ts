import type { Event, Terms } from './history.ts'
import { hasRunOut, lastAsked } from './leases.ts'
import type { Run, Story } from './story.ts'

/** Why an update may have been done again. */
export type Excuse = 'kill' | 'trouble' | 'forgotten' | 'timeout'

interface Span {
  readonly since: number
  readonly at: number
}

type Trouble = Extract<Event, { what: 'trouble' }>

/** Troubles that keep calls from their answers; a slow network does not. */
const UNREACHABLE: ReadonlySet<string> = new Set(['freeze', 'long freeze', 'restart', 'resets', 'cut', 'lost answers'])
const FORGETS: ReadonlySet<string> = new Set(['flush', 'fail-over'])
/** Leases are renewed when a third of them is over. */
const HOLDS = 2 / 3
const NO_TERMS: Terms = { leaseMs: Infinity, handleTimeoutMs: Infinity, maxAttempts: Infinity, killers: [] }

/** What happened around the updates: who died when, when the store could not be reached, and who noticed. */
export class Scene {
  /** When each killed process died. */
  readonly deaths = new Map<number, number>()
  readonly settledAt: number
  readonly terms: Terms
  readonly forgettings: readonly Span[]
  readonly #troubles: readonly Trouble[]
  readonly #missed = new Map<number, Span[]>()

  constructor(events: readonly Event[]) {
    let [settledAt, terms] = [Infinity, NO_TERMS]
    const troubles: Trouble[] = []
    for (const event of events)
      if (event.what === 'killed') this.#died(event.victim, event.at)
      else if (event.what === 'dies') this.#died(event.pid, event.at)
      else if (event.what === 'trouble') troubles.push(event)
      else if (event.what === 'missed') this.#missed.set(event.pid, [...(this.#missed.get(event.pid) ?? []), event])
      else if (event.what === 'terms') terms = event
      else if (event.what === 'settled') settledAt = Math.min(settledAt, event.at)
    this.settledAt = settledAt
    this.terms = terms
    this.#troubles = troubles
    this.forgettings = troubles.filter(({ kind }) => FORGETS.has(kind))
  }

  /** Whether the store forgot something in that time. */
  readonly forgot = (span: Span): boolean => this.forgettings.some((forgetting) => overlap(forgetting, span))

  /** Why the claim of the first run was lost before the one of the second was granted, if there is a reason. */
  excuseFor(before: Run, again: Run, story: Story): Excuse | undefined {
    if ((this.deaths.get(before.pid) ?? Infinity) <= again.wonAt) return 'kill'
    if (this.forgot({ since: before.wonAt, at: again.wonAt })) return 'forgotten'
    if (again.wonAt - before.startedAt >= this.terms.handleTimeoutMs) return 'timeout'
    const since = lastAsked(story, before.token, again.wonAt)
    const ranOut = hasRunOut(since, again.wonAt, this.terms.leaseMs)
    return ranOut && this.#kept(before, { since, at: again.wonAt }) ? 'trouble' : undefined
  }

  /** Whether a trouble kept the owner of a run that was under way from renewing its lease. */
  #kept({ pid, startedAt }: Run, leased: Span): boolean {
    const noticed = this.#missed.get(pid)?.some((span) => overlap(span, leased)) === true
    return this.#troubles.some((trouble) => {
      const { kind, victim = pid, since, at } = trouble
      if (victim !== pid || startedAt > at || !overlap(trouble, leased)) return false
      return kind === 'pause' ? at - since >= this.terms.leaseMs * HOLDS : noticed && UNREACHABLE.has(kind)
    })
  }

  #died(pid: number, at: number): void {
    this.deaths.set(pid, Math.min(at, this.deaths.get(pid) ?? Infinity))
  }
}

function overlap(one: Span, other: Span): boolean {
  return one.since <= other.at && other.since <= one.at
}

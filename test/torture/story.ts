import type { Deed, Event } from './history.ts'

type Of<What extends Deed['what']> = Extract<Event, { what: What }>

/** Of each kind what happened to one update, in the order of time. */
export interface Story {
  readonly id: string
  readonly won: readonly Of<'won'>[]
  readonly renewed: readonly Of<'renewed'>[]
  readonly lost: readonly Of<'lost'>[]
  readonly gave: readonly Of<'gave'>[]
  readonly begins: readonly Of<'begin'>[]
  readonly counted: readonly Of<'counted'>[]
  readonly starts: readonly Of<'start'>[]
  readonly effects: readonly Of<'effect'>[]
  readonly parked: readonly Of<'parked'>[]
  readonly kept: readonly Of<'kept'>[]
  readonly told: readonly Of<'told'>[]
}

/** A run that led to an effect. */
export interface Run {
  readonly pid: number
  readonly token: string
  readonly wonAt: number
  readonly startedAt: number
}

/** One story for each update that was sent, or that anything happened to. */
export function storiesOf(events: readonly Event[]): Story[] {
  const byId = new Map<string, Event[]>()
  for (const event of events) {
    if (event.what === 'sent') for (const id of event.ids) entryOf(byId, id)
    else if ('id' in event) entryOf(byId, event.id).push(event)
  }
  return [...byId].map(([id, own]) => ({
    id,
    won: only(own, 'won'),
    renewed: only(own, 'renewed'),
    lost: only(own, 'lost'),
    gave: only(own, 'gave'),
    begins: only(own, 'begin'),
    counted: only(own, 'counted'),
    starts: only(own, 'start'),
    effects: only(own, 'effect'),
    parked: only(own, 'parked'),
    kept: only(own, 'kept'),
    told: only(own, 'told'),
  }))
}

/** The runs of all its effects, in the order in which their claims were granted. Effects without a claim are left out. */
export function runsOf({ effects, won, starts }: Story): Run[] {
  const runs = effects.flatMap(({ pid, token, at }) => {
    const claim = won.find((win) => win.pid === pid && win.token === token)
    const startedAt = starts.find((start) => start.token === token)?.at ?? at
    return claim === undefined ? [] : [{ pid, token, wonAt: claim.at, startedAt }]
  })
  return runs.sort((one, other) => one.wonAt - other.wonAt)
}

function entryOf(byId: Map<string, Event[]>, id: string): Event[] {
  const known = byId.get(id) ?? []
  byId.set(id, known)
  return known
}

function only<What extends Deed['what']>(events: readonly Event[], what: What): Of<What>[] {
  return events.filter((event): event is Of<What> => event.what === what)
}

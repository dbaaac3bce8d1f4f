import type { Deed, Event } from './history.ts'

type Of<What extends Deed['what']> = Extract<Event, { what: What }>

/** What happened to one update, in the order of time. */
export interface Story {
  readonly id: string
  readonly won: readonly Of<'won'>[]
  readonly starts: readonly Of<'start'>[]
  readonly effects: readonly Of<'effect'>[]
  readonly kept: readonly Of<'kept'>[]
  readonly told: readonly Of<'told'>[]
}

/** A claim that led to an effect. */
export interface Claimed {
  readonly pid: number
  readonly token: string
  readonly wonAt: number
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
    starts: only(own, 'start'),
    effects: only(own, 'effect'),
    kept: only(own, 'kept'),
    told: only(own, 'told'),
  }))
}

/** The claims of all its effects, in the order in which they were granted. Effects without a claim are left out. */
export function deedsOf({ effects, won }: Story): Claimed[] {
  const deeds = effects.flatMap(({ pid, token }) => {
    const claim = won.find((win) => win.pid === pid && win.token === token)
    return claim === undefined ? [] : [{ pid, token, wonAt: claim.at }]
  })
  return deeds.sort((one, other) => one.wonAt - other.wonAt)
}

function entryOf(byId: Map<string, Event[]>, id: string): Event[] {
  const known = byId.get(id) ?? []
  byId.set(id, known)
  return known
}

function only<What extends Deed['what']>(events: readonly Event[], what: What): Of<What>[] {
  return events.filter((event): event is Of<What> => event.what === what)
}

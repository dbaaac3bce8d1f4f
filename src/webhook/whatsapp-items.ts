import { isSent, part, secondsToMs, textOf, timeOf } from './whatsapp-fields.ts'
import type { Found, Place } from './whatsapp-found.ts'
import { ADDRESS, CONTACT, isPhone, MOVED, RECEIVER, RECIPIENT, SENDER } from './whatsapp-people.ts'
import { isOfGroup, statusKey } from './whatsapp-status.ts'
import type { Sent, WhatsAppKeyedUpdate } from './whatsapp-types.ts'

/** How an item of a list is keyed and grouped. */
export type Take = (found: Found, item: Sent, place: Place) => void

type Spoken = 'message' | 'status' | 'echo'

const KINDS = {
  '': { message: 'message', status: 'status', echo: 'echo' },
  standby: { message: 'standby_message', status: 'standby_status', echo: 'standby_echo' },
  history: { message: 'history', status: 'history', echo: 'history' },
} as const satisfies Readonly<Record<Place['scope'], Readonly<Record<Spoken, WhatsAppKeyedUpdate['kind']>>>>

/** A copy never silences the message itself, nor an old one a new one: their keys differ. */
function scoped({ scope }: Place, key: string): string {
  return scope === '' ? key : `${scope}:${key}`
}

export const takeMessage: Take = (found, item, place) => {
  const id = textOf(item['id'])
  if (id === undefined) return found.refuse('no_id', item)
  const sender = found.people.oneOf(item, SENDER)
  const { system } = item
  if (isSent(system)) {
    const moved = found.people.oneOf(system, MOVED)
    if (sender !== undefined && moved !== undefined) found.people.same(sender, moved)
  }
  const person = textOf(item['group_id']) ?? sender
  pushSpoken(found, { spoken: 'message', id }, { item, place, person })
}

export const takeEcho: Take = (found, item, place) => {
  const id = textOf(item['id'])
  if (id === undefined) return found.refuse('no_id', item)
  const { message } = item
  const to = found.people.oneOf(item, RECEIVER) ?? (isSent(message) ? addresseeOf(message) : undefined)
  pushSpoken(found, { spoken: 'echo', id }, { item, place, person: textOf(item['group_id']) ?? to })
}

/** To whom the request was addressed by which another app sent a message; a phone number may be written in any way. */
function addresseeOf(request: Sent): string | undefined {
  const to = textOf(request['to']) ?? textOf(request['recipient'])
  return to?.startsWith('+') === true ? to.replaceAll(/\D/g, '') : to
}

function pushSpoken(
  found: Found,
  { spoken, id }: { readonly spoken: 'message' | 'echo'; readonly id: string },
  taken: { readonly item: Sent; readonly place: Place; readonly person: string | undefined },
): void {
  const { place } = taken
  const key = scoped(place, `${spoken === 'message' ? 'm' : 'e'}:${id}`)
  const kind = KINDS[place.scope][spoken]
  // In a history it is what a placeholder stood for, and may be sent anew, with a file that is not out of date.
  if (place.scope === 'history') found.pushWhole(kind, key, taken)
  else found.push(kind, key, taken)
}

export const takeStatus: Take = (found, item, place) => {
  const id = textOf(item['id'])
  const status = textOf(item['status'])
  if (id === undefined || status === undefined) return found.refuse('no_id', item)
  const group = textOf(item['group_id']) ?? (isOfGroup(item) ? textOf(item['recipient_id']) : undefined)
  const person = group ?? found.people.oneOf(item, RECIPIENT)
  const { key, whole } = statusKey(item, id, status)
  const kind = KINDS[place.scope].status
  const isOfCall = item['type'] === 'call' || place.change.field === 'calls'
  const taken = isOfCall ? { item, place, group: `c:${id}` } : { item, place, person }
  if (whole) found.push(kind, scoped(place, key), taken)
  else found.pushWhole(kind, scoped(place, key), taken)
}

/** What happens to a call once; of recordings, and of what is not known yet, there may be several. */
const ONCE: ReadonlySet<string> = new Set(['connect', 'terminate', 'call_created'])

export const takeCall: Take = (found, item, place) => {
  const id = textOf(item['id'])
  if (id === undefined) return found.pushNameless('call', { item, place })
  const event = textOf(item['event'])
  const key = scoped(place, `c:${part(id)}:${part(event ?? '')}`)
  // Connecting and ending share the call's id; both belong to its conversation, in order.
  const taken = { item, place, group: `c:${id}` }
  if (event !== undefined && ONCE.has(event)) found.push('call', key, taken)
  else found.pushWhole('call', key, taken)
}

export const takePreference: Take = (found, item, place) => {
  const person = found.people.oneOf(item, CONTACT)
  const when = timeOf(item)
  const { category, value } = item
  const { phoneNumberId, change } = place
  const ours = phoneNumberId !== '' || change.value['metadata'] === undefined
  const named = ours && textOf(category) !== undefined && textOf(value) !== undefined
  if (person === undefined || when === undefined || !named)
    return found.pushNameless('preference', { item, place, person })
  // One person may say the same to two of our numbers within a second.
  const key = `p:${JSON.stringify([phoneNumberId, person, category, value, when])}`
  found.push('preference', scoped(place, key), { item, place, person })
}

export const takeStateSync: Take = (found, item, place) => {
  const { contact, metadata } = item
  const person = isSent(contact) ? found.people.oneOf(contact, ADDRESS) : undefined
  const at = timeOf(item) ?? (isSent(metadata) ? secondsToMs(metadata['timestamp']) : undefined)
  found.pushNameless('state_sync', { item, place, person, at })
}

export const takeGroupUpdate: Take = (found, item, place) => {
  found.pushNameless('group_update', { item, place, person: textOf(item['group_id']) })
}

export const takeUserIdUpdate: Take = (found, item, place) => {
  // The ids before and after are one person's.
  const ids = [item['wa_id']]
  for (const id of [item['user_id'], item['parent_user_id']])
    ids.push(...(isSent(id) ? [id['current'], id['previous']] : [id]))
  const [person, ...others] = ids.flatMap((id) => textOf(id) ?? [])
  if (person !== undefined) for (const other of others) found.people.same(person, other)
  found.pushNameless('user_id_update', { item, place, person })
}

export const takeAutomaticEvent: Take = (found, item, place) => {
  const id = textOf(item['id'])
  if (id === undefined) return found.pushNameless('automatic_event', { item, place })
  // One message may be both a lead and a purchase.
  found.pushWhole('automatic_event', scoped(place, `a:${id}`), { item, place })
}

/** A change that is no list: everything that it holds. A thread that changes hands is a part of its conversation. */
export function takeChange(found: Found, place: Place): void {
  const { value } = place.change
  const { sender, recipient } = value
  const phone = isSent(sender) ? textOf(sender['phone_number']) : undefined
  const number = isSent(recipient) ? textOf(recipient['phone_number_id']) : undefined
  const spoken = phone !== undefined && isPhone(phone) && number !== undefined
  const taken = spoken ? { place: { ...place, phoneNumberId: number }, person: phone } : { place }
  found.pushNameless('change', { ...taken, item: value }, { itself: place.sent, told: place.sent })
}

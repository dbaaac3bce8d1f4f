import type { SplitDelivery } from './provider.ts'
import { isSent, textOf } from './whatsapp-fields.ts'
import { Found, type Place } from './whatsapp-found.ts'
import { takeError } from './whatsapp-error.ts'
import { takeChunk } from './whatsapp-history.ts'
import {
  takeAutomaticEvent,
  takeCall,
  takeChange,
  takeEcho,
  takeGroupUpdate,
  takeMessage,
  takePreference,
  takeStateSync,
  takeStatus,
  takeUserIdUpdate,
  type Take,
} from './whatsapp-items.ts'
import { CONTACT } from './whatsapp-people.ts'
import type { Sent, WhatsAppKeyedUpdate } from './whatsapp-types.ts'

/** The lists of updates that a change may hold. */
const LISTS: ReadonlyMap<string, Take> = new Map([
  ['messages', takeMessage],
  ['statuses', takeStatus],
  ['errors', takeError],
  ['calls', takeCall],
  ['message_echoes', takeEcho],
  ['user_preferences', takePreference],
  ['state_sync', takeStateSync],
  ['groups', takeGroupUpdate],
  ['user_id_update', takeUserIdUpdate],
  ['automatic_events', takeAutomaticEvent],
  ['history', (found, item, place) => takeChunk(found, item, { place, takeList, takeError })],
])

/**
 * Finds every update of a parsed delivery: `entry[] x changes[] x (messages[] | statuses[] | errors[] | ...)`, also where
 * the lists stand in `standby` or `history[].threads[]`. What is odd below the top is unkeyed and does not harm its
 * siblings. Updates stand in the order of the delivery.
 *
 * @returns undefined when the body is not an object with an `entry` array; a promise when a key is a hash
 */
export function splitWhatsApp(
  body: unknown,
): SplitDelivery<WhatsAppKeyedUpdate> | Promise<SplitDelivery<WhatsAppKeyedUpdate>> | undefined {
  if (!isSent(body) || !Array.isArray(body['entry'])) return undefined
  const found = new Found()
  for (const entry of body['entry'] as unknown[]) takeEntry(found, entry)
  return found.finish()
}

function takeEntry(found: Found, entry: unknown): void {
  if (!isSent(entry)) return found.refuse('entry_not_object', entry)
  const { changes } = entry
  if (!Array.isArray(changes)) return found.refuse('changes_not_array', entry)
  for (const change of changes as unknown[]) takeSent(found, entry, change)
}

function takeSent(found: Found, entry: Sent, sent: unknown): void {
  if (!isSent(sent) || !isSent(sent['value'])) return found.refuse('change_not_object', sent)
  const { value } = sent
  const { metadata } = value
  const field = textOf(sent['field'])
  const place: Place = {
    change: { entryId: textOf(entry['id']), field, value },
    phoneNumberId: (isSent(metadata) ? textOf(metadata['phone_number_id']) : undefined) ?? '',
    entry,
    sent,
    scope: scopeOf(field, value),
    holder: value,
  }
  const before = found.count
  const others = takeLists(found, place)
  // Also when its lists are empty: no change is dropped in silence.
  if (found.count === before) takeChange(found, place)
  else if (others.length > 0)
    found.pushNameless('change', { item: value, place }, { itself: ['beside', others], told: sent })
}

function scopeOf(field: string | undefined, value: Sent): Place['scope'] {
  if (field === 'standby') return 'standby'
  return field === 'history' || value['history'] !== undefined ? 'history' : ''
}

/** @returns the lists that are not known: they stand beside others, and are an update of their own */
function takeLists(found: Found, place: Place): readonly unknown[] {
  const { holder, scope } = place
  const others: unknown[] = []
  for (const name of Object.keys(holder)) {
    const list = holder[name]
    const take = LISTS.get(name)
    if (take !== undefined && !isDetail(name, holder)) takeList(found, list, (item) => take(found, item, place))
    else if (name === 'contacts') linkContacts(found, list)
    else if (name === 'standby' && holder === place.change.value) others.push(...takeStandby(found, list, place))
    else if (Array.isArray(list) && list.length > 0) others.push([scope, name, list])
  }
  return others
}

/** A change that says itself what happened, such as an alert of a flow, has its errors as a part of it. */
function isDetail(name: string, holder: Sent): boolean {
  return name === 'errors' && textOf(holder['event']) !== undefined
}

function takeStandby(found: Found, standby: unknown, place: Place): readonly unknown[] {
  if (isSent(standby)) return takeLists(found, { ...place, scope: 'standby', holder: standby })
  found.refuse('item_not_object', standby)
  return []
}

function takeList(found: Found, list: unknown, each: (item: Sent) => void): void {
  if (!Array.isArray(list)) return found.refuse('list_not_array', list)
  for (const item of list as unknown[])
    if (isSent(item)) each(item)
    else found.refuse('item_not_object', item)
}

/** Contacts are no updates: they say who is who. */
function linkContacts(found: Found, contacts: unknown): void {
  if (!Array.isArray(contacts)) return
  for (const contact of contacts as unknown[]) if (isSent(contact)) found.people.oneOf(contact, CONTACT)
}

import type { SplitDelivery, UnkeyedChange } from './provider.ts'
import type { Sent, WhatsAppChange, WhatsAppMessage, WhatsAppStatus, WhatsAppUpdate } from './whatsapp-types.ts'

/** What is gathered while a delivery is taken apart. `hashed` are updates whose key is a hash still to be made. */
interface Found {
  readonly updates: WhatsAppUpdate[]
  readonly unkeyed: UnkeyedChange[]
  readonly hashed: { readonly at: number; readonly place: Place }[]
}

/** Where a list of updates was found. */
interface Place {
  readonly change: WhatsAppChange
  readonly phoneNumberId: string
  readonly entry: Sent
  /** The change as it was sent. */
  readonly sent: Sent
  /** Which list of the change, and which of its items. */
  readonly position: string
}

type Take = (found: Found, item: Sent, place: Place) => void

/** The lists that a change may hold beside messages and statuses, and how one of their items is keyed. */
const RARE = {
  errors: (found, item, place) => pushHashed(found, 'error', { item, place }),
  calls: takeCall,
  message_echoes: takeEcho,
  user_preferences: takePreference,
} as const satisfies Readonly<Record<string, Take>>
const RARE_LISTS = ['errors', 'calls', 'message_echoes', 'user_preferences'] as const satisfies (keyof typeof RARE)[]

/**
 * Finds every update of a parsed delivery: `entry[] x changes[] x (messages[] | statuses[] | errors[] | ...)`. What is odd
 * below the top is unkeyed and does not harm its siblings.
 *
 * @returns undefined when the body is not an object with an `entry` array
 */
export function splitWhatsApp(
  body: unknown,
): SplitDelivery<WhatsAppUpdate> | Promise<SplitDelivery<WhatsAppUpdate>> | undefined {
  if (!isSent(body) || !Array.isArray(body['entry'])) return undefined
  const found: Found = { updates: [], unkeyed: [], hashed: [] }
  for (const entry of body['entry'] as unknown[]) takeEntry(found, entry)
  return found.hashed.length === 0 ? found : withHashes(found)
}

function takeEntry(found: Found, entry: unknown): void {
  if (!isSent(entry)) return void found.unkeyed.push({ reason: 'entry_not_object', value: entry })
  const { changes } = entry
  if (!Array.isArray(changes)) return void found.unkeyed.push({ reason: 'changes_not_array', value: entry })
  for (const change of changes as unknown[]) takeChange(found, entry, change)
}

function takeChange(found: Found, entry: Sent, sent: unknown): void {
  if (!isSent(sent) || !isSent(sent['value']))
    return void found.unkeyed.push({ reason: 'change_not_object', value: sent })
  const { value } = sent
  const metadata = value['metadata']
  const place: Place = {
    change: { entryId: textOf(entry['id']), field: textOf(sent['field']), value },
    phoneNumberId: (isSent(metadata) ? textOf(metadata['phone_number_id']) : undefined) ?? '',
    entry,
    sent,
    position: '',
  }
  const before = found.updates.length + found.unkeyed.length
  const { messages, statuses } = value
  if (messages !== undefined) takeList(found, takeMessage, { list: messages, place })
  if (statuses !== undefined) takeList(found, takeStatus, { list: statuses, place })
  for (const name of RARE_LISTS)
    if (value[name] !== undefined) takeList(found, RARE[name], { list: value[name], place, name })
  // Also when its lists are empty: no change is dropped in silence.
  if (found.updates.length + found.unkeyed.length === before) pushHashed(found, 'change', { item: value, place })
}

/** @param name - of a list whose items may need their place in the change as a part of their key */
function takeList(
  found: Found,
  take: Take,
  { list, place, name }: { list: unknown; place: Place; name?: string },
): void {
  if (!Array.isArray(list)) return void found.unkeyed.push({ reason: 'list_not_array', value: list })
  for (let at = 0; at < list.length; at += 1) {
    const item: unknown = list[at]
    if (isSent(item)) take(found, item, name === undefined ? place : { ...place, position: `:${name}:${at}` })
    else found.unkeyed.push({ reason: 'item_not_object', value: item })
  }
}

function takeMessage(found: Found, item: Sent, { change, phoneNumberId }: Place): void {
  const id = textOf(item['id'])
  if (id === undefined) return void found.unkeyed.push({ reason: 'no_id', value: item })
  const key = `m:${id}`
  const payload = item as WhatsAppMessage
  found.updates.push({
    kind: 'message',
    key,
    group: groupOf(phoneNumberId, item['from'] ?? item['from_user_id'], key),
    payload,
    at: timeOf(item),
    change,
  })
}

function takeStatus(found: Found, item: Sent, { change, phoneNumberId }: Place): void {
  const id = textOf(item['id'])
  const status = textOf(item['status'])
  if (id === undefined || status === undefined) return void found.unkeyed.push({ reason: 'no_id', value: item })
  // Sent, delivered and read share the message's id, and are three updates; in a group, each member reads for themselves.
  const member = textOf(item['recipient_participant_id']) ?? textOf(item['recipient_participant_user_id'])
  const key = member === undefined ? `s:${id}:${status}` : `s:${id}:${status}:${member}`
  const group = groupOf(phoneNumberId, item['recipient_id'] ?? item['recipient_user_id'], key)
  found.updates.push({ kind: 'status', key, group, payload: item as WhatsAppStatus, at: timeOf(item), change })
}

function takeCall(found: Found, item: Sent, place: Place): void {
  const id = textOf(item['id'])
  const event = textOf(item['event'])
  if (id === undefined || event === undefined) return pushHashed(found, 'call', { item, place })
  // Connecting and ending share the call's id; both belong to its conversation, in order.
  const { change } = place
  found.updates.push({
    kind: 'call',
    key: `c:${id}:${event}`,
    group: `c:${id}`,
    payload: item,
    at: timeOf(item),
    change,
  })
}

function takeEcho(found: Found, item: Sent, { change, phoneNumberId }: Place): void {
  const id = textOf(item['id'])
  if (id === undefined) return void found.unkeyed.push({ reason: 'no_id', value: item })
  const key = `e:${id}`
  found.updates.push({
    kind: 'echo',
    key,
    group: groupOf(phoneNumberId, item['to'], key),
    payload: item,
    at: timeOf(item),
    change,
  })
}

function takePreference(found: Found, item: Sent, place: Place): void {
  const who = textOf(item['wa_id']) ?? textOf(item['user_id'])
  const when = timeOf(item)
  if (who === undefined || when === undefined) return pushHashed(found, 'preference', { item, place })
  // One person may say the same to two of our numbers within a second.
  const key = `p:${JSON.stringify([place.phoneNumberId, who, item['category'], item['value'], when])}`
  const group = groupOf(place.phoneNumberId, who, key)
  found.updates.push({ kind: 'preference', key, group, payload: item, at: timeOf(item), change: place.change })
}

/** An update without an id of its own: keyed by a hash of the account, the time and the change, and its place in it. */
function pushHashed(
  found: Found,
  kind: 'error' | 'call' | 'preference' | 'change',
  { item, place }: { item: Sent; place: Place },
): void {
  const { change, entry } = place
  const group = `${change.entryId ?? ''}:${change.field ?? ''}`
  found.hashed.push({ at: found.updates.length, place })
  found.updates.push({ kind, key: '', group, payload: item, at: timeOf(item) ?? secondsToMs(entry['time']), change })
}

async function withHashes(found: Found): Promise<Found> {
  const updates = [...found.updates]
  const unkeyed = [...found.unkeyed]
  const hashes = new Map<WhatsAppChange, string | undefined>()
  for (const { at, place } of found.hashed) {
    const { change, position } = place
    if (!hashes.has(change)) hashes.set(change, await hashOf(place))
    const hash = hashes.get(change)
    const update = updates[at]
    if (update === undefined) continue
    if (hash === undefined) unkeyed.push({ reason: 'too_deep', value: update.payload })
    else updates[at] = { ...update, key: `h:${hash}${position}` }
  }
  return { ...found, updates: updates.filter(({ key }) => key !== ''), unkeyed }
}

/** The same event at another time, or of another account, is another event. */
async function hashOf({ entry, sent }: Place): Promise<string | undefined> {
  let text
  try {
    text = JSON.stringify([entry['id'], entry['time'], sent])
  } catch {
    // Nested deeper than the stack: parsed without recursion, but not written without it.
    return undefined
  }
  return sha256(text)
}

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function isSent(value: unknown): value is Sent {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** One conversation: our number and the person, who may have no phone number. Who is not named keeps no order. */
function groupOf(phoneNumberId: string, person: unknown, key: string): string {
  return typeof person === 'string' ? `${phoneNumberId}:${person}` : key
}

function timeOf(item: Sent): number | undefined {
  return secondsToMs(item['timestamp'])
}

function secondsToMs(seconds: unknown): number | undefined {
  const ms = typeof seconds === 'string' || typeof seconds === 'number' ? Number(seconds) * 1_000 : NaN
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}

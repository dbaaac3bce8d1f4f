/** A plain reading of what stands in a WhatsApp delivery, for tests to compare with. */

type Sent = Record<string, unknown>

/** One thing of a delivery. */
export interface Thing {
  /** As it was sent. */
  readonly value: unknown
  /** What `onUnkeyed` is given, when that is another one. */
  readonly told?: unknown
  /** Undefined when it has none, or one that is a hash. */
  readonly key?: string | undefined
}

interface Where {
  readonly scope: string
  readonly metadata: unknown
}

const isObject = (value: unknown): value is Sent => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const joined = (...parts: string[]): string =>
  parts.map((part) => part.replaceAll('%', '%25').replaceAll(':', '%3A')).join(':')

const KEYS: Readonly<Record<string, (item: Sent, where: Where) => string | undefined>> = {
  messages: ({ id }, { scope }) => (isText(id) && scope !== 'history' ? `m:${id}` : undefined),
  message_echoes: ({ id }, { scope }) => (isText(id) && scope !== 'history' ? `e:${id}` : undefined),
  calls: ({ id, event }) =>
    isText(id) && ['connect', 'terminate', 'call_created'].includes(event as string)
      ? `c:${joined(id, event as string)}`
      : undefined,
  statuses: keyOfStatus,
  user_preferences: keyOfPreference,
  errors: () => undefined,
  state_sync: () => undefined,
  groups: () => undefined,
  user_id_update: () => undefined,
  automatic_events: () => undefined,
}

/** Whether a key is made of a hash. */
export const isHashed = (key: string): boolean => /(?:^|:)[\da-f]{64}(?::\d+)?$/.test(key)

/** Everything in a body, in the order of the delivery; undefined when it is no delivery. */
export function thingsOf(body: unknown): Thing[] | undefined {
  if (!isObject(body) || !Array.isArray(body['entry'])) return undefined
  return listOf(body['entry']).flatMap((entry) =>
    isObject(entry) && Array.isArray(entry['changes'])
      ? listOf(entry['changes']).flatMap(thingsOfChange)
      : [{ value: entry }],
  )
}

function thingsOfChange(change: unknown): Thing[] {
  if (!isObject(change) || !isObject(change['value'])) return [{ value: change }]
  const { value, field } = change
  const scope = field === 'standby' ? 'standby' : field === 'history' || 'history' in value ? 'history' : ''
  const where = { scope, metadata: value['metadata'] }
  const things = thingsOfHolder(value, where)
  const { standby } = value
  const heard = isObject(standby) ? thingsOfHolder(standby, { ...where, scope: 'standby' }) : []
  if ('standby' in value && !isObject(standby)) heard.push({ value: standby })
  const all = [...things, ...heard]
  const unknown =
    holdsUnknown(value, ['history', 'contacts', 'standby']) ||
    (isObject(standby) && holdsUnknown(standby, ['history', 'contacts']))
  return all.length === 0 || unknown ? [...all, { value, told: change }] : all
}

const isDetail = (holder: Sent, name: string): boolean => name === 'errors' && isText(holder['event'])
const isList = (holder: Sent, name: string): boolean => Object.hasOwn(KEYS, name) && !isDetail(holder, name)
const holdsUnknown = (holder: Sent, known: readonly string[]): boolean =>
  Object.entries(holder).some(
    ([name, list]) => !isList(holder, name) && !known.includes(name) && listOf(list).length > 0,
  )

function thingsOfHolder(holder: Sent, where: Where): Thing[] {
  return Object.entries(holder).flatMap(([name, list]) => {
    if (name === 'history') return itemsOf(list, thingsOfChunk)
    if (!isList(holder, name)) return []
    const prefix = where.scope === '' ? '' : `${where.scope}:`
    return itemsOf(list, (item) => {
      const key = KEYS[name]?.(item, where)
      return [{ value: item, key: key === undefined ? undefined : `${prefix}${key}` }]
    })
  })
}

function itemsOf(list: unknown, each: (item: Sent) => Thing[]): Thing[] {
  if (!Array.isArray(list)) return [{ value: list }]
  return list.flatMap((item: unknown) => (isObject(item) ? each(item) : [{ value: item }]))
}

function thingsOfChunk(chunk: Sent): Thing[] {
  const things = [
    ...('threads' in chunk ? itemsOf(chunk['threads'], thingsOfThread) : []),
    ...('errors' in chunk ? itemsOf(chunk['errors'], (error) => [{ value: error }]) : []),
  ]
  return things.length === 0 ? [{ value: chunk }] : things
}

function thingsOfThread(thread: Sent): Thing[] {
  const things =
    'messages' in thread ? itemsOf(thread['messages'], (item) => [{ value: item, key: keyOfOld(item) }]) : []
  return things.length === 0 ? [{ value: thread }] : things
}

function keyOfOld({ id, type, history_context: context }: Sent): string | undefined {
  const status = isObject(context) ? context['status'] : undefined
  return isText(id) && isText(type) && isText(status) ? `history:t:${joined(id, type, status)}` : undefined
}

function keyOfStatus(item: Sent): string | undefined {
  const { id, status, type, recipient_type: kind, recipient_id: to } = item
  const once = ['sent', 'delivered', 'read', 'played', 'RINGING', 'ACCEPTED', 'REJECTED'].includes(status as string)
  const plain = [undefined, 'message', 'call'].includes(type as string) && !('errors' in item) && !('payment' in item)
  if (!isText(id) || !once || !plain) return undefined
  const members = ['id', 'user_id', 'parent_user_id'].flatMap((name) => [
    item[`recipient_participant_${name}`],
    item[`participant_recipient_${name}`],
  ])
  const member = members.find(isText)
  if (member !== undefined) return `s:${joined(id, status as string, member)}`
  const personal = Object.keys(item).every((name) => !name.includes('participant'))
  const toOne =
    [undefined, 'individual'].includes(kind as string) && (to === undefined || (isText(to) && /^\d+$/.test(to)))
  return personal && toOne ? `s:${joined(id, status as string)}` : undefined
}

function keyOfPreference(item: Sent, { metadata }: Where): string | undefined {
  const who = [item['wa_id'], item['user_id'], item['parent_user_id']].find(isText)
  const { category, value, timestamp } = item
  const ms = ['string', 'number'].includes(typeof timestamp) ? Number(timestamp) * 1_000 : 0
  const number = isObject(metadata) && isText(metadata['phone_number_id']) ? metadata['phone_number_id'] : ''
  const named = isText(category) && isText(value) && (number !== '' || metadata === undefined)
  if (who === undefined || !(ms > 0 && ms < Infinity) || !named) return undefined
  return `p:${JSON.stringify([number, who, category, value, ms])}`
}

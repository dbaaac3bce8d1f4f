import { isSent, part, textOf } from './whatsapp-fields.ts'
import type { Found, Place } from './whatsapp-found.ts'
import type { Take } from './whatsapp-items.ts'
import { CONTACT, RECEIVER, SENDER } from './whatsapp-people.ts'
import type { Sent } from './whatsapp-types.ts'

/** Takes every item of a list. */
export type TakeList = (found: Found, list: unknown, each: (item: Sent) => void) => void

/**
 * A chunk of the messages that a business had before it came to the platform: `history[].threads[].messages[]`, or why it
 * does not share them. A chunk or a thread that holds none of them says only how far the history has come.
 */
export function takeChunk(
  found: Found,
  chunk: Sent,
  using: { place: Place; takeList: TakeList; takeError: Take },
): void {
  const { takeList, takeError } = using
  const place = { ...using.place, holder: chunk }
  const before = found.count
  const { threads, errors } = chunk
  if (threads !== undefined) takeList(found, threads, (thread) => takeThread(found, thread, { place, takeList }))
  if (errors !== undefined) takeList(found, errors, (error) => takeError(found, error, place))
  if (found.count === before) found.pushNameless('history', { item: chunk, place })
}

function takeThread(found: Found, thread: Sent, { place, takeList }: { place: Place; takeList: TakeList }): void {
  const { context, messages, id } = thread
  const known = isSent(context) ? found.people.oneOf(context, CONTACT) : undefined
  const phone = textOf(id)
  if (known !== undefined && phone !== undefined) found.people.same(known, phone)
  const before = found.count
  if (messages !== undefined)
    takeList(found, messages, (message) => takeOldMessage(found, message, { place, person: phone ?? known }))
  if (found.count === before) found.pushNameless('history', { item: thread, place, person: phone ?? known })
}

function takeOldMessage(
  found: Found,
  item: Sent,
  { place, person }: { place: Place; person: string | undefined },
): void {
  const id = textOf(item['id'])
  if (id === undefined) return found.refuse('no_id', item)
  // Who wrote it may be we ourselves; only who receives it cannot be.
  const other = person ?? found.people.oneOf(item, RECEIVER) ?? found.people.oneOf(item, SENDER)
  const taken = { item, place, person: textOf(item['group_id']) ?? other }
  const context = item['history_context']
  const type = textOf(item['type'])
  const status = isSent(context) ? textOf(context['status']) : undefined
  const key = `history:t:${part(id)}`
  // The history may be sent again, when a message has come further or its file has come.
  if (type === undefined || status === undefined) found.pushWhole('history', key, taken)
  else found.push('history', `${key}:${part(type)}:${part(status)}`, taken)
}

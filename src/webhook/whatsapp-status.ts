import { part, textOf } from './whatsapp-fields.ts'
import { isPhone } from './whatsapp-people.ts'
import type { Sent } from './whatsapp-types.ts'

/** What a message or a call becomes once for each who receives it. Whatever else happens may happen several times. */
const ONCE: ReadonlySet<string> = new Set(['sent', 'delivered', 'read', 'played', 'RINGING', 'ACCEPTED', 'REJECTED'])

/** How the member of a group is named that a status is about; Meta's pages spell it both ways. */
const MEMBER = [
  ...['recipient_participant_id', 'participant_recipient_id'],
  ...['recipient_participant_user_id', 'participant_recipient_user_id'],
  ...['recipient_participant_parent_user_id', 'participant_recipient_parent_user_id'],
] as const

/**
 * The key of a status: its id, which all statuses of a message share, what it says, and in a group the member. What has
 * another shape (a payment, a failure, a group without a member) is not whole: what tells two of them apart is not known.
 */
export function statusKey(item: Sent, id: string, status: string): { readonly key: string; readonly whole: boolean } {
  const key = `s:${part(id)}:${part(status)}`
  if (!ONCE.has(status) || !isPlain(item)) return { key, whole: false }
  const member = memberOf(item)
  if (member === undefined) return { key, whole: false }
  return { key: member === '' ? key : `${key}:${part(member)}`, whole: true }
}

export function isOfGroup(item: Sent): boolean {
  const type = item['recipient_type']
  return type !== undefined && type !== 'individual'
}

function isPlain(item: Sent): boolean {
  const { type } = item
  if (type !== undefined && type !== 'message' && type !== 'call') return false
  return item['errors'] === undefined && item['payment'] === undefined
}

/** Empty when the status is about a message to one person; undefined when it is about a member who is not known. */
function memberOf(item: Sent): string | undefined {
  // One look at the names that there are is cheaper than one for each name that there may be.
  for (const name in item) if (name.includes('participant')) return memberBy(item, name)
  const recipient = item['recipient_id']
  const isPerson = recipient === undefined || (typeof recipient === 'string' && isPhone(recipient))
  return isPerson && !isOfGroup(item) ? '' : undefined
}

/** @param name - the first name of a member, which may be one that is not known yet */
function memberBy(item: Sent, name: string): string | undefined {
  for (const known of MEMBER) {
    const member = textOf(item[known])
    if (member !== undefined) return member
  }
  return textOf(item[name])
}

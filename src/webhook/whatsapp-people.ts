import { textOf } from './whatsapp-fields.ts'
import type { Sent } from './whatsapp-types.ts'

/** The names of a person in one kind of object: the phone number, the id for this business, the id of its portfolio. */
type Names = readonly string[]

export const SENDER: Names = ['from', 'from_user_id', 'from_parent_user_id']
export const RECEIVER: Names = ['to', 'to_user_id', 'to_parent_user_id']
// Meta's pages spell the last one both ways.
export const RECIPIENT: Names = [
  'recipient_id',
  'recipient_user_id',
  'recipient_parent_user_id',
  'parent_recipient_user_id',
]
export const CONTACT: Names = ['wa_id', 'user_id', 'parent_user_id']
export const ADDRESS: Names = ['phone_number', 'user_id', 'parent_user_id']
/** What a system message says of a person who has another number now. */
export const MOVED: Names = [
  ...['wa_id', 'new_wa_id', 'user_id', 'parent_user_id'],
  ...['previous_user_id', 'previous_parent_user_id'],
]

const PHONE = /^\d+$/

export function isPhone(text: string): boolean {
  return PHONE.test(text)
}

/**
 * Which ids of a delivery are one person: they stood in one object. A union-find; the name of a person is a phone number
 * where one is known, else the first id in the alphabet, so that it does not depend on the order of the delivery.
 */
export class People {
  /** Made when two ids are found to be one person's: most deliveries of one message have none. */
  #nearer: Map<string, string> | undefined

  /** Whether each id is still a person of its own. */
  get apart(): boolean {
    return this.#nearer === undefined
  }

  /** The first of a person's ids that an object names; all that it names are one person. */
  oneOf(sent: Sent, names: Names): string | undefined {
    let first: string | undefined
    for (const name of names) {
      const id = textOf(sent[name])
      if (id === undefined) continue
      if (first === undefined) first = id
      else this.same(first, id)
    }
    return first
  }

  same(one: string, other: string): void {
    const a = this.nameOf(one)
    const b = this.nameOf(other)
    if (a === b) return
    this.#nearer ??= new Map()
    if (isBetter(a, b)) this.#nearer.set(b, a)
    else this.#nearer.set(a, b)
  }

  nameOf(id: string): string {
    const nearer = this.#nearer
    let at = id
    let next = nearer?.get(at)
    while (nearer !== undefined && next !== undefined) {
      const after = nearer.get(next)
      // Halves the way of everyone who comes by, else a long chain of renamed persons takes its square in time.
      if (after !== undefined) nearer.set(at, after)
      at = next
      next = after
    }
    return at
  }
}

function isBetter(a: string, b: string): boolean {
  const phone = isPhone(a)
  return phone === isPhone(b) ? a < b : phone
}

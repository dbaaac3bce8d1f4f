import type { SplitDelivery, UnkeyedChange } from './provider.ts'
import { secondsToMs, timeOf, written } from './whatsapp-fields.ts'
import { hashAll, type Hashable } from './whatsapp-hash.ts'
import { People } from './whatsapp-people.ts'
import type { Sent, WhatsAppChange, WhatsAppKeyedUpdate } from './whatsapp-types.ts'

/** Where the lists of updates stand that are being taken apart. */
export interface Place {
  readonly change: WhatsAppChange
  readonly entry: Sent
  /** The change as it was sent. */
  readonly sent: Sent
  readonly phoneNumberId: string
  /** Copies for who only listens, and old messages, are no messages of now: their kinds and keys are others. */
  readonly scope: '' | 'standby' | 'history'
  /** The object that holds the lists: the change's value, or what stands in it as `standby`, or a chunk of `history`. */
  readonly holder: Sent
}

/** One item of a list. */
export interface Taken {
  readonly item: Sent
  readonly place: Place
  /** With whom it is spoken: a person, or a group chat. */
  readonly person?: string | undefined
  /** Its group when nobody is named; its own key when that is not given either. */
  readonly group?: string | undefined
  /** When it happened, if it does not say so in its `timestamp`. */
  readonly at?: number | undefined
}

interface More {
  /** What stands beside it and is a part of it, as text. */
  readonly beside?: string
  /** Whether what stands beside it names it as well as a time would. */
  readonly named?: boolean
  /** What is hashed. @defaultValue the item */
  readonly itself?: unknown
  /** What is told when it cannot be keyed. @defaultValue the item */
  readonly told?: unknown
}

/** What stands beside the errors of one object. */
export interface Beside {
  /** Undefined when it is nested too deep. */
  readonly text: string | undefined
  readonly named: boolean
}

type Draft = { -readonly [Field in keyof WhatsAppKeyedUpdate]: WhatsAppKeyedUpdate[Field] }
type Kind = WhatsAppKeyedUpdate['kind']

/** What is gathered while a delivery is taken apart. */
export class Found {
  readonly unkeyed: UnkeyedChange[] = []
  readonly people: People = new People()
  /** Looked at once for each list of errors, not for each error. */
  readonly besides: Map<Sent, Beside> = new Map()
  readonly #drafts: Draft[] = []
  /** The person of each draft, and our number. */
  readonly #persons: (string | undefined)[] = []
  readonly #numbers: string[] = []
  readonly #hashables: (Hashable & { readonly draft: Draft; readonly prefix: string })[] = []

  get count(): number {
    return this.#drafts.length + this.unkeyed.length
  }

  /** An update that names itself. */
  push(kind: Kind, key: string, { item, place, person, group = key, at }: Taken): void {
    this.#drafts.push({
      kind,
      key,
      group: person === undefined ? group : `${place.phoneNumberId}:${person}`,
      payload: item,
      at: at ?? timeOf(item),
      change: place.change,
    })
    this.#persons.push(person)
    this.#numbers.push(place.phoneNumberId)
  }

  /** An update whose id others share, and of which nobody knows what tells it from them: all of it becomes its key. */
  pushWhole(kind: Kind, prefix: string, taken: Taken): void {
    const text = written(taken.item)
    if (text === undefined) return this.refuse('too_deep', taken.item)
    this.#pushHashed(kind, taken, { text, prefix: `${prefix}:`, counted: undefined })
  }

  /**
   * An update without an id: keyed by a hash of the account, the time and itself. What has no time either cannot be told
   * from the next of its kind.
   *
   * @param more - how it differs from the item
   */
  pushNameless(kind: Kind, taken: Taken, more: More = {}): void {
    const { item, place } = taken
    const { entry, sent, change, scope } = place
    const own = taken.at ?? timeOf(item)
    const at = own ?? secondsToMs(entry['time'])
    const { itself = item, told = item } = more
    if (at === undefined && more.named !== true) return this.refuse('no_id_or_time', told)
    // The time of the entry is left out when the item has its own, so that the key does not change with the batch.
    const when = own === undefined ? entry['time'] : undefined
    const text = written([entry['id'], when, sent['field'], scope, change.value['metadata'], kind, itself])
    if (text === undefined) return this.refuse('too_deep', told)
    const group = taken.group ?? `${change.entryId ?? ''}:${change.field ?? ''}`
    this.#pushHashed(kind, { ...taken, at, group }, { text, prefix: 'h:', counted: change, beside: more.beside })
  }

  refuse(reason: string, value: unknown): void {
    this.unkeyed.push({ reason, value })
  }

  finish(): SplitDelivery<WhatsAppKeyedUpdate> | Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
    return this.#hashables.length === 0 ? this.#finished() : this.#hashed()
  }

  #pushHashed(kind: Kind, taken: Taken, hashable: Hashable & { readonly prefix: string }): void {
    this.push(kind, '', taken)
    const draft = this.#drafts.at(-1)
    if (draft !== undefined) this.#hashables.push({ ...hashable, draft })
  }

  async #hashed(): Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
    const hashes = await hashAll(this.#hashables)
    for (const [at, { draft, prefix }] of this.#hashables.entries()) {
      draft.key = `${prefix}${hashes[at] ?? ''}`
      if (draft.group === '') draft.group = draft.key
    }
    return this.#finished()
  }

  #finished(): SplitDelivery<WhatsAppKeyedUpdate> {
    if (!this.people.apart) this.#rename()
    return { updates: this.#drafts as WhatsAppKeyedUpdate[], unkeyed: this.unkeyed }
  }

  /** Who is known by several ids is one person only when the whole delivery was seen. */
  #rename(): void {
    for (const [at, draft] of this.#drafts.entries()) {
      const person = this.#persons[at]
      if (person === undefined) continue
      const name = this.people.nameOf(person)
      if (name !== person) draft.group = `${this.#numbers[at] ?? ''}:${name}`
    }
  }
}

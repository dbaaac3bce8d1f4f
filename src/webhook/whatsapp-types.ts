import type { UnkeyedUpdate, Update } from './provider.ts'

/** An object as it was sent: the fields that are named here are not checked further than their type says. */
export type Sent = Readonly<Record<string, unknown>>

/** A message that a person sent. See Meta's reference of the `messages` webhook for the fields of each type. */
export interface WhatsAppMessage extends Sent {
  readonly id: string
  readonly from?: string
  /** Unix seconds, as a string. */
  readonly timestamp?: string
  readonly type?: string
  readonly text?: { readonly body: string }
}

/** What became of a message that the business sent. */
export interface WhatsAppStatus extends Sent {
  readonly id: string
  readonly status: string
  readonly recipient_id?: string
  readonly timestamp?: string
}

/** One of the `changes` of a delivery: where an update was found, with the metadata and contacts beside it. */
export interface WhatsAppChange {
  /** The WhatsApp business account. */
  readonly entryId: string | undefined
  readonly field: string | undefined
  readonly value: Sent
}

/** A WhatsApp update of one kind, with what was sent and the change it stood in. */
export interface WhatsAppUpdateOf<Kind extends string, Payload> extends Update {
  readonly kind: Kind
  readonly payload: Payload
  readonly change: WhatsAppChange
}

/**
 * One update of a WhatsApp delivery, as it is found there.
 *
 * - `message`, `status`, `echo`, `call`, `preference`, `error`: an item of `messages[]`, `statuses[]`, `message_echoes[]`,
 *   `calls[]`, `user_preferences[]`, `errors[]`.
 * - `standby_message`, `standby_status`, `standby_echo`: a copy for an app that listens to a conversation which another one
 *   leads. It must not be answered; when the conversation is handed over, what was a copy does not come again as a message.
 * - `history`: a message of before the business came to the platform, and what was said of it; also a chunk or a thread
 *   without messages.
 * - `state_sync`, `group_update`, `user_id_update`, `automatic_event`: an item of the list of that name (of `groups[]`,
 *   `automatic_events[]`).
 * - `change`: everything without a list of its own, such as `account_update` or `message_template_status_update`, and
 *   lists that are not known; its payload is the change's value.
 */
export type WhatsAppKeyedUpdate =
  | WhatsAppUpdateOf<'message', WhatsAppMessage>
  | WhatsAppUpdateOf<'status', WhatsAppStatus>
  | WhatsAppUpdateOf<'call', Sent>
  | WhatsAppUpdateOf<'echo', Sent>
  | WhatsAppUpdateOf<'standby_message', WhatsAppMessage>
  | WhatsAppUpdateOf<'standby_status', WhatsAppStatus>
  | WhatsAppUpdateOf<'standby_echo', Sent>
  | WhatsAppUpdateOf<'preference', Sent>
  | WhatsAppUpdateOf<'error', Sent>
  | WhatsAppUpdateOf<'history', Sent>
  | WhatsAppUpdateOf<'state_sync', Sent>
  | WhatsAppUpdateOf<'group_update', Sent>
  | WhatsAppUpdateOf<'user_id_update', Sent>
  | WhatsAppUpdateOf<'automatic_event', Sent>
  | WhatsAppUpdateOf<'change', Sent>

/** What a handler gets: one update of a delivery, or, where there is no `onUnkeyed`, something that no key can be made for. */
export type WhatsAppUpdate = WhatsAppKeyedUpdate | UnkeyedUpdate

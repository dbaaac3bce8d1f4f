import * as z from 'zod/mini'
import { whatsappError, whatsappMessage } from './whatsapp-message.ts'
import type { WhatsAppError, WhatsAppMessage, WhatsAppObject } from './whatsapp-message.ts'

/** One step of a message that the business sent: sent, delivered, read, played, failed, and what may come. */
export interface WhatsAppStatus extends WhatsAppObject {
  /** The message's id; all of its statuses share it. */
  readonly id: string
  readonly status: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  readonly recipient_id?: string | undefined
  readonly errors?: readonly WhatsAppError[] | undefined
}

/** Who a message or status is about. */
export interface WhatsAppContact extends WhatsAppObject {
  readonly wa_id?: string | undefined
  readonly profile?: (WhatsAppObject & { readonly name?: string | undefined }) | undefined
}

/** How often a flow failed in one way, as an alert about the flow reports it. */
export interface WhatsAppFlowError extends WhatsAppObject {
  readonly error_type: string
  readonly error_rate?: number | undefined
  readonly error_count?: number | undefined
}

/** What changed. The change `messages` fills these fields; others (`account_update`, ...) bring fields of their own. */
export interface WhatsAppValue extends WhatsAppObject {
  readonly messaging_product?: string | undefined
  readonly metadata?:
    | (WhatsAppObject & {
        readonly display_phone_number?: string | undefined
        readonly phone_number_id?: string | undefined
      })
    | undefined
  readonly contacts?: readonly WhatsAppContact[] | undefined
  readonly messages?: readonly WhatsAppMessage[] | undefined
  readonly statuses?: readonly WhatsAppStatus[] | undefined
  /** Of the change `flows` they are counts of errors. */
  readonly errors?: readonly WhatsAppError[] | readonly WhatsAppFlowError[] | undefined
}

/** One event; `field` names what the app subscribed to, such as `messages`, and with it the form of `value`. */
export interface WhatsAppChange extends WhatsAppObject {
  readonly field: string
  readonly value: WhatsAppValue
}

/** The changes of one business account; a delivery may hold several of them. */
export interface WhatsAppEntry extends WhatsAppObject {
  /** The id of the WhatsApp Business Account. */
  readonly id: string
  readonly changes: readonly WhatsAppChange[]
}

/** The body of one delivery of the WhatsApp Cloud API. */
export interface WhatsAppEnvelope extends WhatsAppObject {
  readonly object: 'whatsapp_business_account'
  readonly entry: readonly WhatsAppEntry[]
}

const text = z.optional(z.string())

/** @see {@link WhatsAppStatus} */
export const whatsappStatus: z.ZodMiniType<WhatsAppStatus> = z.looseObject({
  id: z.string(),
  status: z.string(),
  timestamp: z.string(),
  recipient_id: text,
  errors: z.optional(z.array(whatsappError)),
})

const contact = z.looseObject({ wa_id: text, profile: z.optional(z.looseObject({ name: text })) })

const count = z.optional(z.number())
const flowError = z.looseObject({ error_type: z.string(), error_rate: count, error_count: count })

const value = z.looseObject({
  messaging_product: text,
  metadata: z.optional(z.looseObject({ display_phone_number: text, phone_number_id: text })),
  contacts: z.optional(z.array(contact)),
  messages: z.optional(z.array(whatsappMessage)),
  statuses: z.optional(z.array(whatsappStatus)),
  errors: z.optional(z.union([z.array(whatsappError), z.array(flowError)])),
})

const entry = z.looseObject({
  id: z.string(),
  changes: z.array(z.looseObject({ field: z.string(), value })),
})

/**
 * The body of one delivery of the WhatsApp Cloud API: loose, so that fields which the provider adds pass unchanged, and
 * any Standard Schema consumer can use it. It costs about as much as `JSON.parse` of the same body; the webhook room does
 * without it.
 *
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
 */
export const whatsappEnvelope: z.ZodMiniType<WhatsAppEnvelope> = z.looseObject({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(entry),
})

import * as z from 'zod/mini'
import { whatsappError, whatsappMessage, type WhatsappError, type WhatsappMessage } from './whatsapp-message.ts'

interface Loose {
  readonly [field: string]: unknown
}

/** One step of a message that the business sent: sent, delivered, read, played, failed, and what may come. */
export interface WhatsappStatus extends Loose {
  /** The message's id; all of its statuses share it. */
  readonly id: string
  readonly status: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  readonly recipient_id?: string | undefined
  readonly errors?: readonly WhatsappError[] | undefined
}

/** Who a message or status is about. */
export interface WhatsappContact extends Loose {
  readonly wa_id?: string | undefined
  readonly profile?: (Loose & { readonly name?: string | undefined }) | undefined
}

/** What changed. The change `messages` fills these fields; others (`account_update`, ...) bring fields of their own. */
export interface WhatsappValue extends Loose {
  readonly messaging_product?: string | undefined
  readonly metadata?:
    | (Loose & { readonly display_phone_number?: string | undefined; readonly phone_number_id?: string | undefined })
    | undefined
  readonly contacts?: readonly WhatsappContact[] | undefined
  readonly messages?: readonly WhatsappMessage[] | undefined
  readonly statuses?: readonly WhatsappStatus[] | undefined
  readonly errors?: readonly WhatsappError[] | undefined
}

export interface WhatsappChange extends Loose {
  readonly field: string
  readonly value: WhatsappValue
}

export interface WhatsappEntry extends Loose {
  /** The id of the WhatsApp Business Account. */
  readonly id: string
  readonly changes: readonly WhatsappChange[]
}

/** The body of one delivery of the WhatsApp Cloud API. */
export interface WhatsappEnvelope extends Loose {
  readonly object: 'whatsapp_business_account'
  readonly entry: readonly WhatsappEntry[]
}

const text = z.optional(z.string())

/** @see {@link WhatsappStatus} */
export const whatsappStatus: z.ZodMiniType<WhatsappStatus> = z.looseObject({
  id: z.string(),
  status: z.string(),
  timestamp: z.string(),
  recipient_id: text,
  errors: z.optional(z.array(whatsappError)),
})

const contact = z.looseObject({ wa_id: text, profile: z.optional(z.looseObject({ name: text })) })

const value = z.looseObject({
  messaging_product: text,
  metadata: z.optional(z.looseObject({ display_phone_number: text, phone_number_id: text })),
  contacts: z.optional(z.array(contact)),
  messages: z.optional(z.array(whatsappMessage)),
  statuses: z.optional(z.array(whatsappStatus)),
  errors: z.optional(z.array(whatsappError)),
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
export const whatsappEnvelope: z.ZodMiniType<WhatsappEnvelope> = z.looseObject({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(entry),
})

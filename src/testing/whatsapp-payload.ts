/** One message as the provider sends it; its content stands in the field that `type` names. */
export interface WhatsAppTestMessage {
  readonly id: string
  /** The sender's phone number, digits only. */
  readonly from: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  /** Names the field that holds the content. */
  readonly type: string
  readonly [content: string]: unknown
}

/** One step of a message that the business sent, as the provider reports it. */
export interface WhatsAppTestStatus {
  /** The id of the message that the business sent; all of its statuses share it. */
  readonly id: string
  readonly status: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  readonly recipient_id: string
  readonly [field: string]: unknown
}

/** The content of one change: messages with their senders, or statuses, never both. */
export interface WhatsAppTestValue {
  readonly messaging_product: 'whatsapp'
  readonly metadata: { readonly display_phone_number: string; readonly phone_number_id: string }
  readonly contacts?: readonly { readonly profile: { readonly name: string }; readonly wa_id: string }[]
  readonly messages?: readonly WhatsAppTestMessage[]
  readonly statuses?: readonly WhatsAppTestStatus[]
}

/** The body of a delivery before it is written as JSON. */
export interface WhatsAppTestPayload {
  readonly object: 'whatsapp_business_account'
  readonly entry: readonly {
    readonly id: string
    readonly changes: readonly { readonly field: 'messages'; readonly value: WhatsAppTestValue }[]
  }[]
}

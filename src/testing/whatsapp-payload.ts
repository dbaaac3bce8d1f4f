/** What the provider sends, as far as the tests' deliveries use it; further fields are allowed everywhere. */

export interface WhatsappTestMessage {
  readonly id: string
  /** The sender's phone number, digits only. */
  readonly from: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  /** Names the field that holds the content. */
  readonly type: string
  readonly [content: string]: unknown
}

export interface WhatsappTestStatus {
  /** The id of the message that the business sent; all of its statuses share it. */
  readonly id: string
  readonly status: string
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  readonly recipient_id: string
  readonly [field: string]: unknown
}

export interface WhatsappTestValue {
  readonly messaging_product: 'whatsapp'
  readonly metadata: { readonly display_phone_number: string; readonly phone_number_id: string }
  readonly contacts?: readonly { readonly profile: { readonly name: string }; readonly wa_id: string }[]
  readonly messages?: readonly WhatsappTestMessage[]
  readonly statuses?: readonly WhatsappTestStatus[]
}

export interface WhatsappTestPayload {
  readonly object: 'whatsapp_business_account'
  readonly entry: readonly {
    readonly id: string
    readonly changes: readonly { readonly field: 'messages'; readonly value: WhatsappTestValue }[]
  }[]
}

import * as z from 'zod/mini'

/** An object of the provider: what it holds beyond the fields named here is kept as it is. */
export interface WhatsAppObject {
  readonly [field: string]: unknown
}

/** An error as WhatsApp reports it: of a message it could not deliver, or of the whole number. */
export interface WhatsAppError extends WhatsAppObject {
  readonly code: number
  readonly title?: string | undefined
  readonly message?: string | undefined
  readonly href?: string | undefined
  readonly error_data?: (WhatsAppObject & { readonly details?: string | undefined }) | undefined
}

/** An image, video, audio, document or sticker; `id` is what the media endpoint wants. */
export interface WhatsAppMedia extends WhatsAppObject {
  readonly id?: string | undefined
  readonly mime_type?: string | undefined
  readonly sha256?: string | undefined
  readonly caption?: string | undefined
  readonly filename?: string | undefined
  readonly url?: string | undefined
}

/** A button or a list row that the user chose. */
export interface WhatsAppReply extends WhatsAppObject {
  readonly id: string
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/** What the user answered to an interactive message. */
export interface WhatsAppInteractive extends WhatsAppObject {
  readonly type?: string | undefined
  readonly button_reply?: WhatsAppReply | undefined
  readonly list_reply?: WhatsAppReply | undefined
}

/** A place that the user sent, in degrees; `name` and `address` only when it is a known place. */
export interface WhatsAppLocation extends WhatsAppObject {
  readonly latitude: number
  readonly longitude: number
  readonly name?: string | undefined
  readonly address?: string | undefined
}

/** The message that this one answers or forwards. */
export interface WhatsAppContext extends WhatsAppObject {
  readonly from?: string | undefined
  readonly id?: string | undefined
  readonly forwarded?: boolean | undefined
  readonly frequently_forwarded?: boolean | undefined
}

/** One message; `type` names the field that holds its content. */
export interface WhatsAppMessage extends WhatsAppObject {
  /** Opaque; contains the sender's phone number. */
  readonly id: string
  /** The sender's phone number in digits; absent when the user hides it. */
  readonly from?: string | undefined
  /** Epoch seconds, in digits. */
  readonly timestamp: string
  readonly type: string
  readonly text?: (WhatsAppObject & { readonly body: string }) | undefined
  readonly image?: WhatsAppMedia | undefined
  readonly video?: WhatsAppMedia | undefined
  readonly audio?: WhatsAppMedia | undefined
  readonly document?: WhatsAppMedia | undefined
  readonly sticker?: WhatsAppMedia | undefined
  readonly location?: WhatsAppLocation | undefined
  /** Without `emoji` (or with an empty one) the reaction was taken back. */
  readonly reaction?:
    (WhatsAppObject & { readonly message_id: string; readonly emoji?: string | undefined }) | undefined
  readonly button?:
    (WhatsAppObject & { readonly payload?: string | undefined; readonly text?: string | undefined }) | undefined
  readonly interactive?: WhatsAppInteractive | undefined
  readonly context?: WhatsAppContext | undefined
  readonly errors?: readonly WhatsAppError[] | undefined
}

const text = z.optional(z.string())
const flag = z.optional(z.boolean())

/** @see {@link WhatsAppError} */
export const whatsappError: z.ZodMiniType<WhatsAppError> = z.looseObject({
  code: z.number(),
  title: text,
  message: text,
  href: text,
  error_data: z.optional(z.looseObject({ details: text })),
})

const media = z.optional(
  z.looseObject({ id: text, mime_type: text, sha256: text, caption: text, filename: text, url: text }),
)
const reply = z.optional(z.looseObject({ id: z.string(), title: text, description: text }))

/** @see {@link WhatsAppMessage} */
export const whatsappMessage: z.ZodMiniType<WhatsAppMessage> = z.looseObject({
  id: z.string(),
  from: text,
  timestamp: z.string(),
  type: z.string(),
  text: z.optional(z.looseObject({ body: z.string() })),
  image: media,
  video: media,
  audio: media,
  document: media,
  sticker: media,
  location: z.optional(z.looseObject({ latitude: z.number(), longitude: z.number(), name: text, address: text })),
  reaction: z.optional(z.looseObject({ message_id: z.string(), emoji: text })),
  button: z.optional(z.looseObject({ payload: text, text })),
  interactive: z.optional(z.looseObject({ type: text, button_reply: reply, list_reply: reply })),
  context: z.optional(z.looseObject({ from: text, id: text, forwarded: flag, frequently_forwarded: flag })),
  errors: z.optional(z.array(whatsappError)),
})

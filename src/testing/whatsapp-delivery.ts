import { knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type {
  WhatsAppTestMessage,
  WhatsAppTestPayload,
  WhatsAppTestStatus,
  WhatsAppTestValue,
} from './whatsapp-payload.ts'
import { whatsappMessage, whatsappStatus } from './whatsapp-updates.ts'
import type { WhatsAppMessageOptions, WhatsAppStatusOptions } from './whatsapp-updates.ts'

/** The number of the business, by the id that WhatsApp gives it and not by its digits. */
export interface WhatsAppNumber {
  /** Which number of the business it was sent to. @defaultValue `106540352242922` */
  readonly phoneNumberId?: string
}

/** A delivery of one text message. */
export type WhatsAppTextOptions = WhatsAppMessageOptions & WhatsAppNumber

/** A delivery of several updates; each one as options, or complete as it shall stand in the delivery. */
export interface WhatsAppBatchOptions extends WhatsAppNumber {
  readonly messages?: readonly (WhatsAppMessageOptions | WhatsAppTestMessage)[]
  readonly statuses?: readonly (WhatsAppStatusOptions | WhatsAppTestStatus)[]
}

/** A delivery ready to be signed and sent, and what a test compares the outcome with. */
export interface WhatsAppDelivery {
  /** What to sign and send: the payload as JSON. */
  readonly body: string
  readonly payload: WhatsAppTestPayload
  /** The ids of all updates, in order: messages, then statuses. */
  readonly ids: readonly string[]
}

/**
 * Makes a delivery as the WhatsApp Cloud API sends it: one text message, or a batch of messages and statuses. Every message
 * that is given no id gets a new one; send the same delivery twice for a resend.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function whatsappDelivery(options: WhatsAppTextOptions | WhatsAppBatchOptions): WhatsAppDelivery {
  if (Object(options) !== options) throw new OptionError('options must be an object')
  const { phoneNumberId = '106540352242922', ...updates } = options
  const { messages, statuses } = updatesOf(updates)
  const common = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
  } as const
  // The provider never mixes messages and statuses in one change.
  const values: WhatsAppTestValue[] = []
  if (messages.length > 0) values.push({ ...common, contacts: contactsOf(messages), messages })
  if (statuses.length > 0) values.push({ ...common, statuses })
  const changes = values.map((value) => ({ field: 'messages', value }) as const)
  const payload: WhatsAppTestPayload = {
    object: 'whatsapp_business_account',
    entry: [{ id: '102290129340398', changes }],
  }
  return { body: JSON.stringify(payload), payload, ids: [...messages, ...statuses].map(({ id }) => id) }
}

interface Updates {
  readonly messages: readonly WhatsAppTestMessage[]
  readonly statuses: readonly WhatsAppTestStatus[]
}

function updatesOf(options: WhatsAppTextOptions | WhatsAppBatchOptions): Updates {
  if ('text' in options) return { messages: [whatsappMessage(options)], statuses: [] }
  knownOptions(options, 'messages', 'statuses', 'phoneNumberId')
  const { messages = [], statuses = [] } = options
  isList('messages', messages)
  isList('statuses', statuses)
  return {
    messages: messages.map((message) => (isMessage(message) ? message : whatsappMessage(message))),
    statuses: statuses.map((status) => (isStatus(status) ? status : whatsappStatus(status))),
  }
}

function isList(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new OptionError(`${name} must be an array`)
}

const isMessage = (message: WhatsAppMessageOptions | WhatsAppTestMessage): message is WhatsAppTestMessage =>
  'type' in message
const isStatus = (status: WhatsAppStatusOptions | WhatsAppTestStatus): status is WhatsAppTestStatus =>
  'recipient_id' in status

function contactsOf(messages: readonly WhatsAppTestMessage[]): NonNullable<WhatsAppTestValue['contacts']> {
  const senders = new Set(messages.map(({ from }) => from))
  return [...senders].map((sender) => ({ profile: { name: 'Test User' }, wa_id: sender }))
}

import { knownOptions, wholeAtLeast } from '../core/check.ts'
import { systemClock } from '../core/clock.ts'
import { OptionError } from '../core/errors.ts'
import { randomWamid } from './wamid.ts'
import type { WhatsAppTestMessage, WhatsAppTestStatus } from './whatsapp-payload.ts'

/** The phone number of nobody. */
const SOMEBODY = '250788000001'

/** A text message to make; only its text must be given. */
export interface WhatsAppMessageOptions {
  readonly text: string
  /** The sender's phone number; what is no digit is dropped. @defaultValue `250788000001` */
  readonly from?: string
  /** @defaultValue a new `wamid` */
  readonly id?: string
  /** Epoch seconds. @defaultValue now */
  readonly timestamp?: number
}

/** A status to make; given nothing, it says that a new message was `sent`. */
export interface WhatsAppStatusOptions {
  /** The id of the message; give all statuses of one message the same. @defaultValue a new `wamid` */
  readonly id?: string
  /** @defaultValue `sent` */
  readonly status?: 'sent' | 'delivered' | 'read' | 'played' | 'failed' | (string & {})
  /** The recipient's phone number; what is no digit is dropped. @defaultValue `250788000001` */
  readonly to?: string
  /** Epoch seconds. @defaultValue now */
  readonly timestamp?: number
}

/**
 * Makes one text message, as it stands in a delivery. For another type, write the content over it:
 * `{ ...message, type: 'image', image: { id: '1' } }`.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function whatsappMessage(options: WhatsAppMessageOptions): WhatsAppTestMessage {
  knownOptions(options, 'text', 'from', 'id', 'timestamp')
  const { text, timestamp } = options
  if (typeof text !== 'string') throw new OptionError('text must be a string')
  const from = digits('from', options.from)
  const { id = randomWamid(from) } = options
  return { from, id, timestamp: seconds(timestamp), type: 'text', text: { body: text } }
}

/**
 * Makes one status of a message that the business sent, as it stands in a delivery.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function whatsappStatus(options: WhatsAppStatusOptions = {}): WhatsAppTestStatus {
  knownOptions(options, 'id', 'status', 'to', 'timestamp')
  const { status = 'sent', timestamp } = options
  const recipient = digits('to', options.to)
  const { id = randomWamid(recipient) } = options
  const common = { id, status, timestamp: seconds(timestamp), recipient_id: recipient }
  if (status !== 'failed') return common
  return { ...common, errors: [{ code: 131026, title: 'Message undeliverable', message: 'Message undeliverable' }] }
}

function digits(name: string, phone = SOMEBODY): string {
  const found = typeof phone === 'string' ? phone.replaceAll(/\D/g, '') : ''
  // Fifteen digits are the longest phone number there is (E.164).
  if (found === '' || found.length > 15) throw new OptionError(`${name} must be a phone number of 1 to 15 digits`)
  return found
}

function seconds(timestamp = Math.floor(systemClock.now() / 1_000)): string {
  wholeAtLeast(0, 'timestamp', timestamp)
  return String(timestamp)
}

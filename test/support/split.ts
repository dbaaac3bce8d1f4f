import { splitWhatsApp, type SplitDelivery, type WhatsAppKeyedUpdate } from '../../src/webhook/index.ts'

export const METADATA = { display_phone_number: '15550001111', phone_number_id: '111' }

/** Takes a body apart as it comes out of the parser: what is undefined is not sent. */
export async function splitBody(body: unknown): Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
  const delivery = await splitWhatsApp(JSON.parse(JSON.stringify(body)))
  if (delivery === undefined) throw new Error('this is no delivery')
  return delivery
}

/** A body of one change; no `time` unless one is given, as Meta sends the changes of a phone number. */
export function bodyOf(field: string, value: object, time?: number): object {
  return { object: 'whatsapp_business_account', entry: [{ id: 'waba', time, changes: [{ field, value }] }] }
}

export async function splitChange(
  field: string,
  value: object,
  time?: number,
): Promise<SplitDelivery<WhatsAppKeyedUpdate>> {
  return splitBody(bodyOf(field, { messaging_product: 'whatsapp', metadata: METADATA, ...value }, time))
}

/** The keys of one change; the test fails when something in it has none. */
export async function keysOf(field: string, value: object, time?: number): Promise<string[]> {
  const { updates, unkeyed } = await splitChange(field, value, time)
  if (unkeyed.length > 0) throw new Error(`${unkeyed.length} without a key`)
  return updates.map(({ key }) => key)
}

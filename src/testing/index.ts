export { manualClock, type ManualClock } from './clock.ts'
export { sign, signedRequest } from './sign.ts'
export { randomWamid } from './wamid.ts'
export { whatsappDelivery } from './whatsapp-delivery.ts'
export type {
  WhatsappBatchOptions,
  WhatsappDelivery,
  WhatsappNumber,
  WhatsappTextOptions,
} from './whatsapp-delivery.ts'
export type {
  WhatsappTestMessage,
  WhatsappTestPayload,
  WhatsappTestStatus,
  WhatsappTestValue,
} from './whatsapp-payload.ts'
export {
  whatsappMessage,
  whatsappStatus,
  type WhatsappMessageOptions,
  type WhatsappStatusOptions,
} from './whatsapp-updates.ts'

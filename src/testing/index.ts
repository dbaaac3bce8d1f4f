export type { CacheStoreSubject } from './cache-store-case.ts'
export { cacheStoreContract } from './cache-store-contract.ts'
export { manualClock, type ManualClock } from './clock.ts'
export type { ContractCase } from './contract.ts'
export type { DedupStoreSubject } from './dedup-store-case.ts'
export { dedupStoreContract } from './dedup-store-contract.ts'
export type { MetricsStoreSubject } from './metrics-store-case.ts'
export { metricsStoreContract } from './metrics-store-contract.ts'
export { sign, signedRequest } from './sign.ts'
export { randomWamid } from './wamid.ts'
export { whatsappDelivery } from './whatsapp-delivery.ts'
export type {
  WhatsAppBatchOptions,
  WhatsAppDelivery,
  WhatsAppNumber,
  WhatsAppTextOptions,
} from './whatsapp-delivery.ts'
export type {
  WhatsAppTestMessage,
  WhatsAppTestPayload,
  WhatsAppTestStatus,
  WhatsAppTestValue,
} from './whatsapp-payload.ts'
export {
  whatsappMessage,
  whatsappStatus,
  type WhatsAppMessageOptions,
  type WhatsAppStatusOptions,
} from './whatsapp-updates.ts'

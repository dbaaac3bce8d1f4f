export { createWebhook, type Webhook, type WebhookStats } from './webhook.ts'
export type { DoorRunner, FailureContext, HandleContext, WebhookOptions } from './options.ts'
export { whatsapp, type Secret, type WhatsAppOptions } from './whatsapp.ts'
export { splitWhatsApp } from './whatsapp-split.ts'
export type {
  Sent,
  WhatsAppChange,
  WhatsAppKeyedUpdate,
  WhatsAppMessage,
  WhatsAppStatus,
  WhatsAppUpdate,
  WhatsAppUpdateOf,
} from './whatsapp-types.ts'
export { retryHorizons } from './retry-horizons.ts'
export type { Provider, Rejection, SplitDelivery, UnkeyedChange, UnkeyedUpdate, Update } from './provider.ts'
export type { Handler } from '../core/handler.ts'
export type { Attempt, EachOptions, EachResult, UpdateRunner } from '../core/updates.ts'
export { NonRetryable } from '../core/errors.ts'

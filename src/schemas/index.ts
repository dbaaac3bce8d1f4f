export { easymoEnv } from './easymo-env.ts'
export type { EasymoEnv, EasymoEnvShape, EnvText, OptionalEnvNumber, OptionalEnvText } from './easymo-env.ts'
export { parseEnv } from './parse-env.ts'
export type { EnvLookup } from '../core/env.ts'
export { whatsappEnvelope, whatsappStatus } from './whatsapp-envelope.ts'
export type {
  WhatsAppChange,
  WhatsAppContact,
  WhatsAppEntry,
  WhatsAppEnvelope,
  WhatsAppFlowError,
  WhatsAppStatus,
  WhatsAppValue,
} from './whatsapp-envelope.ts'
export { whatsappError, whatsappMessage } from './whatsapp-message.ts'
export type {
  WhatsAppContext,
  WhatsAppError,
  WhatsAppInteractive,
  WhatsAppLocation,
  WhatsAppMedia,
  WhatsAppMessage,
  WhatsAppObject,
  WhatsAppReply,
} from './whatsapp-message.ts'

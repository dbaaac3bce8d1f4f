export { easymoEnv, type EasymoEnv, type EasymoEnvShape } from './easymo-env.ts'
export { parseEnv, type EnvLookup } from './parse-env.ts'
export { whatsappEnvelope, whatsappStatus } from './whatsapp-envelope.ts'
export type {
  WhatsappChange,
  WhatsappContact,
  WhatsappEntry,
  WhatsappEnvelope,
  WhatsappStatus,
  WhatsappValue,
} from './whatsapp-envelope.ts'
export { whatsappError, whatsappMessage } from './whatsapp-message.ts'
export type {
  WhatsappContext,
  WhatsappError,
  WhatsappInteractive,
  WhatsappLocation,
  WhatsappMedia,
  WhatsappMessage,
  WhatsappReply,
} from './whatsapp-message.ts'

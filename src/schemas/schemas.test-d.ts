import * as z from 'zod/mini'
import {
  easymoEnv,
  parseEnv,
  whatsappEnvelope,
  whatsappStatus,
  type EasymoEnv,
  type WhatsAppEnvelope,
} from './index.ts'

/** The part of the Standard Schema that consumers rely on (https://standardschema.dev). */
interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
  }
}
type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

export const envelope: StandardSchema<WhatsAppEnvelope> = whatsappEnvelope
export const env: StandardSchema<EasymoEnv> = easymoEnv

const delivery = z.parse(whatsappEnvelope, {})
export const body: string | undefined = delivery.entry[0]?.changes[0]?.value.messages?.[0]?.text?.body
export const code: number | undefined = z.parse(whatsappStatus, {}).errors?.[0]?.code
export const added: unknown = delivery.entry[0]?.changes[0]?.value['calls']
// @ts-expect-error - a message need not be a text
export const sure: string = delivery.entry[0]?.changes[0]?.value.messages?.[0].text.body
// @ts-expect-error - the provider's object is one very word
export const other: 'instagram' = delivery.object

const settings = parseEnv(easymoEnv, (name) => name)
export const secret: string = settings.WHATSAPP_APP_SECRET
export const ttlMs: number | undefined = settings.CACHE_TTL_PROFILE
// @ts-expect-error - it may be absent
export const metricsToken: string = settings.METRICS_TOKEN
// @ts-expect-error - the schema does not name it
settings.DATABASE_URL

const own = parseEnv(z.extend(easymoEnv, { DATABASE_URL: z.string() }), {})
export const both: string = own.DATABASE_URL + own.SUPABASE_URL

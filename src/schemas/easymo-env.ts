import * as z from 'zod/mini'

type Text = z.ZodMiniType<string, string>
type OptionalText = z.ZodMiniOptional<Text>
type OptionalNumber = z.ZodMiniOptional<z.ZodMiniType<number, string>>

/** The variables of an EasyMO service, so that `z.extend(easymoEnv, { ... })` can add a service's own. */
// A type and not an interface: only a type is taken for a shape, which has an index signature.
export type EasymoEnvShape = {
  SUPABASE_URL: Text
  SUPABASE_SERVICE_ROLE_KEY: Text
  /** What the provider sends in its GET handshake. */
  WA_VERIFY_TOKEN: Text
  /** Signs every delivery. */
  WHATSAPP_APP_SECRET: Text
  /** Guards the metrics endpoint. */
  METRICS_TOKEN: OptionalText
  /** Times to live in milliseconds. */
  CACHE_TTL_PROFILE: OptionalNumber
  CACHE_TTL_STATE: OptionalNumber
  CACHE_TTL_CONFIG: OptionalNumber
  CACHE_TTL_LOCATION: OptionalNumber
  POOL_MAX_CLIENTS: OptionalNumber
  /** In milliseconds. */
  POOL_IDLE_TIMEOUT: OptionalNumber
}

const secret: Text = z.string().check(z.minLength(1))

// Fifteen digits are the most that a number holds exactly; '', '1e3', '-1' and '5s' are refused, not guessed at.
const wholeNumber = z.stringFormat('whole_number', /^\d{1,15}$/)
const number: OptionalNumber = z.optional(z.pipe(wholeNumber, z.transform(Number)))

/**
 * The environment of an EasyMO service, for `parseEnv` or any Standard Schema consumer. Numbers come out as numbers; what
 * is absent stays absent, so that each room's own default holds.
 */
export const easymoEnv: z.ZodMiniObject<EasymoEnvShape> = z.object({
  SUPABASE_URL: z.url({ protocol: /^https?$/ }),
  SUPABASE_SERVICE_ROLE_KEY: secret,
  WA_VERIFY_TOKEN: secret,
  WHATSAPP_APP_SECRET: secret,
  METRICS_TOKEN: z.optional(secret),
  CACHE_TTL_PROFILE: number,
  CACHE_TTL_STATE: number,
  CACHE_TTL_CONFIG: number,
  CACHE_TTL_LOCATION: number,
  POOL_MAX_CLIENTS: number,
  POOL_IDLE_TIMEOUT: number,
})

/** What `easymoEnv` gives. */
export type EasymoEnv = z.output<typeof easymoEnv>

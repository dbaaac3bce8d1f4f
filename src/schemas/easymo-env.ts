import * as z from 'zod/mini'

/** A variable that must be there and not be empty. */
export type EnvText = z.ZodMiniType<string, string>
/** A variable that may be absent; when it is there, it must not be empty. */
export type OptionalEnvText = z.ZodMiniOptional<EnvText>
/** A variable that may be absent; else a whole number from 0, written in at most 15 digits. */
export type OptionalEnvNumber = z.ZodMiniOptional<z.ZodMiniType<number, string>>

/** The variables of an EasyMO service, so that `z.extend(easymoEnv, { ... })` can add a service's own. */
// A type and not an interface: only a type is taken for a shape, which has an index signature.
export type EasymoEnvShape = {
  SUPABASE_URL: EnvText
  SUPABASE_SERVICE_ROLE_KEY: EnvText
  /** What the provider sends in its GET handshake. */
  WA_VERIFY_TOKEN: EnvText
  /** Signs every delivery. */
  WHATSAPP_APP_SECRET: EnvText
  /** Guards the metrics endpoint. */
  METRICS_TOKEN: OptionalEnvText
  /** Times to live in milliseconds. */
  CACHE_TTL_PROFILE: OptionalEnvNumber
  CACHE_TTL_STATE: OptionalEnvNumber
  CACHE_TTL_CONFIG: OptionalEnvNumber
  CACHE_TTL_LOCATION: OptionalEnvNumber
  POOL_MAX_CLIENTS: OptionalEnvNumber
  /** In milliseconds. */
  POOL_IDLE_TIMEOUT: OptionalEnvNumber
  /** Names the service. */
  OTEL_SERVICE_NAME: OptionalEnvText
  /** Where metrics are pushed to. */
  OTEL_EXPORTER_OTLP_ENDPOINT: OptionalEnvText
}

const secret: EnvText = z.string().check(z.minLength(1))

// Fifteen digits are the most that a number holds exactly; '', '1e3', '-1' and '5s' are refused, not guessed at.
const wholeNumber = z.stringFormat('whole_number', /^\d{1,15}$/)
const number: OptionalEnvNumber = z.optional(z.pipe(wholeNumber, z.transform(Number)))

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
  OTEL_SERVICE_NAME: z.optional(secret),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.optional(z.url({ protocol: /^https?$/ })),
})

/** What `easymoEnv` gives. */
export type EasymoEnv = z.output<typeof easymoEnv>

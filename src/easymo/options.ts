import { hasMethods, isText, knownOptions, oneOf } from '../core/check.ts'
import { variables, type EnvLookup } from '../core/env.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { UpdateRunner } from '../core/updates.ts'
import type { HealthChecks } from '../http/index.ts'
import type { SupabaseClientsOptions, SupabaseLike } from '../supabase/index.ts'
import type { WarmupRun, WarmupTask } from '../warmup/index.ts'

/** What the preset works with; all of it is optional. */
export interface EasymoOptions {
  /** The client that `getSupabaseClient` and the pool give out. @defaultValue one that `createClient` makes */
  readonly supabase?: SupabaseLike
  /** `createClient` of `@supabase/supabase-js`; called with `SUPABASE_URL` and `SUPABASE_SERVICE_ROLE_KEY`. */
  readonly createClient?: SupabaseClientsOptions<SupabaseLike>['createClient']
  /** Where variables are; on Workers the handler's `env`. @defaultValue the environment of the process */
  readonly env?: EnvLookup
  /**
   * Names the service, in the health document and on every line of metrics. @defaultValue `OTEL_SERVICE_NAME`, else what the
   * first call of `trackColdStart`, or another that names a service, says
   */
  readonly service?: string
  /** @defaultValue `0.0.0` */
  readonly version?: string
  /** The parts of the business that the service looks after, for the health document. @defaultValue not shown */
  readonly domains?: readonly string[]
  /**
   * Who may read `/metrics`: `public` for everybody who can reach it. @defaultValue who brings `METRICS_TOKEN`, or, where
   * that is not set, `SUPABASE_SERVICE_ROLE_KEY`, as `Authorization: Bearer ...`
   */
  readonly metricsAccess?: 'public'
  /** What the health of the service is judged by. @defaultValue none */
  readonly checks?: HealthChecks
  /** Knows for `deduplicationMiddleware` which updates are done; with a store in production. @defaultValue in memory */
  readonly dedup?: Pick<UpdateRunner, 'claimAll'>
  /** What `warmup` and its siblings do besides their own steps. @defaultValue nothing */
  readonly warmup?: Readonly<Record<string, WarmupTask | WarmupRun>>
  readonly host?: Host
}

/** Gives an option to what is being made of it, and remembers that it did. */
export type Ask = <Name extends keyof EasymoOptions>(name: Name) => EasymoOptions[Name]

/** What the preset keeps for a process, and which options it was made of. */
interface Part {
  readonly value: unknown
  readonly asked: ReadonlySet<keyof EasymoOptions>
}

const NAMES = [
  ...(['supabase', 'createClient', 'env', 'service', 'version', 'domains', 'metricsAccess'] as const),
  ...(['checks', 'dedup', 'warmup', 'host'] as const),
] as const

/** All that the preset reads of its environment. */
export type Variable =
  | 'SUPABASE_URL'
  | 'SUPABASE_SERVICE_ROLE_KEY'
  | 'METRICS_TOKEN'
  | 'OTEL_SERVICE_NAME'
  | 'CACHE_TTL_PROFILE'
  | 'CACHE_TTL_STATE'
  | 'CACHE_TTL_CONFIG'
  | 'CACHE_TTL_LOCATION'
  | 'POOL_MAX_CLIENTS'
  | 'POOL_IDLE_TIMEOUT'

const VARIABLES: readonly Variable[] = [
  'SUPABASE_URL',
  'SUPABASE_SERVICE_ROLE_KEY',
  'METRICS_TOKEN',
  'OTEL_SERVICE_NAME',
  'CACHE_TTL_PROFILE',
  'CACHE_TTL_STATE',
  'CACHE_TTL_CONFIG',
  'CACHE_TTL_LOCATION',
  'POOL_MAX_CLIENTS',
  'POOL_IDLE_TIMEOUT',
]

let options: EasymoOptions = {}
const parts = new Map<(option: Ask) => unknown, Part>()

/**
 * Says what the preset works with, in addition to what was said before; an option that is given as `undefined` has its
 * default again.
 *
 * May be called in every request, as Workers need it for their `env`: what was made of other options stays as it is, and
 * so does what was made of the same values. Only what depends on a changed one is made anew when it is next used.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function configureEasymo(given: EasymoOptions): void {
  knownOptions(given, ...NAMES)
  check(given)
  const next = { ...options, ...given }
  const changed = NAMES.filter((name) => !(name === 'env' ? sameEnv(next.env) : Object.is(options[name], next[name])))
  for (const [make, { asked }] of parts) if (changed.some((name) => asked.has(name))) parts.delete(make)
  options = next
}

/** Forgets everything: configuration, caches, deduplication, metrics, loaded handlers (not which there are). For tests. */
export function resetEasymo(): void {
  options = {}
  parts.clear()
}

/** What `make` gives, made at its first use and not at import; anew after an option has changed that it asked for. */
export function part<T>(make: (option: Ask) => T): T {
  const known = parts.get(make)
  if (known !== undefined) return known.value as T
  const asked = new Set<keyof EasymoOptions>()
  const value = make((name) => {
    asked.add(name)
    return options[name]
  })
  parts.set(make, { value, asked })
  return value
}

/** An option as it stands now, for what is not made anew when it changes. */
export const chosen: Ask = (name) => options[name]

/** Lets the next use make it anew. */
export function forget(make: (option: Ask) => unknown): void {
  parts.delete(make)
}

/** The host that everything shares. */
export function hostOf(option: Ask): Host {
  return option('host') ?? defaultHost
}

/** A variable, or `undefined` when it is not set or empty. */
export function textOf(option: Ask, name: Variable): string | undefined {
  return variables(option('env'))(name)
}

/**
 * A variable that is a whole number.
 *
 * @throws OptionError `ERR_PERF_OPTION` for anything else; its message does not hold the value
 */
export function numberOf(option: Ask, name: Variable): number | undefined {
  const text = textOf(option, name)
  // Fifteen digits are the most that a number holds exactly; '1e3', '-1' and '5s' are refused, not guessed at.
  if (text !== undefined && !/^\d{1,15}$/.test(text))
    throw new OptionError(`environment: ${name} must be a whole number`)
  return text === undefined ? undefined : Number(text)
}

/** Workers may hand every request an `env` of its own that says the same. */
function sameEnv(next: EnvLookup | undefined): boolean {
  if (Object.is(options.env, next)) return true
  const [before, after] = [variables(options.env), variables(next)]
  return VARIABLES.every((name) => before(name) === after(name))
}

function check(given: EasymoOptions): void {
  const { supabase, createClient, service, version, domains, metricsAccess, dedup, host } = given
  if (supabase !== undefined) hasMethods('supabase', supabase, 'from', 'rpc')
  if (createClient !== undefined && typeof createClient !== 'function')
    throw new OptionError('createClient must be a function')
  if (service !== undefined) isText('service', service)
  if (version !== undefined) isText('version', version)
  if (domains !== undefined && !Array.isArray(domains)) throw new OptionError('domains must be an array of strings')
  if (metricsAccess !== undefined) oneOf(['public'], 'metricsAccess', metricsAccess)
  if (dedup !== undefined) hasMethods('dedup', dedup, 'claimAll')
  if (host !== undefined) hasMethods('host', host, 'observe', 'track', 'randomId')
}

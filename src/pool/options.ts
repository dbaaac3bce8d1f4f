import { hasMethods, isFunction, isText, knownOptions, oneOf, wholeAtLeast } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'

/** What the pools of every mode take; a limit in milliseconds may be `Infinity`, for never. */
export interface PoolLimits<Client> {
  /** Ends a client. Nobody waits for it but `drain`; `call.signal` aborts after `checkTimeoutMs`. */
  readonly destroy: (client: Client, call: Call) => unknown
  /** Asked at every borrow and return; `true` destroys the client. For what is known without asking anybody. */
  readonly isLost?: (client: Client) => boolean
  /** Asked before a client is lent: anything but `true` destroys it. Costs least when it is synchronous. */
  readonly validate?: (client: Client, call: Call) => boolean | PromiseLike<boolean>
  /**
   * A client that was made or validated less than so many milliseconds ago is lent without `validate`, unless the pool was
   * asked nothing for half a second in between: the process may have stood still, and the servers have closed their end. No
   * timer: it is looked at when the client is about to be lent, so an idle one costs nothing.
   *
   * @defaultValue 0, validated at every borrow
   */
  readonly healthCheckIntervalMs?: number
  /** How many clients there are at most, those being made included. @defaultValue 10; 5 for each scope of mode `request` */
  readonly maxClients?: number
  /** How many borrowers may wait, those included whose client is being made. @defaultValue 1_000 */
  readonly maxWaiting?: number
  /** How long a borrower waits for a client, in milliseconds. @defaultValue 5_000 */
  readonly acquireTimeoutMs?: number
  /** How long `create` may take before its slot is free again, in milliseconds. @defaultValue 5_000 */
  readonly createTimeoutMs?: number
  /** How long `validate`, `reset` and `destroy` may take each, in milliseconds. @defaultValue 5_000 */
  readonly checkTimeoutMs?: number
  /** How long a client may lie idle, in milliseconds; looked at when somebody borrows. @defaultValue 5 minutes */
  readonly idleTimeoutMs?: number
  /**
   * How old a client may grow, in milliseconds, less up to a tenth by chance, so that clients made together do not end
   * together; looked at when it is borrowed and given back. @defaultValue 30 minutes
   */
  readonly maxLifetimeMs?: number
  /** How often a client is lent. @defaultValue no limit */
  readonly maxUses?: number
  /** After so many milliseconds in one borrower's hands a client counts as `leaked`, and a fact names the borrower. @defaultValue 1 minute */
  readonly leakAfterMs?: number
  /** Names the pool in errors and facts. @defaultValue 'pool' */
  readonly name?: string
  readonly host?: Host
}

/** How a pool makes, checks and cleans clients that one borrower has at a time. */
export interface PoolOptions<Client> extends PoolLimits<Client> {
  readonly mode?: 'exclusive'
  /** Makes a client, connected and ready. What comes after `createTimeoutMs` is destroyed. */
  readonly create: (call: Call) => Client | PromiseLike<Client>
  /**
   * Cleans a client that was given back, before it is lent again. `false` or an error destroys the client; what else it
   * returns does not matter. Costs least when it is synchronous.
   */
  readonly reset?: (client: Client, call: Call) => unknown
}

/** For clients that many borrowers may use at once, such as those of HTTP APIs: no socket, no session, no user. */
export interface SharedPoolOptions<Client, Target = undefined> extends PoolLimits<Client> {
  readonly mode: 'shared'
  /**
   * Makes the client of a target: a string, or a flat object such as `{ url, schema }`; equal ones share one client. A
   * client beyond `maxClients` displaces the least recently used one, which ends when its last borrower has given it back.
   */
  readonly create: (call: Call, target: Target) => Client | PromiseLike<Client>
  /** Refused: what many use at once cannot be cleaned for the next. */
  readonly reset?: never
}

/** As {@link PoolOptions}, for clients that end with the request that made them. */
export interface RequestPoolOptions<Client> extends Omit<PoolOptions<Client>, 'mode'> {
  readonly mode: 'request'
}

/** The options with every default in place. */
export interface PoolSettings<Client> extends Required<Omit<PoolLimits<Client>, 'isLost' | 'validate'>> {
  readonly mode: 'exclusive' | 'shared' | 'request'
  readonly create: (call: Call, target: never) => Client | PromiseLike<Client>
  readonly isLost: PoolLimits<Client>['isLost'] | undefined
  readonly validate: PoolLimits<Client>['validate'] | undefined
  readonly reset: PoolOptions<Client>['reset'] | undefined
  /** Keeps background work alive. */
  readonly track: (work: Promise<unknown>) => void
}

/** What `createPool` takes, of any mode. */
export type AnyPoolOptions<Client> = PoolOptions<Client> | SharedPoolOptions<Client, never> | RequestPoolOptions<Client>

const DURATIONS = {
  acquireTimeoutMs: 5_000,
  createTimeoutMs: 5_000,
  checkTimeoutMs: 5_000,
  idleTimeoutMs: 300_000,
  maxLifetimeMs: 1_800_000,
  leakAfterMs: 60_000,
  maxUses: Infinity,
}

const DEFAULTS = {
  ...DURATIONS,
  mode: 'exclusive',
  isLost: undefined,
  validate: undefined,
  reset: undefined,
  maxClients: 10,
  maxWaiting: 1_000,
  healthCheckIntervalMs: 0,
  name: 'pool',
} as const

/** Checks the options and fills in the defaults. */
export function poolSettings<Client>(options: AnyPoolOptions<Client>): PoolSettings<Client> {
  knownOptions(options, 'create', 'destroy', 'host', ...Object.keys(DEFAULTS))
  const { create, destroy, host = defaultHost } = options
  const own = { create, destroy, host, track: (work: Promise<unknown>) => host.track(work) }
  const perMode = options.mode === 'request' ? { maxClients: 5 } : {}
  const settings: PoolSettings<Client> = { ...DEFAULTS, ...perMode, ...given(options), ...own }
  isFunction('create', create)
  isFunction('destroy', destroy)
  for (const name of ['isLost', 'validate', 'reset'] as const) isFunction(name, settings[name], 'optional')
  for (const name of ['maxClients', 'maxWaiting'] as const) wholeAtLeast(1, name, settings[name])
  for (const name of Object.keys(DURATIONS) as (keyof typeof DURATIONS)[]) positive(1, name, settings[name])
  positive(0, 'healthCheckIntervalMs', settings.healthCheckIntervalMs)
  oneOf(['exclusive', 'shared', 'request'], 'mode', settings.mode)
  isText('name', settings.name)
  hasMethods('host', host, 'observe', 'track')
  if (settings.mode === 'shared' && settings.reset !== undefined)
    throw new OptionError('reset must be left out in mode shared: what many use at once cannot be cleaned')
  if (settings.healthCheckIntervalMs > 0 && settings.validate === undefined)
    throw new OptionError('healthCheckIntervalMs needs a validate to ask')
  return settings
}

/** Without what is `undefined`, which means the default. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** `Infinity` is allowed: it is how one says "never". */
function positive(least: number, name: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= least))
    throw new OptionError(
      `${name} must be a number of at least ${least}${typeof value === 'number' ? `, not ${value}` : ''}`,
    )
}

import { hasMethods, isFunction, isText, knownOptions, wholeAtLeast } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'

/** How a pool makes, checks and ends clients; a limit in milliseconds may be `Infinity`, for never. */
export interface PoolOptions<Client> {
  /** Makes a client, connected and ready. What comes after `createTimeoutMs` is destroyed. */
  readonly create: (call: Call) => Client | PromiseLike<Client>
  /** Ends a client. Nobody waits for it but `drain`; `call.signal` aborts after `checkTimeoutMs`. */
  readonly destroy: (client: Client, call: Call) => unknown
  /** Asked before a client that was idle is lent: anything but `true` destroys it. Costs least when it is synchronous. */
  readonly validate?: (client: Client, call: Call) => boolean | PromiseLike<boolean>
  /**
   * Cleans a client that was given back, before it is lent again. `false` or an error destroys the client; what else it
   * returns does not matter. Costs least when it is synchronous.
   */
  readonly reset?: (client: Client, call: Call) => unknown
  /** How many clients there are at most, those being made included. @defaultValue 10 */
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
  /** After so many milliseconds in one borrower's hands a client counts as `leaked` in `stats`. @defaultValue 1 minute */
  readonly leakAfterMs?: number
  /** Names the pool in errors and facts. @defaultValue 'pool' */
  readonly name?: string
  readonly host?: Host
}

/** The options with every default in place. */
export interface PoolSettings<Client> extends Required<Omit<PoolOptions<Client>, 'validate' | 'reset'>> {
  readonly validate: PoolOptions<Client>['validate'] | undefined
  readonly reset: PoolOptions<Client>['reset'] | undefined
}

const KNOWN = [
  ...['create', 'destroy', 'validate', 'reset', 'maxClients', 'maxWaiting', 'acquireTimeoutMs', 'createTimeoutMs'],
  ...['checkTimeoutMs', 'idleTimeoutMs', 'maxLifetimeMs', 'maxUses', 'leakAfterMs', 'name', 'host'],
] as const

/** Checks the options and fills in the defaults. */
export function poolSettings<Client>(options: PoolOptions<Client>): PoolSettings<Client> {
  knownOptions(options, ...KNOWN)
  const { create, destroy, validate, reset } = options
  const { maxClients = 10, maxWaiting = 1_000, maxUses = Infinity } = options
  const { acquireTimeoutMs = 5_000, createTimeoutMs = 5_000, checkTimeoutMs = 5_000 } = options
  const { idleTimeoutMs = 300_000, maxLifetimeMs = 1_800_000, leakAfterMs = 60_000 } = options
  const { name = 'pool', host = defaultHost } = options
  isFunction('create', create)
  isFunction('destroy', destroy)
  isFunction('validate', validate, 'optional')
  isFunction('reset', reset, 'optional')
  wholeAtLeast(1, 'maxClients', maxClients)
  wholeAtLeast(1, 'maxWaiting', maxWaiting)
  positive({ acquireTimeoutMs, createTimeoutMs, checkTimeoutMs, idleTimeoutMs, maxLifetimeMs, maxUses, leakAfterMs })
  isText('name', name)
  hasMethods('host', host, 'observe', 'track')
  return {
    ...{ create, destroy, validate, reset, maxClients, maxWaiting, maxUses, acquireTimeoutMs, createTimeoutMs },
    ...{ checkTimeoutMs, idleTimeoutMs, maxLifetimeMs, leakAfterMs, name, host },
  }
}

/** `Infinity` is allowed: it is how one says "never". */
function positive(durations: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(durations))
    if (typeof value !== 'number' || !(value >= 1))
      throw new OptionError(
        `${name} must be a number of at least 1${typeof value === 'number' ? `, not ${value}` : ''}`,
      )
}

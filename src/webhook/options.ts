import { atLeast, hasMethods, isFunction, isText, isTimeout, knownOptions, oneOf, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host, type WaitUntil } from '../core/host.ts'
import type { AfterFailure, Attempt, UpdateRunner } from '../core/updates.ts'
import type { Provider, UnkeyedChange, Update } from './provider.ts'

/** What a handler is told beside the update. */
export interface HandleContext<Args extends readonly unknown[]> extends Attempt {
  readonly waitUntil: WaitUntil
  /** The fetch handler's further arguments, such as `env` and `ctx` on Workers. */
  readonly args: Args
}

/** What failed. */
export interface FailureContext<Args extends readonly unknown[]> {
  /** The kind of the update; `unkeyed` for a change without a key, `delivery` for a delivery as a whole. */
  readonly kind: string
  /** Which run of the update it was, from 1; 0 when none has begun. */
  readonly attempt: number
  readonly args: Args
}

/** What a door asks of a dedup. */
export type DoorRunner = Pick<UpdateRunner, 'each' | 'retentionMs'>

/** Who sends the deliveries, who knows which updates are new, and what is done with each. */
export interface WebhookOptions<Args extends readonly unknown[], U extends Update> {
  readonly provider: Provider<U, Args>
  /**
   * Stands before every key, `name:key`, so that the updates of two doors that share a dedup are told apart: two bots of
   * one provider have the same ids. Without a colon. @defaultValue the provider's name
   */
  readonly name?: string
  /** Knows which updates are new: a dedup, or a function of the further arguments that gives one. */
  readonly dedup: DoorRunner | ((...args: Args) => DoorRunner)
  /**
   * Handles one update. A throw makes the provider resend; `NonRetryable` parks the update at once. Whatever it begins it
   * returns or awaits: the update counts as done when its promise has resolved.
   */
  readonly handle: (update: U, context: HandleContext<Args>) => unknown
  /** Takes over an update that cannot succeed. Without it, such an update fails until the provider gives up. */
  readonly park?: (
    update: U,
    error: unknown,
    context: Pick<HandleContext<Args>, 'key' | 'attempt' | 'token' | 'args'>,
  ) => unknown
  /**
   * Is given what no key can be made for, all of a delivery side by side. It is told again at every resend, but not while
   * it is at work on the same change; a throw makes the provider resend. Without it, `handle` gets an
   * {@link UnkeyedUpdate}.
   */
  readonly onUnkeyed?: (change: UnkeyedChange, context: Pick<HandleContext<Args>, 'waitUntil' | 'args'>) => unknown
  /**
   * Is told what a handler threw, what timed out, and what went wrong in the provider or the store. What it throws is
   * dropped. @defaultValue `console.error`, an outage of the store at most every ten seconds
   */
  readonly onError?: (error: unknown, context: FailureContext<Args>) => unknown
  /** What becomes of the later updates of a group when one has failed, as of `EachOptions`. @defaultValue `continue` */
  readonly afterFailure?: AfterFailure
  /** Updates of one delivery that are handled at the same time. @defaultValue 8 */
  readonly concurrency?: number
  /** Handlers of all deliveries that run at the same time; the others wait. @defaultValue 64 */
  readonly maxConcurrency?: number
  /** More updates than this in flight, and a delivery is answered 503 before it is claimed. @defaultValue 10 000 */
  readonly maxInFlightUpdates?: number
  /** More bytes of bodies than this in flight, and a delivery is answered 503 before it is read. @defaultValue 64 MiB */
  readonly maxInFlightBytes?: number
  /** A failure at this attempt makes an update poison. @defaultValue 10 */
  readonly maxAttempts?: number
  /** How long `handle`, `park` and `onUnkeyed` may run, in milliseconds, as of `EachOptions`. @defaultValue 5 minutes */
  readonly handleTimeoutMs?: number
  /**
   * When to answer 503 while the work goes on, in milliseconds after the body was read.
   *
   * @defaultValue the provider's own limit
   */
  readonly answerWithinMs?: number
  readonly host?: Host
}

const OPTIONS = [
  ...['provider', 'name', 'dedup', 'handle', 'park', 'onUnkeyed', 'onError', 'afterFailure', 'concurrency'],
  ...['maxConcurrency', 'maxInFlightUpdates', 'maxInFlightBytes', 'maxAttempts', 'handleTimeoutMs', 'answerWithinMs'],
  'host',
]

/** The options with their defaults. */
export type CheckedOptions<Args extends readonly unknown[], U extends Update> = WebhookOptions<Args, U> &
  Required<Omit<WebhookOptions<Args, U>, 'park' | 'onUnkeyed' | 'onError'>>

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkedOptions<Args extends readonly unknown[], U extends Update>(
  options: WebhookOptions<Args, U>,
): CheckedOptions<Args, U> {
  knownOptions(options, ...OPTIONS)
  hasMethods('provider', options.provider, 'verify', 'split')
  const checked: CheckedOptions<Args, U> = { ...defaultsOf(options.provider), ...defined(options) }
  checkName(checked.name)
  checkFunctions(checked)
  checkNumbers(checked)
  if (typeof checked.dedup !== 'function') isRunner(checked.dedup)
  // Taken for a function of the arguments, it would make a new memory for each delivery.
  else if (checked.dedup.name === 'createDedup')
    throw new OptionError('dedup is createDedup itself: call it, createDedup({ name, store })')
  hasMethods('host', checked.host, 'observe', 'track')
  return checked
}

function defaultsOf<Args extends readonly unknown[], U extends Update>(provider: Provider<U, Args>) {
  return {
    name: provider.name,
    answerWithinMs: provider.answerWithinMs,
    afterFailure: 'continue' as const,
    concurrency: 8,
    maxConcurrency: 64,
    maxInFlightUpdates: 10_000,
    maxInFlightBytes: 64 * 1024 * 1024,
    maxAttempts: 10,
    handleTimeoutMs: 5 * 60_000,
    host: defaultHost,
  }
}

/** Without the names whose value is undefined: those have their defaults. */
function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

function checkName(name: unknown): void {
  isText('name', name)
  // `a` with `b:c` must not meet `a:b` with `c`.
  if ((name as string).includes(':')) throw new OptionError('name must not hold a colon')
}

function checkFunctions<Args extends readonly unknown[], U extends Update>(options: WebhookOptions<Args, U>): void {
  const { provider, handle, park, onUnkeyed, onError, afterFailure } = options
  isFunction('handle', handle)
  isFunction('park', park, 'optional')
  isFunction('onUnkeyed', onUnkeyed, 'optional')
  isFunction('onError', onError, 'optional')
  isFunction('provider.precheck', provider.precheck, 'optional')
  isFunction('provider.handshake', provider.handshake, 'optional')
  oneOf(['continue', 'stop'], 'afterFailure', afterFailure)
}

function checkNumbers<Args extends readonly unknown[], U extends Update>(options: WebhookOptions<Args, U>): void {
  atLeast(1, 'provider.maxBodyBytes', options.provider.maxBodyBytes)
  wholeAtLeast(1, 'concurrency', options.concurrency)
  wholeAtLeast(1, 'maxConcurrency', options.maxConcurrency)
  wholeAtLeast(1, 'maxInFlightUpdates', options.maxInFlightUpdates)
  wholeAtLeast(1, 'maxInFlightBytes', options.maxInFlightBytes)
  wholeAtLeast(1, 'maxAttempts', options.maxAttempts)
  isTimeout('handleTimeoutMs', options.handleTimeoutMs)
  atLeast(1, 'answerWithinMs', options.answerWithinMs)
}

/**
 * @throws OptionError `ERR_PERF_OPTION`, which says what to write instead of a store or a client
 */
export function isRunner(dedup: unknown): void {
  const has = (name: string): boolean =>
    typeof (dedup as Record<string, unknown> | null | undefined)?.[name] === 'function'
  if (has('claimMany'))
    throw new OptionError('dedup is a store: write createDedup({ name, store }), from @easymo/perf/dedup')
  if (!has('each')) throw new OptionError('dedup must have a method each(), as one of createDedup({ name, store }) has')
}

import { atLeast, hasMethods, isFunction, knownOptions, wholeAtLeast } from '../core/check.ts'
import { defaultHost, type Host, type WaitUntil } from '../core/host.ts'
import type { Attempt, UpdateRunner } from '../core/updates.ts'
import type { Provider, UnkeyedChange, Update } from './provider.ts'

/** What a handler is told beside the update. */
export interface HandleContext<Args extends readonly unknown[]> extends Attempt {
  readonly waitUntil: WaitUntil
  /** The fetch handler's further arguments, such as `env` and `ctx` on Workers. */
  readonly args: Args
}

/** Who sends the deliveries, who knows which updates are new, and what is done with each. */
export interface WebhookOptions<Args extends readonly unknown[], U extends Update> {
  readonly provider: Provider<U, Args>
  /** Knows which updates are new: a dedup, or a function of the further arguments that gives one. */
  readonly dedup: UpdateRunner | ((...args: Args) => UpdateRunner)
  /** Handles one update. A throw makes the provider resend; `NonRetryable` parks the update at once. */
  readonly handle: (update: U, context: HandleContext<Args>) => unknown
  /** Takes over an update that cannot succeed. Without it, such an update fails until the provider gives up. */
  readonly park?: (
    update: U,
    error: unknown,
    context: Pick<HandleContext<Args>, 'attempt' | 'token' | 'args'>,
  ) => unknown
  /** Is given what no key can be made for. It is told again at every resend; a throw makes the provider resend. */
  readonly onUnkeyed?: (change: UnkeyedChange, context: Pick<HandleContext<Args>, 'waitUntil' | 'args'>) => unknown
  /** Updates of one delivery that are handled at the same time. @defaultValue 8 */
  readonly concurrency?: number
  /** A failure at this attempt makes an update poison. @defaultValue 10 */
  readonly maxAttempts?: number
  /**
   * When to answer 503 while the work goes on, in milliseconds after the body was read.
   *
   * @defaultValue the provider's own limit
   */
  readonly answerWithinMs?: number
  readonly host?: Host
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkOptions<Args extends readonly unknown[], U extends Update>(
  options: WebhookOptions<Args, U>,
): void {
  knownOptions(
    options,
    ...['provider', 'dedup', 'handle', 'park', 'onUnkeyed', 'concurrency', 'maxAttempts', 'answerWithinMs', 'host'],
  )
  const { provider, dedup, handle, park, onUnkeyed, host = defaultHost } = options
  const { concurrency = 8, maxAttempts = 10, answerWithinMs = provider?.answerWithinMs } = options
  hasMethods('provider', provider, 'verify', 'split')
  atLeast(1, 'provider.maxBodyBytes', provider.maxBodyBytes)
  hasMethods('host', host, 'observe', 'track')
  if (typeof dedup !== 'function') hasMethods('dedup', dedup, 'each')
  isFunction('handle', handle)
  isFunction('park', park, 'optional')
  isFunction('onUnkeyed', onUnkeyed, 'optional')
  wholeAtLeast(1, 'concurrency', concurrency)
  wholeAtLeast(1, 'maxAttempts', maxAttempts)
  atLeast(1, 'answerWithinMs', answerWithinMs)
}

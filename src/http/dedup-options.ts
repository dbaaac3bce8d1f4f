import { atLeast, hasMethods, isFunction, isText, isTimeout, knownOptions, wholeAtLeast } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { defaultHost, type Host } from '../core/host.ts'
import type { UpdateRunner } from '../core/updates.ts'

/** What the middleware asks of a dedup. */
export type DeduplicationRunner = Pick<UpdateRunner, 'claimAll'>

/** Who knows which deliveries are done, and what names the updates of one. */
export interface DeduplicationOptions<Body = unknown> {
  /** Knows which keys are done: a dedup, with the store that it was made with. */
  readonly dedup: DeduplicationRunner
  /**
   * Stands before every key, `name:key`, so that the updates of two senders that share a dedup are told apart. Without a
   * colon.
   */
  readonly name: string
  /**
   * Names every update of a delivery, the same for every resend of it. An empty list, or one with anything else than
   * strings that are not empty, lets the delivery pass as one that cannot be named. What it throws fails the request:
   * nothing was claimed, and nothing runs.
   *
   * @param body - what the JSON says; nobody has checked that it is a `Body`
   * @param request - for its headers and address; its body has been read
   */
  readonly keys: (body: Body, request: Request) => readonly string[] | Promise<readonly string[]>
  /**
   * Whether an answer means that the delivery is done. Whatever the sender takes for a failure, and sends again, is not.
   * @defaultValue 200 to 299
   */
  readonly isDone?: (response: Response) => boolean
  /** Larger bodies are answered with 413. In bytes. @defaultValue 3 145 728 */
  readonly maxBodyBytes?: number
  /** More bytes of bodies than this in flight, and a delivery is answered 503 before it is read. @defaultValue 64 MiB */
  readonly maxInFlightBytes?: number
  /**
   * How long a delivery waits that somebody else is working on, in milliseconds. @defaultValue what the dedup was made
   * with: 5000, or 0 by `onInProgress: 'return'`
   */
  readonly waitMs?: number
  /** How long the handler may run, in milliseconds; then the request fails with `ERR_PERF_TIMEOUT`. @defaultValue 5 minutes */
  readonly handleTimeoutMs?: number
  readonly host?: Host
}

/** The options with their defaults. */
export type CheckedOptions<Body> = Required<Omit<DeduplicationOptions<Body>, 'waitMs' | 'handleTimeoutMs'>> &
  Pick<DeduplicationOptions<Body>, 'waitMs' | 'handleTimeoutMs'>

const OPTIONS = [
  ...['dedup', 'name', 'keys', 'isDone', 'maxBodyBytes', 'maxInFlightBytes', 'waitMs', 'handleTimeoutMs', 'host'],
]

const succeeded = ({ status }: Response): boolean => status >= 200 && status < 300

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkedOptions<Body>(options: DeduplicationOptions<Body>): CheckedOptions<Body> {
  knownOptions(options, ...OPTIONS)
  const { dedup, name, keys, isDone = succeeded, maxBodyBytes = 3_145_728, host = defaultHost } = options
  const { maxInFlightBytes = 64 * 1024 * 1024, waitMs = 0, handleTimeoutMs = 1 } = options
  isRunner(dedup)
  isText('name', name)
  // `a` with `b:c` must not meet `a:b` with `c`.
  if (name.includes(':')) throw new OptionError('name must not hold a colon')
  isFunction('keys', keys)
  isFunction('isDone', isDone)
  atLeast(1, 'maxBodyBytes', maxBodyBytes)
  wholeAtLeast(1, 'maxInFlightBytes', maxInFlightBytes)
  atLeast(0, 'waitMs', waitMs)
  isTimeout('handleTimeoutMs', handleTimeoutMs)
  hasMethods('host', host, 'observe', 'track')
  return { ...options, isDone, maxBodyBytes, maxInFlightBytes, host }
}

/** @throws OptionError `ERR_PERF_OPTION`, which says what to write instead of a store, or of an older dedup */
function isRunner(dedup: unknown): void {
  const has = (name: string): boolean =>
    typeof (dedup as Record<string, unknown> | null | undefined)?.[name] === 'function'
  if (has('claimAll')) return
  if (has('claimMany'))
    throw new OptionError('dedup is a store: write createDedup({ name, store }), from @easymo/perf/dedup')
  throw new OptionError('dedup must have a method claimAll(), as one of createDedup has')
}

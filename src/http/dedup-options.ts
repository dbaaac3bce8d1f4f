import { atLeast, hasMethods, isFunction, knownOptions } from '../core/check.ts'
import type { UpdateRunner } from '../core/updates.ts'

/** Who knows which deliveries are done, and what names the updates of one. */
export interface DeduplicationOptions<Body = unknown> {
  /** Knows which keys are done: a dedup, with the store that it was made with. */
  readonly dedup: Pick<UpdateRunner, 'each'>
  /**
   * Names every update of a delivery, the same for every resend of it. An empty list, or one with anything else than
   * strings that are not empty, lets the delivery pass as one that cannot be named. What it throws fails the request:
   * nothing was claimed, and nothing runs.
   *
   * @param body - what the JSON says; nobody has checked that it is a `Body`
   * @param request - for its headers and address; its body has been read
   */
  readonly keys: (body: Body, request: Request) => readonly string[] | Promise<readonly string[]>
  /** Larger bodies are answered with 413. In bytes. @defaultValue 3 145 728 */
  readonly maxBodyBytes?: number
  /**
   * How long a delivery waits that somebody else is working on, in milliseconds. @defaultValue what the dedup was made
   * with: 5000, or 0 by `onInProgress: 'return'`
   */
  readonly waitMs?: number
}

/** The options with their defaults. */
export interface CheckedOptions<Body> extends Required<Omit<DeduplicationOptions<Body>, 'waitMs'>> {
  readonly waitMs: number | undefined
}

/** @throws OptionError `ERR_PERF_OPTION` */
export function checkedOptions<Body>(options: DeduplicationOptions<Body>): CheckedOptions<Body> {
  knownOptions(options, 'dedup', 'keys', 'maxBodyBytes', 'waitMs')
  const { dedup, keys, maxBodyBytes = 3_145_728, waitMs } = options
  hasMethods('dedup', dedup, 'each')
  isFunction('keys', keys)
  atLeast(1, 'maxBodyBytes', maxBodyBytes)
  if (waitMs !== undefined) atLeast(0, 'waitMs', waitMs)
  return { dedup, keys, maxBodyBytes, waitMs }
}

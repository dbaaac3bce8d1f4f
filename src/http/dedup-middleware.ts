import { readBodyInTime } from '../core/body.ts'
import { hasCode } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import { fetchHandler, takesOptions, wrapped, type Handler } from '../core/handler.ts'
import { waitUntilOf, type WaitUntil } from '../core/host.ts'
import { InFlight } from '../core/in-flight.ts'
import type { ClaimAllResult } from '../core/updates.ts'
import { busy, duplicate, refused } from './dedup-answers.ts'
import { checkedOptions, type CheckedOptions, type DeduplicationOptions } from './dedup-options.ts'

/** What came to a handler since it was wrapped. */
export interface DeduplicationStats {
  /** Deliveries with keys; duplicates, busy and failed ones are among them. */
  readonly deliveries: number
  /** All their keys were done before. */
  readonly duplicates: number
  /** Answered 503: somebody else works on one of their keys, or the store cannot be reached. */
  readonly busy: number
  /** Answered 503 because too much was in flight. */
  readonly shed: number
  /** The handler threw, took too long, or gave an answer that does not mean *done*; or the store is not set up. */
  readonly failed: number
  /** JSON without keys: passed through, and handled as often as it came. */
  readonly unkeyed: number
  /** No JSON: passed through, and handled as often as it came. */
  readonly notJson: number
  /** Bodies that were too large, or broke off. */
  readonly rejected: number
}

/** A fetch handler, with counts. */
export interface DeduplicatedHandler<Args extends readonly unknown[]> extends Handler<Args> {
  /** The counts at this moment, as a copy. */
  stats(): DeduplicationStats
}

/** Wraps a handler, and hands its further arguments on untouched. */
export type DeduplicationMiddleware = <Args extends readonly unknown[]>(
  next: Handler<Args>,
) => DeduplicatedHandler<Args>

/**
 * Lets a handler see each delivery once: for handlers that are not behind `createWebhook`. POST only; everything else passes
 * through. Nothing is verified here: what keeps strangers out stands before it.
 *
 * The handler runs once for the whole delivery, when each of its keys is either done or claimed by this request. Its
 * answer is sent when the end of the claims is written down; one outside 200 to 299 (`isDone`), and a throw, give them back
 * and go on unchanged, so that the resend is handled. A delivery whose keys are all done is answered with 200
 * `{"success":true,"duplicate":true}` and `X-Duplicate: true`. While somebody else works on one of its keys, and when the
 * store cannot be reached, nothing runs, and the answer is 503 with `Retry-After`; a dedup with `onStoreError: 'process'`
 * runs it all the same when its store cannot be reached.
 *
 * **A delivery is one piece of work here.** One that brings new updates beside done ones is handled whole, or the new ones
 * would be lost: the handler meets the done ones again. Where that matters, `createWebhook` handles each update by itself.
 *
 * The body is read once, by its stream; the handler is given a request of the same bytes. One that cannot be read,
 * or is not whole within 30 s, is answered with 400, a larger one than `maxBodyBytes` with 413; one that somebody in front
 * has read already with 500.
 *
 * @throws OptionError `ERR_PERF_OPTION`; the handler it returns rejects with `StoreSetupError`, and with what `keys` and the
 *   wrapped handler throw
 */
export function deduplicationMiddleware<Body = unknown>(options: DeduplicationOptions<Body>): DeduplicationMiddleware {
  takesOptions('deduplicationMiddleware', options)
  const checked = checkedOptions(options)
  return (next) => {
    const inner = wrapped('deduplicationMiddleware', next)
    const deliveries = new Deliveries(checked, inner)
    const handler = fetchHandler<typeof next>('deduplicationMiddleware', (request, ...args) =>
      request.method === 'POST' ? deliveries.handle(request, args) : inner(request, ...args),
    )
    return Object.assign(handler, { stats: () => ({ ...deliveries.counts }) })
  }
}

/** On Workers, what is in flight for longer belongs to a request that has ended. */
const LONGEST_FLIGHT_MS = 15 * 60_000
const RETRY_AFTER_OUTAGE_MS = 5_000
const RETRY_AFTER_SHED_MS = 1_000

/** Everything that is posted to one handler. */
class Deliveries<Args extends readonly unknown[], Body> {
  readonly counts = { deliveries: 0, duplicates: 0, busy: 0, shed: 0, failed: 0, unkeyed: 0, notJson: 0, rejected: 0 }
  readonly #options: CheckedOptions<Body>
  readonly #next: Handler<Args>
  readonly #inFlight: InFlight
  readonly #decoder = new TextDecoder()

  constructor(options: CheckedOptions<Body>, next: Handler<Args>) {
    const { host, maxInFlightBytes: maxBytes } = options
    this.#options = options
    this.#next = next
    this.#inFlight = new InFlight({ maxBytes, maxUpdates: Infinity, clock: host.clock, longestMs: LONGEST_FLIGHT_MS })
  }

  async handle(request: Request, args: Args): Promise<Response> {
    const flight = this.#inFlight.enter()
    if (flight === undefined) return this.#shed()
    try {
      const { maxBodyBytes: maxBytes, host } = this.#options
      const bytes = await readBodyInTime(request, { maxBytes, take: (count) => flight.takeBytes(count) }, host.clock)
      if (bytes === 'body_shed') return this.#shed()
      if (typeof bytes !== 'string') return await this.#open(request, bytes, args)
      this.counts.rejected += 1
      host.observe({ name: 'http.rejected', of: this.#options.name, reason: bytes })
      return refused(bytes)
    } finally {
      flight.leave()
    }
  }

  async #open(request: Request, bytes: Uint8Array, args: Args): Promise<Response> {
    const keys = await this.#keysOf(bytes, request)
    if (keys === undefined) return this.#next(withBody(request, bytes), ...args)
    this.counts.deliveries += 1
    return this.#handleOnce(keys, {
      waitUntil: waitUntilOf(args),
      work: () => this.#next(withBody(request, bytes), ...args),
    })
  }

  async #handleOnce(keys: readonly string[], { work, waitUntil }: Once): Promise<Response> {
    const { dedup, isDone, waitMs, handleTimeoutMs } = this.#options
    let began = false
    const begin = (): Response | Promise<Response> => {
      began = true
      return work()
    }
    try {
      const result = await dedup.claimAll(keys, begin, {
        isDone,
        ...(waitMs !== undefined && { waitMs }),
        ...(handleTimeoutMs !== undefined && { handleTimeoutMs }),
        ...(waitUntil && { waitUntil }),
      })
      return this.#answer(result)
    } catch (error) {
      const outage = !began && hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')
      this.#options.host.observe({ name: 'http.failed', of: this.#options.name, ...codeOf(error) })
      this.counts[outage ? 'busy' : 'failed'] += 1
      if (outage) return busy(RETRY_AFTER_OUTAGE_MS)
      throw error
    }
  }

  #answer(result: ClaimAllResult<Response>): Response {
    switch (result.status) {
      case 'done':
        return result.value
      case 'undone':
        this.counts.failed += 1
        return result.value
      case 'duplicate':
        this.counts.duplicates += 1
        return duplicate()
      default:
        // Also a word that this version does not know: a runner may be the user's own.
        this.counts.busy += 1
        return busy(result.retryAfterMs ?? 1)
    }
  }

  #shed(): Response {
    this.counts.shed += 1
    return busy(RETRY_AFTER_SHED_MS)
  }

  async #keysOf(bytes: Uint8Array, request: Request): Promise<readonly string[] | undefined> {
    let body: unknown
    try {
      body = JSON.parse(this.#decoder.decode(bytes))
    } catch {
      this.counts.notJson += 1
      return undefined
    }
    const keys: unknown = await this.#options.keys(body as Body, request)
    // One that is missing counts as all: its update would be silenced by the others'.
    if (Array.isArray(keys) && keys.length > 0 && keys.every(isKey))
      return [...new Set(keys)].map((key) => `${this.#options.name}:${key}`)
    this.counts.unkeyed += 1
    return undefined
  }
}

interface Once {
  readonly work: () => Response | Promise<Response>
  readonly waitUntil: WaitUntil | undefined
}

const isKey = (key: unknown): key is string => typeof key === 'string' && key !== ''

/** What has been read cannot be read again, so the handler gets the bytes anew. */
function withBody(request: Request, bytes: Uint8Array): Request {
  if (request.body === null) return request
  const copy = new Request(request, { body: bytes as Uint8Array<ArrayBuffer> })
  // The signal of `toNode` is one of its own, made when it is read; a copy knows nothing of it.
  if (Object.hasOwn(request, 'signal'))
    Object.defineProperty(copy, 'signal', { configurable: true, get: () => request.signal })
  return copy
}

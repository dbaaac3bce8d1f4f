import type { Clock } from '../core/clock.ts'
import { keepAlive, type Host, type WaitUntil } from '../core/host.ts'
import { isPromiseLike } from '../core/promise.ts'
import { fieldOf, passed } from './cache-answer.ts'
import { collect, copyBody, settlesNow, type CopyLimits } from './cache-body.ts'
import { isConditional, unconditional } from './cache-conditional.ts'
import type { StoredResponse } from './cache-entry.ts'
import { draftOf, storedOf } from './cache-make.ts'
import type { Drops } from './cache-memory.ts'
import type { CheckedOptions } from './cache-options.ts'
import { policyOf, type Policy } from './cache-policy.ts'
import type { CachePort } from './cache-port.ts'
import { withVariant } from './cache-vary.ts'

/** A request that the cache could not answer. */
export interface Visit {
  readonly request: Request
  readonly key: string
  /** Asks the handler. */
  readonly ask: (request: Request) => Response | Promise<Response>
  readonly waitUntil: WaitUntil | undefined
  /** True when something is stored under the key, though it cannot be used as it is. */
  readonly found: boolean
}

/** What came of asking the handler, for those who waited for it. Never a stream: that belongs to one request. */
export type Outcome =
  | { readonly kind: 'stored'; readonly stored: StoredResponse }
  /** It may be given to nobody else: personal, too large, or a failure. */
  | { readonly kind: 'unshared'; readonly failed: boolean }
  /** Whoever asked has gone, and took the answer along. */
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'threw'; readonly error: unknown }

/** The answer to the one who asked, and what came of it for others. The second never rejects. */
export interface Fill {
  readonly response: Promise<Response>
  readonly outcome: Promise<Outcome>
}

interface Asked extends Pick<StoredResponse, 'vary'> {
  readonly response: Response
  /** Stores the response once its bytes are there; `undefined` when it may not be stored. */
  readonly keep: ((bytes: Promise<Uint8Array | undefined>) => Promise<Outcome>) | undefined
}

/** Asks handlers, and stores what they answer if it may be stored. */
export class Filler {
  readonly #options: CheckedOptions
  readonly #port: CachePort
  readonly #drops: Drops
  readonly #host: Host
  readonly #clock: Clock
  readonly #limits: CopyLimits

  constructor(options: CheckedOptions, port: CachePort, drops: Drops) {
    const { host, maxBytes, loadTimeoutMs: timeoutMs } = options
    this.#options = options
    this.#port = port
    this.#drops = drops
    this.#host = host
    this.#clock = host.clock
    this.#limits = { maxBytes, timeoutMs, clock: host.clock }
  }

  /** @param asItIs - with the client's own conditions, because its answer will not be stored anyway */
  foreground(visit: Visit, asItIs = false): Fill {
    const { request } = visit
    const whole = asItIs || !isConditional(request.headers)
    const filling = this.#fill(visit, whole ? request : inFull(request, request.signal))
    return {
      response: filling.then(({ response }) => response),
      outcome: filling.then(
        ({ outcome }) => outcome,
        (error: unknown) => threw(visit, error),
      ),
    }
  }

  /** As `foreground`, for nobody in particular. */
  async background(visit: Visit, request: Request): Promise<Outcome> {
    try {
      const { response, keep } = await this.#ask(visit, request)
      if (keep !== undefined)
        return await keep(
          response.body === null ? copyBody(null, this.#limits).bytes : collect(response.body, this.#limits),
        )
      response.body?.cancel().catch(ignore)
      return this.#unshared(visit, response.status)
    } catch (error) {
      return { kind: 'threw', error }
    }
  }

  async #fill(visit: Visit, request: Request): Promise<{ response: Response; outcome: Outcome | Promise<Outcome> }> {
    const { response, vary, keep } = await this.#ask(visit, request)
    if (keep === undefined)
      return { response: passed(visit.request, response), outcome: this.#unshared(visit, response.status) }
    const { sent, bytes } = copyBody(response.body, this.#limits)
    const keeping = keep(bytes)
    if (await settlesNow(bytes)) {
      const outcome = await keeping
      if (outcome.kind === 'stored') {
        sent?.cancel().catch(ignore)
        const { body, vary } = outcome.stored
        const taken = { body: body as Uint8Array<ArrayBuffer>, etag: fieldOf(outcome.stored, 'etag'), vary }
        return { response: passed(visit.request, response, taken), outcome }
      }
    }
    keepAlive(this.#host, visit.waitUntil, keeping)
    return { response: passed(visit.request, response, { body: sent, vary }), outcome: keeping }
  }

  async #ask(visit: Visit, request: Request): Promise<Asked> {
    const began = this.#drops.begin()
    const askedAt = this.#clock.now()
    const response = await visit.ask(request)
    const exchange = { askedAt, answeredAt: this.#clock.now(), varyBy: this.#options.vary }
    const policy = this.#policy(response, exchange)
    if (policy === undefined) return { response, vary: [], keep: undefined }
    // All that is needed of request and response is read here: some platforms take it away once the answer is sent.
    const draft = draftOf({ request, response }, policy, exchange)
    return {
      response,
      vary: draft.vary,
      keep: async (bytes) => {
        try {
          const body = await bytes
          if (body === undefined) return this.#unshared(visit, response.status)
          const stored = await storedOf(draft, body)
          const writing = this.#store(visit.key, stored, began)
          if (writing !== undefined) keepAlive(this.#host, visit.waitUntil, writing)
          return { kind: 'stored', stored }
        } catch (error) {
          return threw(visit, error)
        }
      },
    }
  }

  #policy(response: Response, exchange: { askedAt: number; answeredAt: number }): Policy | undefined {
    try {
      return policyOf(response, exchange, this.#options)
    } catch {
      this.#host.observe({ name: 'http.cache_failed', of: this.#options.name, reason: 'ttl' })
      return undefined
    }
  }

  /** Not when the resource was dropped since the handler was asked: the response may show what was before. */
  #store(key: string, stored: StoredResponse, began: number): Promise<unknown> | undefined {
    if (this.#drops.since(key, began)) return undefined
    // The only variant there is need not know of others.
    if (stored.vary.length === 0) return this.#port.set(key, { variants: [stored] })
    const before = this.#port.get(key)
    const { maxVariants } = this.#options
    if (!isPromiseLike(before)) return this.#port.set(key, withVariant(before, stored, maxVariants))
    return before.then((entry) =>
      this.#drops.since(key, began) ? undefined : this.#port.set(key, withVariant(entry, stored, maxVariants)),
    )
  }

  #unshared({ key, found, waitUntil }: Visit, status: number): Outcome {
    const failed = status >= 500
    // The handler no longer says what is stored, and wants nothing else to be stored in its place.
    const dropping = found && !failed && status !== 304 ? this.#port.delete(key) : undefined
    if (dropping !== undefined) keepAlive(this.#host, waitUntil, dropping)
    return { kind: 'unshared', failed }
  }
}

/** A request for the whole resource, whatever part of the answer the client would do with. */
export function inFull(request: Request, signal: AbortSignal): Request {
  return new Request(request, { method: 'GET', headers: unconditional(request.headers), signal })
}

function threw({ request }: Visit, error: unknown): Outcome {
  return request.signal.aborted ? { kind: 'abandoned' } : { kind: 'threw', error }
}

const ignore = (): void => undefined

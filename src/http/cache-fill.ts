import type { Clock } from '../core/clock.ts'
import { keepAlive, type Host, type WaitUntil } from '../core/host.ts'
import { isPromiseLike } from '../core/promise.ts'
import { fieldOf, passed, type Passing } from './cache-answer.ts'
import { collect, copyBody, settlesNow, type CopyLimits } from './cache-body.ts'
import { withoutCookies } from './cache-request.ts'
import { declaredLength } from './cache-encoding.ts'
import { isConditional, unconditional } from './cache-conditional.ts'
import { lateness, type StoredResponse } from './cache-entry.ts'
import { draftOf, storedOf } from './cache-make.ts'
import type { Drops } from './cache-memory.ts'
import type { CheckedOptions } from './cache-options.ts'
import { policyOf, type Policy } from './cache-policy.ts'
import type { CachePort, Start } from './cache-port.ts'
import { variantFor, withVariant } from './cache-vary.ts'

/** A request that the cache could not answer. */
export interface Visit {
  readonly request: Request
  readonly key: string
  /** Asks the handler. */
  readonly ask: (request: Request) => Response | Promise<Response>
  readonly waitUntil: WaitUntil | undefined
  /** True when something is stored under the key, though it cannot be used as it is. */
  readonly found: boolean
  /** The beginning of this question to the handler, when that was asked for with what is stored. */
  readonly early?: Early | undefined
}

/** A beginning, and when it was asked for, by `clock.elapsed`. */
export interface Early {
  readonly start: Promise<Start | undefined>
  readonly at: number
}

/** What came of asking the handler, for those who waited for it. Never a stream: that belongs to one request. */
export type Outcome =
  | {
      readonly kind: 'stored'
      readonly stored: StoredResponse
      /** Whether it was purged since the handler was asked, so that it may show what was before. */
      readonly isOutdated: () => boolean
    }
  /** Its body is long in coming; nobody is to wait for it. What comes of it in the end never rejects. */
  | { readonly kind: 'streams'; readonly end: Promise<Outcome> }
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

/** When the handler was asked, as this process counts drops, and as the cache has it. */
interface Began {
  readonly drops: number
  /** `undefined` when the cache did not say: then nothing is stored. */
  readonly start: Start | undefined
}

/** An earlier beginning would do too; what was dropped just before would only not be stored. */
const EARLY_MS = 100

/** So long others wait for a body that has begun: what is not there by then may take any time. */
const PATIENCE_MS = 250

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
    const filling = this.#fill(visit, whole ? withoutCookies(request) : inFull(request, request.signal))
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
      const began = await this.#began(visit)
      const taken = this.#taken(visit, request, began)
      if (taken !== undefined) return taken
      const { response, keep } = await this.#ask(visit, request, began)
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
    const begun = this.#began(visit)
    // With a cache in memory nobody waits for anything.
    const began = isPromiseLike(begun) ? await begun : begun
    const { response, vary, keep } = await this.#ask(visit, request, began)
    if (keep === undefined)
      return { response: this.#passed(visit, response), outcome: this.#unshared(visit, response.status) }
    const { sent, bytes } = copyBody(response.body, this.#limits)
    const keeping = keep(bytes)
    if (await settlesNow(bytes)) {
      const outcome = await keeping
      if (outcome.kind === 'stored') {
        sent?.cancel().catch(ignore)
        const { body, vary } = outcome.stored
        const taken = { body: body as Uint8Array<ArrayBuffer>, etag: fieldOf(outcome.stored, 'etag'), vary }
        return { response: this.#passed(visit, response, taken), outcome }
      }
    }
    keepAlive(this.#host, visit.waitUntil, keeping)
    return { response: this.#passed(visit, response, { body: sent, vary }), outcome: this.#ifShort(keeping) }
  }

  #passed({ request }: Visit, response: Response, taken?: Passing): Response {
    return passed(request, response, { now: this.#clock.now(), ...(taken && { taken }) })
  }

  /** What came of it, when the body is there soon. */
  async #ifShort(keeping: Promise<Outcome>): Promise<Outcome> {
    let stop = ignore
    const streams = new Promise<Outcome>((resolve) => {
      stop = this.#clock.after(PATIENCE_MS, () => resolve({ kind: 'streams', end: keeping }))
    })
    return Promise.race([keeping, streams]).finally(stop)
  }

  async #ask(visit: Visit, request: Request, began: Began): Promise<Asked> {
    const askedAt = this.#clock.now()
    const response = await visit.ask(request)
    const exchange = { askedAt, answeredAt: this.#clock.now(), varyBy: this.#options.vary }
    const policy = this.#policy(response, exchange)
    if (policy === undefined) return { response, vary: [], keep: undefined }
    // All that is needed of request and response is read here: some platforms take it away once the answer is sent.
    const tags = this.#tags(request, response)
    if (tags === undefined) return { response, vary: [], keep: undefined }
    const draft = draftOf({ request, response }, policy, { ...exchange, tags })
    const length = declaredLength(response)
    return {
      response,
      vary: draft.vary,
      keep: async (bytes) => {
        try {
          const body = await bytes
          if (body === undefined) return this.#unshared(visit, response.status)
          // Less than was promised: it was broken off, and says nothing of what is stored (RFC 9111, section 3.3).
          if (length !== undefined && !(body.byteLength >= length)) return { kind: 'unshared', failed: true }
          const stored = await storedOf(draft, body)
          const writing = this.#store(visit.key, stored, began)
          if (writing !== undefined) keepAlive(this.#host, visit.waitUntil, writing)
          const isOutdated = (): boolean =>
            this.#drops.since(visit.key, began.drops) || began.start?.since?.isOutdated(tags) === true
          return { kind: 'stored', stored, isOutdated }
        } catch (error) {
          return threw(visit, error)
        }
      },
    }
  }

  #began({ key, early }: Visit): Began | Promise<Began> {
    const drops = this.#drops.begin()
    const isEarly = early !== undefined && this.#clock.elapsed() - early.at < EARLY_MS
    const start = isEarly ? early.start : this.#port.begin(key)
    return isPromiseLike(start) ? start.then((begun) => ({ drops, start: begun })) : { drops, start }
  }

  /** What another process has stored meanwhile, in place of asking the handler for it. */
  #taken({ key }: Visit, { headers }: Request, { drops, start }: Began): Outcome | undefined {
    const entry = start?.since?.value
    const stored = variantFor(this.#port.valid(key, entry), headers)
    if (entry === undefined || stored === undefined || lateness(stored, this.#clock.now()) >= 0) return undefined
    if (start === undefined || this.#drops.since(key, drops)) return undefined
    const writing = this.#port.set(key, entry, start)
    if (writing !== undefined) this.#host.track(writing)
    return { kind: 'stored', stored, isOutdated: () => false }
  }

  /** By what it can be purged; `undefined` when the user's function failed: what cannot be purged is not stored. */
  #tags(request: Request, response: Response): readonly string[] | undefined {
    const { tags, name } = this.#options
    if (tags === undefined) return []
    try {
      const given: unknown = tags(request, response)
      if (Array.isArray(given) && given.every((tag) => typeof tag === 'string' && tag !== '')) return given as string[]
    } catch {
      // Told below: the request must not suffer from it.
    }
    this.#host.observe({ name: 'http.cache_failed', of: name, reason: 'tags' })
    return undefined
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
  #store(key: string, stored: StoredResponse, { drops, start }: Began): Promise<unknown> | undefined {
    if (start === undefined || this.#drops.since(key, drops)) return undefined
    // The only variant there is need not know of others.
    if (stored.vary.length === 0) return this.#port.set(key, { variants: [stored] }, start)
    const before = this.#port.exact(key)
    const { maxVariants } = this.#options
    if (!isPromiseLike(before)) return this.#port.set(key, withVariant(before, stored, maxVariants), start)
    return before.then((entry) =>
      this.#drops.since(key, drops) ? undefined : this.#port.set(key, withVariant(entry, stored, maxVariants), start),
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
  const headers = unconditional(request.headers)
  headers.delete('cookie')
  return new Request(request, { method: 'GET', headers, signal })
}

function threw({ request }: Visit, error: unknown): Outcome {
  return request.signal.aborted ? { kind: 'abandoned' } : { kind: 'threw', error }
}

const ignore = (): void => undefined

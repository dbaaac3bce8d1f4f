import { withDeadline } from '../core/deadline.ts'
import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import { isPromiseLike } from '../core/promise.ts'
import { createSingleFlight, type SingleFlight } from '../core/single-flight.ts'
import { fromStored, notStored, passed } from './cache-answer.ts'
import { settlesNow } from './cache-body.ts'
import { ageOf, lateness, type CachedResponse, type StoredResponse } from './cache-entry.ts'
import { inFull, type Early, type Fill, type Filler, type Outcome, type Visit } from './cache-fill.ts'
import { Pauses, ShortMemory, type Drops } from './cache-memory.ts'
import { keyOfRead } from './cache-names.ts'
import type { CheckedOptions } from './cache-options.ts'
import type { CachePort } from './cache-port.ts'
import { isShared, wishOf, type Wish } from './cache-request.ts'
import { suits, variantFor, varyOf } from './cache-vary.ts'

/** So long nobody waits for an address whose last answer was not for all. */
const NOT_SHARED_MS = 5_000

/** So often a request waits anew: for an answer of its own variant, or after the one who asked has gone. */
const MOST_WAITS = 3

/** A GET or HEAD that may be answered from the cache. */
interface Question {
  readonly request: Request
  readonly ask: Visit['ask']
  readonly args: readonly unknown[]
  readonly wish: Wish
  readonly early?: Early | undefined
}

/** A GET or HEAD on its way to the handler. */
interface Reading extends Visit {
  readonly wish: Wish
  /** The stored response that suits the request; too old to be used as it is. */
  readonly stored: StoredResponse | undefined
  /** The request fields that responses of this resource are known to depend on. */
  readonly varyBy: readonly string[]
}

/** Requests that may be answered with what is stored. */
export class Reads {
  readonly #options: CheckedOptions
  readonly #host: Host
  readonly #port: CachePort
  readonly #drops: Drops
  readonly #filler: Filler
  readonly #flights: SingleFlight<Outcome>
  readonly #pauses: Pauses
  readonly #notShared: ShortMemory<true>

  constructor(options: CheckedOptions, parts: { port: CachePort; drops: Drops; filler: Filler }) {
    const { host, name, loadTimeoutMs: timeoutMs } = options
    this.#options = options
    this.#host = host
    this.#port = parts.port
    this.#drops = parts.drops
    this.#filler = parts.filler
    this.#flights = createSingleFlight({ host, timeoutMs, what: `the handler behind ${name}` })
    this.#pauses = new Pauses(host.clock)
    this.#notShared = new ShortMemory(host.clock)
  }

  /** Not an async function: with a synchronous cache, a hit is answered at once. */
  answer(request: Request, ask: Visit['ask'], args: readonly unknown[]): Response | Promise<Response> {
    const { method, headers } = request
    if ((method !== 'GET' && method !== 'HEAD') || !isShared(headers, this.#options.ignoreCookies)) return ask(request)
    const wish = wishOf(headers, this.#options.allowClientRevalidation)
    const key = wish.noStore ? undefined : keyOfRead(request, this.#options)
    if (key === undefined) return ask(request)
    const question = { request, ask, args, wish }
    if (typeof key === 'string') return this.#look(question, key)
    return key.then((hashed) => (hashed === undefined ? ask(request) : this.#look(question, hashed)))
  }

  #look(question: Question, key: string): Response | Promise<Response> {
    const start = this.#port.early(key)
    const found = this.#port.get(key)
    if (!isPromiseLike(found)) return this.#decide(question, key, found)
    const asked = start && { ...question, early: { start, at: this.#host.clock.elapsed() } }
    return found.then((entry) => this.#decide(asked ?? question, key, entry))
  }

  #decide(question: Question, key: string, entry: CachedResponse | undefined): Response | Promise<Response> {
    const { request, ask, args, wish, early } = question
    const stored = variantFor(entry, request.headers)
    const now = this.#host.clock.now()
    const word = stored === undefined ? undefined : this.#wordFor(key, stored, { wish, now })
    if (stored !== undefined && word === 'HIT') return fromStored(request, stored, { word, now })
    const waitUntil = waitUntilOf(args)
    const varyBy = entry?.variants[0]?.vary.map(([name]) => name) ?? []
    const reading = { request, key, ask, waitUntil, wish, stored, varyBy, early, found: entry !== undefined }
    if (stored === undefined || word === undefined) return this.#unanswered(reading)
    this.#refresh(reading)
    return fromStored(request, stored, { word, now })
  }

  /**
   * How a stored response may be used: fresh, or stale within the window for refreshing, or, after a failure, within the
   * window for errors while the pause lasts.
   */
  #wordFor(key: string, stored: StoredResponse, at: { wish: Wish; now: number }): 'HIT' | 'STALE' | undefined {
    if (ageOf(stored, at.now) > at.wish.oldestMs) return undefined
    const late = lateness(stored, at.now)
    if (late < 0) return 'HIT'
    const usable = late < stored.staleWhileRevalidateMs || (late < stored.staleIfErrorMs && this.#pauses.has(key))
    return usable ? 'STALE' : undefined
  }

  #unanswered(reading: Reading): Response | Promise<Response> {
    const { request, wish } = reading
    if (wish.onlyStored) return notStored(request.method)
    if (request.method === 'HEAD') return this.#orStale(reading, this.#head(reading))
    // Who asks for an answer that is made now would not be served by one that is under way.
    return wish.oldestMs < 0 ? this.#alone(reading) : this.#load(reading, MOST_WAITS)
  }

  async #head({ request, ask }: Reading): Promise<Response> {
    return passed(request, await ask(request), { now: this.#host.clock.now() })
  }

  #refresh(reading: Reading): void {
    const { key, request, waitUntil } = reading
    const flight = this.#flightOf(reading)
    if (this.#pauses.has(key) || this.#flights.has(flight)) return
    const { name } = this.#options
    const shared = this.#flights.run(flight, ({ signal }) => this.#filler.background(reading, inFull(request, signal)))
    const refreshed = this.#settled(reading, shared).then((failed) => {
      if (failed) this.#host.observe({ name: 'cache.refresh_failed', of: name })
    })
    keepAlive(this.#host, waitUntil, refreshed)
  }

  /** Waits for the answer that another request is getting, or asks the handler for all. */
  async #load(reading: Reading, waits: number): Promise<Response> {
    const { request, waitUntil } = reading
    const flight = this.#flightOf(reading)
    if (waits === 0 || this.#notShared.get(flight) === true) return this.#alone(reading, waits > 0)
    let own: Fill | undefined
    const leading = (): Fill | undefined => own
    // Only who joins may leave early; and a signal is not touched for nothing.
    const signal = this.#flights.has(flight) ? request.signal : undefined
    const start = (): Promise<Outcome> => {
      own = this.#filler.foreground(reading)
      return own.outcome
    }
    const shared = this.#flights.run(flight, start, { waitUntil, signal })
    const first = leading()
    if (first !== undefined) return this.#lead(reading, first, shared)
    const outcome = await shared.catch((error: unknown) => {
      if (request.signal.aborted) throw error
      // Waited in vain.
      return undefined
    })
    // On Workers, the request that asked may have ended, and this one asked in its place.
    const second = leading()
    if (second !== undefined) return this.#lead(reading, second, shared)
    return outcome === undefined ? this.#alone(reading) : this.#joined(reading, outcome, waits)
  }

  #lead(reading: Reading, { response }: Fill, shared: Promise<Outcome>): Promise<Response> {
    const settled = this.#settled(reading, shared)
    // What is known by now is written down before the answer goes out: whoever comes next is to find it.
    const noted = response.then(async (answer) => {
      await settlesNow(settled)
      return answer
    })
    return this.#orStale(reading, noted)
  }

  #joined(reading: Reading, outcome: Outcome, waits: number): Response | Promise<Response> {
    const { request } = reading
    switch (outcome.kind) {
      case 'stored': {
        const { stored } = outcome
        if (outcome.isOutdated()) return this.#load({ ...reading, stored: undefined }, waits - 1)
        const varyBy = stored.vary.map(([name]) => name)
        if (!suits(stored, request.headers)) return this.#load({ ...reading, stored: undefined, varyBy }, waits - 1)
        const now = this.#host.clock.now()
        const word = this.#wordFor(reading.key, stored, { wish: reading.wish, now })
        return word === undefined ? this.#alone(reading) : fromStored(request, stored, { word, now })
      }
      case 'streams':
        return this.#alone(reading)
      case 'unshared':
        return (outcome.failed ? this.#fallback(reading) : undefined) ?? this.#alone(reading)
      case 'abandoned':
        return this.#load(reading, waits - 1)
      case 'threw': {
        const stale = this.#fallback(reading)
        if (stale !== undefined) return stale
        throw outcome.error
      }
    }
  }

  /** Asks the handler for this request alone; what it answers may still be stored. */
  #alone(reading: Reading, asItIs = false): Promise<Response> {
    const { response, outcome } = this.#filler.foreground(reading, asItIs)
    void this.#settled(reading, outcome, false)
    return this.#orStale(reading, response)
  }

  /** Remembers what came of asking the handler. @returns true when it failed */
  async #settled(reading: Reading, asked: Promise<Outcome>, waitedFor = true): Promise<boolean> {
    const flight = this.#flightOf(reading)
    const outcome = await asked.catch(() => undefined)
    if (outcome?.kind === 'abandoned') return false
    if (outcome?.kind === 'streams') {
      if (waitedFor) this.#notShared.set(flight, true, NOT_SHARED_MS)
      return this.#settled(reading, outcome.end, false)
    }
    if (outcome?.kind === 'stored') {
      this.#pauses.succeeded(reading.key)
      this.#notShared.delete(flight)
      return false
    }
    // Nobody is to wait again for what did not come in time (then there is no outcome), or was not for all. Only who was
    // waited for says so: else those who ask alone would prolong it for ever.
    if (waitedFor && outcome?.kind !== 'threw') this.#notShared.set(flight, true, NOT_SHARED_MS)
    const failed = outcome?.kind !== 'unshared' || outcome.failed
    // Only a stale response gives a reason to wait before the next try.
    if (failed && reading.stored !== undefined) this.#pauses.failed(reading.key)
    return failed
  }

  /** The handler's answer; what is stale, when it fails within the window for errors. */
  async #orStale(reading: Reading, asked: Promise<Response>): Promise<Response> {
    if (!this.#mayFallBack(reading)) return asked
    const { host, name, loadTimeoutMs: timeoutMs } = this.#options
    const { clock } = host
    const drop = (response: Response): unknown => response.body?.cancel().catch(() => undefined)
    try {
      const response = await withDeadline({ clock, timeoutMs, what: `the handler behind ${name}` }, () => asked)
      const stale = response.status < 500 ? undefined : this.#fallback(reading)
      if (stale !== undefined) drop(response)
      return stale ?? response
    } catch {
      const stale = this.#fallback(reading)
      if (stale === undefined) return asked
      asked.then(drop, () => undefined)
      return stale
    }
  }

  /** What is stored, when its window for errors is open. */
  #fallback(reading: Reading): Response | undefined {
    const { request, stored } = reading
    if (stored === undefined || !this.#mayFallBack(reading)) return undefined
    return fromStored(request, stored, { word: 'STALE', now: this.#host.clock.now() })
  }

  #mayFallBack({ stored, wish }: Reading): boolean {
    if (stored === undefined || wish.oldestMs < Infinity) return false
    return lateness(stored, this.#host.clock.now()) < stored.staleIfErrorMs
  }

  /** What requests have in common that one answer can serve. */
  #flightOf({ key, request, varyBy }: Reading): string {
    const names = [...this.#options.vary, ...varyBy]
    const values = names.length === 0 ? '' : JSON.stringify(varyOf(request.headers, names))
    return `${this.#drops.of(key)} ${key} ${values}`
  }
}

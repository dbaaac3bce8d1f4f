import { readBodyInTime } from '../core/body.ts'
import { OptionError, hasCode } from '../core/errors.ts'
import { codeOf, isTellable, type Fact } from '../core/fact.ts'
import { keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import { InFlight, type Flight } from '../core/in-flight.ts'
import { endsSoon } from '../core/promise.ts'
import { tellUser } from '../core/tell-user.ts'
import type { EachOptions, EachResult } from '../core/updates.ts'
import { answered, outcomeOf, rejected, verdictOf, type Outcome } from './answers.ts'
import { eachOptionsOf, type Arrival, type TellError } from './each-options.ts'
import { isRunner, type CheckedOptions, type DoorRunner } from './options.ts'
import { errorPrinter } from './print-error.ts'
import type { Rejection, SplitDelivery, UnkeyedChange, Update } from './provider.ts'
import { Unkeyed } from './unkeyed.ts'

const RETRY_AFTER_OUTAGE_MS = 5_000
const RETRY_AFTER_SHED_MS = 1_000
const TELL_SHED_EVERY_MS = 1_000
const NOT_JSON = Symbol('not json')
/** On Workers, what is in flight for longer belongs to a request that has ended. */
const LONGEST_FLIGHT_MS = 15 * 60_000

/** What lets deliveries in, has their updates handled, and answers. */
export class Door<Args extends readonly unknown[], U extends Update> {
  readonly counts = { deliveries: 0, updates: 0, unkeyed: 0, failed: 0, rejected: 0, shed: 0, late: 0 }
  readonly #options: CheckedOptions<Args, U>
  readonly #host: Host
  readonly #eachOptions: EachOptions<Arrival<Args, U>, unknown>
  readonly #unkeyed: Unkeyed<Args, U>
  readonly #inFlight: InFlight
  readonly #tellError: TellError<Args>
  readonly #decoder = new TextDecoder()
  #checkedRetention = false
  #shedTold = { count: 0, quietUntil: -Infinity }

  constructor(options: CheckedOptions<Args, U>) {
    const { name, host, onError = errorPrinter(name, host.clock), maxInFlightBytes, maxInFlightUpdates } = options
    this.#options = options
    this.#host = host
    this.#tellError = (error, context) => tellUser(() => onError(error, context))
    this.#eachOptions = eachOptionsOf(options, this.#tellError)
    this.#unkeyed = new Unkeyed(options, this.#eachOptions.permits)
    const limits = { maxBytes: maxInFlightBytes, maxUpdates: maxInFlightUpdates }
    this.#inFlight = new InFlight({ ...limits, clock: host.clock, longestMs: LONGEST_FLIGHT_MS })
  }

  reject(reason: Rejection, allow?: string): Response {
    this.counts.rejected += 1
    this.#tell({ name: 'webhook.rejected', reason })
    return rejected(reason, allow)
  }

  shakeHands(request: Request, args: Args): Promise<Response> {
    return this.#inTime(this.#greet(request, args), args)
  }

  async deliver(request: Request, args: Args): Promise<Response> {
    const early = this.#precheck(request, args)
    if (early !== undefined) return unread(request, early)
    const flight = this.#inFlight.enter()
    if (flight === undefined) return unread(request, this.#shed())
    const { maxBodyBytes: maxBytes } = this.#options.provider
    const body = await readBodyInTime(request, { maxBytes, take: (bytes) => flight.takeBytes(bytes) }, this.#host.clock)
    if (typeof body !== 'string') return this.#inTime(this.#open(request, body, { args, flight }), args)
    flight.leave()
    return body === 'body_shed' ? this.#shed() : this.reject(body)
  }

  #precheck(request: Request, args: Args): Response | undefined {
    try {
      return this.#refusal(this.#options.provider.precheck?.(request))
    } catch (error) {
      return this.#crashed(error, args)
    }
  }

  async #greet(request: Request, args: Args): Promise<Response> {
    try {
      const answer: unknown = (await this.#options.provider.handshake?.(request, ...args)) ?? 'method'
      return isResponse(answer) ? answer : (this.#refusal(answer) ?? this.reject('refused'))
    } catch (error) {
      return this.#crashed(error, args)
    }
  }

  /** Turns away whatever a provider says; what is no word of ours is told if it can be. */
  #refusal(said: unknown): Response | undefined {
    const reason = verdictOf(said)
    if (reason !== 'refused') return reason && this.reject(reason)
    this.counts.rejected += 1
    this.#tell({ name: 'webhook.rejected', reason: isTellable(said) ? said : reason })
    return rejected(reason)
  }

  async #open(request: Request, body: Uint8Array, of: { args: Args; flight: Flight }): Promise<Response> {
    const { provider } = this.#options
    try {
      const refusal = this.#refusal(await provider.verify(request, body, ...of.args))
      if (refusal !== undefined) return refusal
      const parsed = this.#parse(body)
      if (parsed === NOT_JSON) return this.reject('bad_json')
      const delivery = await provider.split(parsed)
      if (delivery === undefined) return this.reject('not_a_delivery')
      isSplit(delivery)
      if (!of.flight.takeUpdates(delivery.updates.length)) return this.#shed()
      this.counts.deliveries += 1
      this.counts.updates += delivery.updates.length
      return answered(await this.#work(delivery, of.args))
    } catch (error) {
      return this.#crashed(error, of.args)
    } finally {
      // Not when it is answered: what goes on after that takes room, too.
      of.flight.leave()
    }
  }

  #parse(body: Uint8Array): unknown {
    try {
      return JSON.parse(this.#decoder.decode(body))
    } catch {
      return NOT_JSON
    }
  }

  async #work({ updates, unkeyed }: SplitDelivery<U>, args: Args): Promise<Outcome> {
    const arrivals = updates.map((update) => this.#arrival(update, args))
    // Side by side: what cannot be keyed holds up no update that can, however long it takes.
    const telling = unkeyed.length > 0 && this.#handleUnkeyed(unkeyed, args)
    try {
      const results = arrivals.length > 0 ? await this.#runnerFor(args).each(arrivals, this.#eachOptions) : []
      for (const [at, result] of results.entries())
        if (result.status === 'failed') this.#updateFailed(arrivals[at], result)
      return outcomeOf(results, telling && (await telling))
    } catch (error) {
      this.#tell({ name: 'webhook.failed', reason: 'store', ...codeOf(error) })
      if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
      this.#tellError(error, { kind: 'delivery', attempt: 0, args })
      if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return { status: 'busy', retryAfterMs: RETRY_AFTER_OUTAGE_MS }
      return { status: 'failed' }
    }
  }

  /** An update as the dedup knows it: without a key of its own, all of them would be one. */
  #arrival(update: U, args: Args): Arrival<Args, U> {
    const { key } = update
    if (typeof key !== 'string' || key === '')
      throw new OptionError('split must give each update a key, a string that is not empty')
    return { update: { ...update, key: `${this.#options.name}:${key}` }, args, told: false }
  }

  #updateFailed(
    arrival: Arrival<Args, U> | undefined,
    { error }: Extract<EachResult<unknown>, { status: 'failed' }>,
  ): void {
    this.counts.failed += 1
    const reason = hasCode(error, 'ERR_PERF_TIMEOUT') ? 'timeout' : 'error'
    this.#tell({ name: 'webhook.update_failed', reason, ...codeOf(error) })
    // By a runner of the user's own, nobody may have been told.
    if (arrival?.told === false) this.#tellError(error, { kind: arrival.update.kind, attempt: 1, args: arrival.args })
  }

  #runnerFor(args: Args): DoorRunner {
    const { dedup, provider } = this.#options
    const runner = typeof dedup === 'function' ? dedup(...args) : dedup
    isRunner(runner)
    if (!this.#checkedRetention && runner.retentionMs < provider.retryHorizonMs)
      this.#tell({ name: 'webhook.short_retention', durationMs: runner.retentionMs })
    this.#checkedRetention = true
    return runner
  }

  #handleUnkeyed(unkeyed: readonly UnkeyedChange[], args: Args): Promise<boolean> {
    this.counts.unkeyed += unkeyed.length
    this.#tell({ name: 'webhook.unkeyed', count: unkeyed.length })
    return this.#unkeyed.handle(unkeyed, {
      args,
      waitUntil: (promise) => this.#keepAlive(promise, args),
      failed: (error) => {
        this.counts.failed += 1
        this.#tell({ name: 'webhook.failed', reason: 'unkeyed', ...codeOf(error) })
        this.#tellError(error, { kind: 'unkeyed', attempt: 1, args })
      },
    })
  }

  /** There is no room: nothing was claimed, and the provider comes again. */
  #shed(): Response {
    this.counts.shed += 1
    this.#shedTold.count += 1
    const now = this.#host.clock.elapsed()
    // A flood of deliveries must not be a flood of facts.
    if (now >= this.#shedTold.quietUntil) {
      this.#tell({ name: 'webhook.shed', count: this.#shedTold.count })
      this.#shedTold = { count: 0, quietUntil: now + TELL_SHED_EVERY_MS }
    }
    return answered({ status: 'busy', retryAfterMs: RETRY_AFTER_SHED_MS })
  }

  /** The answer, or *busy* when the provider will not wait for it any longer; the work goes on then. */
  async #inTime(working: Promise<Response>, args: Args): Promise<Response> {
    return (await endsSoon(working)) ? working : this.#untilLate(working, args)
  }

  #untilLate(working: Promise<Response>, args: Args): Promise<Response> {
    const retryAfterMs = this.#options.answerWithinMs
    return new Promise((resolve, reject) => {
      const cancel = this.#host.clock.after(retryAfterMs, () => {
        this.counts.late += 1
        this.#tell({ name: 'webhook.late', durationMs: retryAfterMs })
        this.#keepAlive(working, args)
        resolve(answered({ status: 'busy', retryAfterMs }))
      })
      working.then(resolve, reject).finally(cancel)
    })
  }

  /** Secrets come from a function of the user's, and a provider may be the user's too. */
  #crashed(error: unknown, args: Args): Response {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
    this.#tell({ name: 'webhook.failed', reason: 'provider', ...codeOf(error) })
    this.#tellError(error, { kind: 'delivery', attempt: 0, args })
    return answered({ status: 'failed' })
  }

  #keepAlive(promise: Promise<unknown>, args: Args): void {
    keepAlive(this.#host, waitUntilOf(args), promise)
  }

  #tell(fact: Fact): void {
    this.#host.observe({ ...fact, of: this.#options.name })
  }
}

/** @throws OptionError `ERR_PERF_OPTION` for what a provider of the user's may give */
function isSplit(delivery: unknown): void {
  const { updates, unkeyed } = (delivery ?? {}) as Readonly<Record<string, unknown>>
  if (!Array.isArray(updates) || !Array.isArray(unkeyed))
    throw new OptionError('split must give { updates: [...], unkeyed: [...] }, or undefined')
}

/** By its shape: it may be of another realm. */
function isResponse(value: unknown): value is Response {
  return (
    value instanceof Response || typeof (value as { headers?: { get?: unknown } } | null)?.headers?.get === 'function'
  )
}

/** Answers before the body was read: what comes of it is not kept. */
function unread(request: Request, answer: Response): Response {
  void request.body?.cancel().catch(() => undefined)
  return answer
}

import { readBodyInTime } from '../core/body.ts'
import { hasCode } from '../core/errors.ts'
import { codeOf, type Fact } from '../core/fact.ts'
import { defaultHost, keepAlive, waitUntilOf, type Host } from '../core/host.ts'
import { endsSoon } from '../core/promise.ts'
import type { EachOptions, UpdateRunner } from '../core/updates.ts'
import { answered, outcomeOf, rejected, type Outcome } from './answers.ts'
import { eachOptionsOf, type Arrival } from './each-options.ts'
import type { WebhookOptions } from './options.ts'
import type { Rejection, SplitDelivery, UnkeyedChange, Update } from './provider.ts'

const RETRY_AFTER_OUTAGE_MS = 5_000
const NOT_JSON = Symbol('not json')

/** What lets deliveries in, has their updates handled, and answers. */
export class Door<Args extends readonly unknown[], U extends Update> {
  readonly counts = { deliveries: 0, updates: 0, unkeyed: 0, rejected: 0, late: 0 }
  readonly #options: WebhookOptions<Args, U>
  readonly #host: Host
  readonly #answerWithinMs: number
  readonly #eachOptions: EachOptions<Arrival<Args, U>, unknown>
  readonly #decoder = new TextDecoder()
  #checkedRetention = false

  constructor(options: WebhookOptions<Args, U>) {
    const { provider, host = defaultHost, answerWithinMs = provider.answerWithinMs } = options
    this.#options = options
    this.#host = host
    this.#answerWithinMs = answerWithinMs
    this.#eachOptions = eachOptionsOf(options, { answerWithinMs, host })
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
    const body = await readBodyInTime(request, this.#options.provider.maxBodyBytes, this.#host.clock)
    return typeof body === 'string' ? this.reject(body) : this.#inTime(this.#open(request, body, args), args)
  }

  async #greet(request: Request, args: Args): Promise<Response> {
    try {
      const answer = (await this.#options.provider.handshake?.(request, ...args)) ?? 'method'
      return typeof answer === 'string' ? this.reject(answer) : answer
    } catch (error) {
      return this.#crashed(error)
    }
  }

  async #open(request: Request, body: Uint8Array, args: Args): Promise<Response> {
    const { provider } = this.#options
    try {
      const rejection = await provider.verify(request, body, ...args)
      if (rejection !== undefined) return this.reject(rejection)
      const parsed = this.#parse(body)
      if (parsed === NOT_JSON) return this.reject('bad_json')
      const delivery = await provider.split(parsed)
      if (delivery === undefined) return this.reject('not_a_delivery')
      this.counts.deliveries += 1
      this.counts.updates += delivery.updates.length
      return answered(await this.#work(delivery, args))
    } catch (error) {
      return this.#crashed(error)
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
    // Side by side: what cannot be keyed holds up no update that can, however long it takes.
    const telling = unkeyed.length > 0 && this.#tellUnkeyed(unkeyed, args)
    try {
      const arrivals = updates.map((update) => ({ update, args }))
      const results = arrivals.length > 0 ? await this.#runnerFor(args).each(arrivals, this.#eachOptions) : []
      return outcomeOf(results, telling && (await telling))
    } catch (error) {
      this.#tell({ name: 'webhook.failed', reason: 'store', ...codeOf(error) })
      if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return { status: 'busy', retryAfterMs: RETRY_AFTER_OUTAGE_MS }
      if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
      return { status: 'failed' }
    }
  }

  #runnerFor(args: Args): UpdateRunner {
    const { dedup, provider } = this.#options
    const runner = typeof dedup === 'function' ? dedup(...args) : dedup
    if (!this.#checkedRetention && runner.retentionMs < provider.retryHorizonMs)
      this.#tell({ name: 'webhook.short_retention', durationMs: runner.retentionMs })
    this.#checkedRetention = true
    return runner
  }

  /** True when the user's function failed for one of them, so that the provider must resend. */
  async #tellUnkeyed(unkeyed: readonly UnkeyedChange[], args: Args): Promise<boolean> {
    const { onUnkeyed } = this.#options
    this.counts.unkeyed += unkeyed.length
    this.#tell({ name: 'webhook.unkeyed', count: unkeyed.length })
    let failed = false
    for (const change of unkeyed) {
      try {
        await onUnkeyed?.(change, { args, waitUntil: (promise) => this.#keepAlive(promise, args) })
      } catch (error) {
        failed = true
        this.#tell({ name: 'webhook.failed', reason: 'unkeyed', ...codeOf(error) })
      }
    }
    return failed
  }

  /** The answer, or *busy* when the provider will not wait for it any longer; the work goes on then. */
  async #inTime(working: Promise<Response>, args: Args): Promise<Response> {
    return (await endsSoon(working)) ? working : this.#untilLate(working, args)
  }

  #untilLate(working: Promise<Response>, args: Args): Promise<Response> {
    const retryAfterMs = this.#answerWithinMs
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
  #crashed(error: unknown): Response {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
    this.#tell({ name: 'webhook.failed', reason: 'provider', ...codeOf(error) })
    return answered({ status: 'failed' })
  }

  #keepAlive(promise: Promise<unknown>, args: Args): void {
    keepAlive(this.#host, waitUntilOf(args), promise)
  }

  #tell(fact: Fact): void {
    this.#host.observe({ ...fact, of: this.#options.provider.name })
  }
}

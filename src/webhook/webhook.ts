import { hasCode } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Handler } from '../core/handler.ts'
import { defaultHost, keepAlive, waitUntilOf } from '../core/host.ts'
import type { UpdateRunner } from '../core/updates.ts'
import { answered, outcomeOf, rejected, type Outcome } from './answers.ts'
import { readBody } from './body.ts'
import { eachOptionsOf } from './each-options.ts'
import { checkOptions, type WebhookOptions } from './options.ts'
import type { Rejection, SplitDelivery, UnkeyedChange, Update } from './provider.ts'
import type { WhatsAppUpdate } from './whatsapp-types.ts'

/** What one webhook has counted since it was created; requests that were turned away are no deliveries. */
export interface WebhookStats {
  readonly deliveries: number
  readonly updates: number
  readonly unkeyed: number
  readonly rejected: number
  /** Deliveries answered 503 because `answerWithinMs` was over. */
  readonly late: number
}

/** A fetch handler, with counts. */
export interface Webhook<Args extends readonly unknown[]> extends Handler<Args> {
  /** The counts at this moment, as a copy. */
  stats(): WebhookStats
}

/**
 * Creates the door of a webhook service: reads a delivery once, verifies its raw bytes, finds every update in it, and
 * has each one handled that was not done before.
 *
 * Answers 200 when every update is done, now or before; 500 when one failed, so that the provider resends; 503 with
 * `Retry-After` while work goes on here or elsewhere, or the store is down. Never 200 before done. Requests that are not
 * deliveries get 401 (signature), 403 (handshake), 400, 405 or 413, before anything is claimed.
 *
 * @throws OptionError `ERR_PERF_OPTION`; the handler it returns rejects with `StoreSetupError` alone
 */
export function createWebhook<Args extends readonly unknown[] = readonly unknown[], U extends Update = WhatsAppUpdate>(
  options: WebhookOptions<Args, U>,
): Webhook<Args> {
  checkOptions(options)
  const { provider, dedup, onUnkeyed, answerWithinMs = provider.answerWithinMs, host = defaultHost } = options
  const counts = { deliveries: 0, updates: 0, unkeyed: 0, rejected: 0, late: 0 }
  const decoder = new TextDecoder()
  const eachOptions = eachOptionsOf(options, { answerWithinMs, host })
  let checkedRetention = false

  function reject(reason: Rejection, allow?: string): Response {
    counts.rejected += 1
    host.observe({ name: 'webhook.rejected', of: provider.name, reason })
    return rejected(reason, allow)
  }

  function runnerFor(args: Args): UpdateRunner {
    const runner = typeof dedup === 'function' ? dedup(...args) : dedup
    if (!checkedRetention && runner.retentionMs < provider.retryHorizonMs)
      host.observe({ name: 'webhook.short_retention', of: provider.name, durationMs: runner.retentionMs })
    checkedRetention = true
    return runner
  }

  async function tellUnkeyed(unkeyed: readonly UnkeyedChange[], args: Args): Promise<boolean> {
    counts.unkeyed += unkeyed.length
    host.observe({ name: 'webhook.unkeyed', of: provider.name, count: unkeyed.length })
    let failed = false
    for (const change of unkeyed) {
      try {
        await onUnkeyed?.(change, { args, waitUntil: (promise) => keepAlive(host, waitUntilOf(args), promise) })
      } catch (error) {
        failed = true
        host.observe({ name: 'webhook.failed', of: provider.name, reason: 'unkeyed', ...codeOf(error) })
      }
    }
    return failed
  }

  async function work({ updates, unkeyed }: SplitDelivery<U>, args: Args): Promise<Outcome> {
    // Side by side: what cannot be keyed holds up no update that can, however long it takes.
    const telling = unkeyed.length > 0 && tellUnkeyed(unkeyed, args)
    try {
      const arrivals = updates.map((update) => ({ update, args }))
      const results = arrivals.length > 0 ? await runnerFor(args).each(arrivals, eachOptions) : []
      return outcomeOf(results, telling && (await telling))
    } catch (error) {
      host.observe({ name: 'webhook.failed', of: provider.name, reason: 'store', ...codeOf(error) })
      if (hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) return { status: 'busy', retryAfterMs: RETRY_AFTER_OUTAGE_MS }
      if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
      return { status: 'failed' }
    }
  }

  /** The outcome, or *busy* when the provider will not wait for it any longer; the work goes on then. */
  async function inTime(working: Promise<Outcome>, args: Args): Promise<Outcome> {
    let over = false
    const mark = (): void => void (over = true)
    working.then(mark, mark)
    // Work that need not leave the process is over within a few turns: cheaper to see than a timer is to set.
    for (let turn = 0; turn < QUICK_TURNS && !over; turn += 1) await undefined
    return over ? working : untilLate(working, args)
  }

  function untilLate(working: Promise<Outcome>, args: Args): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const cancel = host.clock.after(answerWithinMs, () => {
        counts.late += 1
        host.observe({ name: 'webhook.late', of: provider.name, durationMs: answerWithinMs })
        keepAlive(host, waitUntilOf(args), working)
        resolve({ status: 'busy', retryAfterMs: answerWithinMs })
      })
      working.then(resolve, reject).finally(cancel)
    })
  }

  async function deliver(request: Request, args: Args): Promise<Response> {
    try {
      const body = await readBody(request, provider.maxBodyBytes)
      if (typeof body === 'string') return reject(body)
      const rejection = await provider.verify(request, body, ...args)
      if (rejection !== undefined) return reject(rejection)
      const parsed = parse(body)
      if (parsed === NOT_JSON) return reject('bad_json')
      const delivery = await provider.split(parsed)
      if (delivery === undefined) return reject('not_a_delivery')
      counts.deliveries += 1
      counts.updates += delivery.updates.length
      return answered(await inTime(work(delivery, args), args))
    } catch (error) {
      return crashed(error)
    }
  }

  function parse(body: Uint8Array): unknown {
    try {
      return JSON.parse(decoder.decode(body))
    } catch {
      return NOT_JSON
    }
  }

  async function shakeHands(request: Request, args: Args): Promise<Response> {
    const answer = (await provider.handshake?.(request, ...args)) ?? 'method'
    return typeof answer === 'string' ? reject(answer) : answer
  }

  /** Secrets come from a function of the user's, and a provider may be the user's too. */
  function crashed(error: unknown): Response {
    if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
    host.observe({ name: 'webhook.failed', of: provider.name, reason: 'provider', ...codeOf(error) })
    return answered({ status: 'failed' })
  }

  const allow = provider.handshake === undefined ? 'POST' : 'GET, POST'
  const handler: Handler<Args> = (request, ...args) => {
    if (request.method === 'POST') return deliver(request, args)
    if (request.method === 'GET' && provider.handshake !== undefined) return shakeHands(request, args).catch(crashed)
    return reject('method', allow)
  }
  return Object.assign(handler, { stats: () => ({ ...counts }) })
}

const RETRY_AFTER_OUTAGE_MS = 5_000
const NOT_JSON = Symbol('not json')
/** Enough for a claim, a handler that awaits a cache hit, and the end of both. */
const QUICK_TURNS = 20

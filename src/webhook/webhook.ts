import { fetchHandler, type Handler } from '../core/handler.ts'
import { Door } from './door.ts'
import { checkedOptions, type WebhookOptions } from './options.ts'
import type { Update } from './provider.ts'
import type { WhatsAppUpdate } from './whatsapp-types.ts'

/** What came to the door since it was made. */
export interface WebhookStats {
  readonly deliveries: number
  readonly updates: number
  readonly unkeyed: number
  /** Updates, and changes without a key, whose handler failed or took too long. */
  readonly failed: number
  readonly rejected: number
  /** Deliveries answered 503 because too much was in flight. */
  readonly shed: number
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
 * `Retry-After` while work goes on here or elsewhere, the store is down, or too much is in flight. Never 200 before done. Requests that are not
 * deliveries get 401 (signature), 403 (handshake), 400 (also a body that is not whole within 30 s), 405 or 413, before
 * anything is claimed; one whose body was read in front of the door gets 500.
 *
 * @throws OptionError `ERR_PERF_OPTION`; the handler it returns rejects with `StoreSetupError` alone
 */
export function createWebhook<Args extends readonly unknown[] = readonly unknown[], U extends Update = WhatsAppUpdate>(
  options: WebhookOptions<Args, U>,
): Webhook<Args> {
  const door = new Door(checkedOptions(options))
  const shakesHands = options.provider.handshake !== undefined
  const handler = fetchHandler<Handler<Args>>('createWebhook', (request, ...args) => {
    if (request.method === 'POST') return door.deliver(request, args)
    if (request.method === 'GET' && shakesHands) return door.shakeHands(request, args)
    return door.reject('method', shakesHands ? 'GET, POST' : 'POST')
  })
  return Object.assign(handler, { stats: () => ({ ...door.counts }) })
}

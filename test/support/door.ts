import { createHost, type Host } from '../../src/core/host.ts'
import type { Fact } from '../../src/core/fact.ts'
import { createDedup, type Dedup } from '../../src/dedup/index.ts'
import { manualClock, type ManualClock } from '../../src/testing/clock.ts'
import { sign } from '../../src/testing/sign.ts'
import { whatsappDelivery } from '../../src/testing/whatsapp-delivery.ts'
import { createWebhook, whatsapp, type Webhook, type WebhookOptions } from '../../src/webhook/index.ts'
import type { Provider, WhatsAppUpdate } from '../../src/webhook/index.ts'

export const APP_SECRET = 'the app secret of the tests'
export const VERIFY_TOKEN = 'the verify token of the tests'
export const URL_OF_DOOR = 'https://example.test/webhook'

type Args = readonly unknown[]
type Given = Partial<WebhookOptions<Args, WhatsAppUpdate>>

export interface OpenDoor {
  readonly webhook: Webhook<Args>
  readonly dedup: Dedup
  readonly host: Host
  readonly clock: ManualClock
  readonly facts: Fact[]
  /** The keys of the updates that the default handler was given, in order, without the name of the door. */
  readonly handled: string[]
  /** Sends a body, signed as the provider would. */
  readonly post: (body: string | Uint8Array<ArrayBuffer>, ...args: Args) => Promise<Response>
}

/** A door with everything behind it, on a clock that stands still. What is given replaces the defaults. */
export function openDoor(given: Given = {}): OpenDoor {
  const clock = manualClock()
  const facts: Fact[] = []
  const handled: string[] = []
  const host = createHost({ clock, observe: (fact) => facts.push(fact) })
  const dedup = createDedup({ host, retentionMs: 8 * 86_400_000 })
  const webhook = createWebhook<Args>({
    provider: whatsAppProvider(),
    dedup,
    handle: (update) => void handled.push(keyOf(update)),
    onError: () => undefined,
    host,
    ...given,
  })
  const post: OpenDoor['post'] = async (body, ...args) => webhook(await signed(body), ...args)
  return { webhook, dedup, host, clock, facts, handled, post }
}

/** The key of an update as its provider gives it. */
export function keyOf({ key }: { readonly key: string }): string {
  return key.slice('whatsapp:'.length)
}

export function whatsAppProvider(): Provider<WhatsAppUpdate> {
  return whatsapp<Args>({ appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN })
}

export async function signed(body: string | Uint8Array<ArrayBuffer>, secret: string = APP_SECRET): Promise<Request> {
  return posted(body, await sign(body, secret))
}

export function posted(body: string | Uint8Array<ArrayBuffer>, signature?: string): Request {
  const headers = signature === undefined ? {} : { 'x-hub-signature-256': signature }
  return new Request(URL_OF_DOOR, { method: 'POST', headers, body })
}

/** A delivery of text messages; `who` names the sender of each, in order, and its id is its place: `w0`, `w1`. */
export function messagesFrom(...who: readonly string[]): string {
  return whatsappDelivery({ messages: who.map((from, at) => ({ from, id: `w${at}`, text: `text ${at}` })) }).body
}

/** A promise that a test settles by hand. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}

export const DONE = { success: true }
export const DUPLICATE = { success: true, duplicate: true }
export const FAILED = { success: false, error: 'failed' }
export const BUSY = { success: false, error: 'busy' }

import { Again } from '../core/again.ts'
import type { CacheBus } from '../core/cache-store.ts'
import { withDeadline } from '../core/deadline.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { Outbox, type Message } from './outbox.ts'

export interface BusLinkOptions {
  readonly host: Host
  /** The cache's; processes that share it share what they hear. */
  readonly name: string
  readonly bus: CacheBus
  readonly timeoutMs: number
  /** How long anybody can have what was changed, in milliseconds. */
  readonly lifetimeMs: () => number
  /** Another process has changed something. */
  readonly changed: (message: Message) => void
  /** Something may have been changed without a word. */
  readonly missed: () => void
}

/** So long after a subscription failed it is tried again, and what could not be told is told again so often. */
const AGAIN_MS = 1_000

/** A subscription that takes longer is given up. */
const SUBSCRIBE_MS = 10_000

/** So many messages are sent at a time. */
const AT_A_TIME = 100

/** Hears what other processes changed, and tells them what this one did. Begins to listen when it is first used. */
export class BusLink {
  readonly #options: BusLinkOptions
  readonly #guard: StoreGuard
  readonly #outbox = new Outbox()
  readonly #again: Again
  #id: string | undefined
  #subscription: Promise<() => Promise<void>> | undefined
  #notBefore = -Infinity
  #closed = false

  constructor(options: BusLinkOptions) {
    const { host, name, timeoutMs } = options
    this.#options = options
    this.#guard = createStoreGuard({ host, what: `the bus of cache ${name}`, timeoutMs })
    this.#again = new Again(host.clock, AGAIN_MS, () => this.#tellAgain())
  }

  /** Listens from now on, if it does not yet. */
  listen(): void {
    const { host, name, bus, missed } = this.#options
    const { clock } = host
    if (!this.#outbox.isEmpty) this.#again.soon()
    if (this.#closed || this.#subscription !== undefined || clock.elapsed() < this.#notBefore) return
    const made = this.#subscribe(bus)
    this.#subscription = made
    withDeadline({ clock, timeoutMs: SUBSCRIBE_MS, what: 'the subscription' }, () => made).then(
      // What was cached before may have been changed before anybody listened.
      () => missed(),
      (error: unknown) => {
        this.#subscription = undefined
        // One that comes late is not left behind.
        made.then((end) => end()).catch(ignore)
        this.#notBefore = clock.elapsed() + AGAIN_MS
        host.observe({ name: 'cache.bus_failed', of: name, reason: 'subscribe', ...codeOf(error) })
      },
    )
  }

  /**
   * Tells the others. What cannot be told is a fact, and is told again until it is, or nobody can have what it is about;
   * while the bus is down nobody waits for it.
   */
  async tell(message: Message): Promise<void> {
    const { host, name, lifetimeMs } = this.#options
    try {
      await this.#send(message)
      if (!this.#outbox.isEmpty) host.track(this.#tellAgain())
    } catch (error) {
      host.observe({ name: 'cache.bus_failed', of: name, reason: 'publish', ...codeOf(error) })
      this.#outbox.add(message, host.clock.elapsed() + lifetimeMs())
      if (!this.#closed) this.#again.soon()
    }
  }

  /** Tells what could not be told, once more, and ends the subscription; one that is still being made ends when it is. */
  async close(): Promise<void> {
    const { host, timeoutMs } = this.#options
    this.#closed = true
    this.#again.stop()
    await this.#tellAgain()
    const ended = this.#subscription?.then((end) => end()).catch(ignore)
    this.#subscription = undefined
    await withDeadline({ clock: host.clock, timeoutMs, what: 'the end of the subscription' }, () => ended).catch(ignore)
  }

  async #send(message: Message): Promise<void> {
    const { host, name, bus } = this.#options
    const text = JSON.stringify({ from: (this.#id ??= host.randomId()), name, ...message })
    await this.#guard.run(() => bus.publish(text))
  }

  /** Tells what could not be told; says whether nothing is left of it. */
  async #tellAgain(): Promise<boolean> {
    const waiting = this.#outbox.waiting(this.#options.host.clock.elapsed())
    for (let at = 0; at < waiting.length; at += AT_A_TIME) {
      const some = waiting.slice(at, at + AT_A_TIME)
      const told = await Promise.all(
        some.map((one) => this.#send(one.message).then(() => this.#outbox.sent(one), failed)),
      )
      if (told.includes('failed')) return false
    }
    return this.#outbox.isEmpty
  }

  async #subscribe(bus: CacheBus): Promise<() => Promise<void>> {
    return bus.subscribe((message) => this.#heard(message), this.#options.missed)
  }

  #heard(text: string): void {
    const message = parsed(text)
    if (this.#closed || message?.name !== this.#options.name || message.from === this.#id) return
    this.#options.changed(message)
  }
}

type Sent = Message & { readonly from: unknown; readonly name: unknown }

/** Undefined for what another version, or somebody else, has sent. */
function parsed(text: string): Sent | undefined {
  try {
    const message = JSON.parse(text) as Sent | null
    return message !== null && isMessage(message) ? message : undefined
  } catch {
    return undefined
  }
}

function isMessage(message: Readonly<Partial<Record<'do' | 'key' | 'tag', unknown>>>): boolean {
  const { do: what, key, tag } = message
  if (what === 'clear') return true
  if (what === 'drop') return typeof key === 'string'
  return (what === 'gone' || what === 'stale') && typeof tag === 'string' && tag !== ''
}

const ignore = (): void => undefined
const failed = (): string => 'failed'

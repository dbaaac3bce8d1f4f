import type { CacheBus } from '../core/cache-store.ts'
import { withDeadline } from '../core/deadline.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'

/** What one process tells the others of a cache. */
export type Message =
  | { readonly do: 'drop'; readonly key: string }
  | { readonly do: 'gone' | 'stale'; readonly tag: string }
  | { readonly do: 'clear' }

export interface BusLinkOptions {
  readonly host: Host
  /** The cache's; processes that share it share what they hear. */
  readonly name: string
  readonly bus: CacheBus
  readonly timeoutMs: number
  /** Another process has changed something. */
  readonly changed: (message: Message) => void
  /** Something may have been changed without a word. */
  readonly missed: () => void
}

/** So long after a subscription failed it is tried again. */
const AGAIN_MS = 1_000

/** Hears what other processes changed, and tells them what this one did. Begins to listen when it is first used. */
export class BusLink {
  readonly #options: BusLinkOptions
  readonly #guard: StoreGuard
  #id: string | undefined
  #subscription: Promise<() => Promise<void>> | undefined
  #notBefore = -Infinity
  #closed = false

  constructor(options: BusLinkOptions) {
    const { host, name, timeoutMs } = options
    this.#options = options
    this.#guard = createStoreGuard({ host, what: `the bus of cache ${name}`, timeoutMs })
  }

  /** Listens from now on, if it does not yet. */
  listen(): void {
    const { host, name, bus, missed } = this.#options
    if (this.#closed || this.#subscription !== undefined || host.clock.elapsed() < this.#notBefore) return
    this.#subscription = this.#subscribe(bus)
    this.#subscription.then(
      // What was cached before may have been changed before anybody listened.
      () => missed(),
      (error: unknown) => {
        this.#subscription = undefined
        this.#notBefore = host.clock.elapsed() + AGAIN_MS
        host.observe({ name: 'cache.bus_failed', of: name, reason: 'subscribe', ...codeOf(error) })
      },
    )
  }

  /**
   * Tells the others. What cannot be told costs them freshness, and is a fact; while the bus is down nobody waits for it.
   */
  async tell(message: Message): Promise<void> {
    const { host, name, bus } = this.#options
    const text = JSON.stringify({ from: (this.#id ??= host.randomId()), name, ...message })
    try {
      await this.#guard.run(() => bus.publish(text))
    } catch (error) {
      host.observe({ name: 'cache.bus_failed', of: name, reason: 'publish', ...codeOf(error) })
    }
  }

  /** Ends the subscription; one that is still being made ends when it is. */
  async close(): Promise<void> {
    const { host, timeoutMs } = this.#options
    this.#closed = true
    const ended = this.#subscription?.then((end) => end()).catch(ignore)
    this.#subscription = undefined
    await withDeadline({ clock: host.clock, timeoutMs, what: 'the end of the subscription' }, () => ended).catch(ignore)
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

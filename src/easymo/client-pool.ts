import type { Clock } from '../core/clock.ts'
import type { SupabaseTarget } from '../supabase/index.ts'

/** What a pool has, in the names that the services ask for. */
export interface ClientPoolStats {
  readonly size: number
  /** Clients that nobody has signed in with. */
  readonly healthy: number
  readonly totalUses: number
  /** In milliseconds; 0 when there are no clients. */
  readonly oldestClientAge: number
}

interface Settings<Client> {
  readonly make: (target?: SupabaseTarget) => Client
  /** True once the client carries a user's rights. */
  readonly isLost: (client: Client) => boolean
  readonly destroy: (client: Client) => unknown
  readonly maxClients: number
  readonly idleTimeoutMs: number
  readonly clock: Clock
}

interface Entry<Client> {
  readonly client: Client
  readonly madeAt: number
  usedAt: number
}

/**
 * Clients of stateless HTTP: one for each target, which many use at once, so that nobody waits and nothing is given back.
 */
export class ClientPool<Client extends object> {
  readonly #settings: Settings<Client>
  /** Those that were not used for longest come first. */
  readonly #entries = new Map<string, Entry<Client>>()
  #totalUses = 0

  constructor(settings: Settings<Client>) {
    this.#settings = settings
  }

  /**
   * A client, at once: the one there is, or a new one after `POOL_IDLE_TIMEOUT` without use, and after a user has signed in
   * with it.
   *
   * @param target - another schema, project or key. @defaultValue the project's own
   */
  acquire(target?: SupabaseTarget): Client {
    const { make, maxClients, clock } = this.#settings
    this.cleanup()
    const key = JSON.stringify([target?.url, target?.key, target?.schema])
    const now = clock.elapsed()
    const entry = this.#entries.get(key) ?? { client: make(target), madeAt: now, usedAt: now }
    entry.usedAt = now
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const [coldest] = this.#entries.keys()
    // Whoever has it may use it on: it is let go, and not ended.
    if (this.#entries.size > Math.max(1, maxClients) && coldest !== undefined) this.#entries.delete(coldest)
    this.#totalUses += 1
    return entry.client
  }

  /** The counts at this moment. */
  getStats(): ClientPoolStats {
    const { isLost, clock } = this.#settings
    const entries = [...this.#entries.values()]
    const healthy = entries.filter(({ client }) => !isLost(client)).length
    const oldestClientAge = Math.max(0, ...entries.map(({ madeAt }) => clock.elapsed() - madeAt))
    return { size: entries.length, healthy, totalUses: this.#totalUses, oldestClientAge }
  }

  /** Lets go of clients that were not used for `POOL_IDLE_TIMEOUT`, or carry a user's rights; how many. */
  cleanup(): number {
    const { isLost, idleTimeoutMs, clock } = this.#settings
    const before = this.#entries.size
    for (const [key, { client, usedAt }] of this.#entries)
      if (isLost(client) || clock.elapsed() - usedAt >= idleTimeoutMs) this.#entries.delete(key)
    return before - this.#entries.size
  }

  /** Ends every client, and closes what realtime has left open. The next `acquire` makes a new one. */
  shutdown(): void {
    for (const { client } of this.#entries.values()) this.#settings.destroy(client)
    this.#entries.clear()
  }

  /** In the words of the pools of `@easymo/perf/pool`, for the metrics. */
  stats(): object {
    const { oldestClientAge: oldestClientAgeMs, ...rest } = this.getStats()
    return { ...rest, idle: rest.size, borrowed: 0, waiting: 0, leaked: 0, oldestClientAgeMs }
  }
}

import { isFunction, knownOptions } from '../core/check.ts'
import { PerfError } from '../core/errors.ts'
import { keepAlive } from '../core/host.ts'
import { ExclusivePool } from './exclusive.ts'
import type { PoolSettings } from './options.ts'
import type { DrainOptions, DrainReport, Pool, PoolStats, RequestPool, ScopeOptions } from './types.ts'

const SUMMED = ['size', 'healthy', 'idle', 'borrowed', 'waiting', 'totalUses', 'leaked'] as const

/** Clients of one request; told of when they are all closed. */
class Scope<Client> extends ExclusivePool<Client> {
  onDrained: (() => void) | undefined

  override drain(options?: DrainOptions): Promise<DrainReport> {
    const drained = super.drain(options)
    void drained.then(() => this.onDrained?.())
    return drained
  }
}

/** Hands out a pool for each request, and lends nothing itself. */
export class RequestScopes<Client> implements RequestPool<Client> {
  readonly #settings: PoolSettings<Client>
  readonly #scopes = new Set<Scope<Client>>()
  #pastUses = 0
  #open = true

  constructor(settings: PoolSettings<Client>) {
    this.#settings = settings
  }

  /** Not in the type: here for who calls it all the same, such as a room that takes any pool. */
  use(): Promise<never> {
    return this.acquire()
  }

  acquire(): Promise<never> {
    const { name } = this.#settings
    return Promise.reject(
      new PerfError('ERR_PERF_POOL_SCOPE', `${name} lends clients to one request at a time: use ${name}.scope(...)`),
    )
  }

  scope(options: ScopeOptions = {}): Pool<Client> {
    knownOptions(options, 'waitUntil')
    const { waitUntil } = options
    isFunction('waitUntil', waitUntil, 'optional')
    const { name, host } = this.#settings
    if (!this.#open) throw new PerfError('ERR_PERF_POOL_CLOSED', `${name} is closed`)
    const track = (work: Promise<unknown>): void => keepAlive(host, waitUntil, work)
    const scope = new Scope({ ...this.#settings, track })
    scope.onDrained = () => {
      if (this.#scopes.delete(scope)) this.#pastUses += scope.stats().totalUses
    }
    this.#scopes.add(scope)
    return scope
  }

  stats(): PoolStats {
    const each = [...this.#scopes].map((scope) => scope.stats())
    const sums = Object.fromEntries(SUMMED.map((name) => [name, each.reduce((sum, stats) => sum + stats[name], 0)]))
    return {
      ...(sums as unknown as PoolStats),
      totalUses: (sums['totalUses'] ?? 0) + this.#pastUses,
      oldestClientAgeMs: Math.max(0, ...each.map(({ oldestClientAgeMs }) => oldestClientAgeMs)),
    }
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    this.#open = false
    const reports = await Promise.all([...this.#scopes].map((scope) => scope.drain(options)))
    return { held: reports.flatMap(({ held }) => held) }
  }
}

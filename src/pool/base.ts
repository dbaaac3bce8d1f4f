import { atLeast } from '../core/check.ts'
import { withDeadline, type Call } from '../core/deadline.ts'
import { hasCode, PerfError } from '../core/errors.ts'
import { keepAlive } from '../core/host.ts'
import { holders, tellLeaks } from './holders.ts'
import { poolHooks, type Hooks } from './hooks.ts'
import type { Loan, LoanLease } from './lease.ts'
import type { PoolSettings } from './options.ts'
import type { DrainOptions, DrainReport, PoolStats, UseOptions } from './types.ts'
import { workWith } from './work.ts'

/**
 * A pool that was asked nothing for so long may have stood still, and servers may have closed their end meanwhile, of which
 * a process hears only some turns after it goes on. As HikariCP's `aliveBypassWindowMs`.
 */
const GAP_MS = 500

/** What all pools do alike: run work with a client, keep track of clients that end, and drain. */
export abstract class BasePool<Client> {
  protected readonly settings: PoolSettings<Client>
  protected readonly hooks: Hooks<Client>
  protected state: 'open' | 'draining' | 'closed' = 'open'
  /** Counts the gaps: what was checked in an earlier one must be checked again. */
  protected era = 0
  #seenAt = 0
  readonly #ending = new Set<Promise<void>>()
  #drained: Promise<DrainReport> | undefined
  #onEmpty: () => void = ignore

  constructor(settings: PoolSettings<Client>) {
    this.settings = settings
    this.hooks = poolHooks(settings)
  }

  abstract acquire(options?: UseOptions): Promise<LoanLease<Client>>
  abstract stats(): PoolStats
  protected abstract isEmpty(): boolean
  /** Ends the clients that nobody has. */
  protected abstract endIdle(): void
  /** Turns away who waits and takes back what is lent, with what is said of both; gives the loans that there were. */
  protected abstract takeAway(closed: () => PerfError): Iterable<Loan<Client>>

  use<T>(work: (client: Client, call: Call) => T | PromiseLike<T>, options: UseOptions = {}): Promise<T> {
    const running = this.acquire(options).then((lease) => workWith(lease, work, options.signal))
    if (options.waitUntil !== undefined) keepAlive(this.settings.host, options.waitUntil, running.then(ignore, ignore))
    return running
  }

  drain({ timeoutMs = 10_000 }: DrainOptions = {}): Promise<DrainReport> {
    atLeast(0, 'timeoutMs', timeoutMs)
    if (this.#drained === undefined) {
      this.#drained = this.#drain(timeoutMs)
      this.settings.track(this.#drained)
    }
    return this.#drained
  }

  protected endClient(client: Client): void {
    const end = this.hooks.end(client)
    this.#ending.add(end)
    this.settings.track(end.then(() => void this.#ending.delete(end)))
  }

  /** For a drain that waits for this. */
  protected noteEmpty(): void {
    if (this.state === 'draining' && this.isEmpty()) this.#onEmpty()
  }

  protected leaksAmong(loans: Iterable<Loan<Client>>): number {
    return tellLeaks(this.settings, loans, this.settings.leakAfterMs)
  }

  /** Wall time: it goes on while the machine sleeps. A step back hides how long that was. */
  protected noteTime(now: number): void {
    if (now - this.#seenAt >= GAP_MS || now < this.#seenAt) this.era += 1
    this.#seenAt = now
  }

  protected readonly closed = (): PerfError => new PerfError('ERR_PERF_POOL_CLOSED', `${this.settings.name} is closed`)

  protected full(): PerfError {
    const { maxWaiting, name } = this.settings
    return new PerfError('ERR_PERF_POOL_FULL', `${maxWaiting} borrowers wait for ${name} already`)
  }

  protected expiry(now: number): number {
    return now + this.settings.maxLifetimeMs * (1 - Math.random() / 10)
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { name, host } = this.settings
    this.state = 'draining'
    this.endIdle()
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
    this.noteEmpty()
    try {
      await withDeadline({ clock: host.clock, timeoutMs, what: `the drain of ${name}` }, async () => {
        await empty
        await Promise.all(this.#ending)
      })
    } catch (error) {
      if (!hasCode(error, 'ERR_PERF_TIMEOUT')) throw error
    }
    this.state = 'closed'
    const loans = [...this.takeAway(this.closed)]
    tellLeaks(this.settings, loans, -1)
    const held = holders(loans, host.clock.now())
    for (const loan of loans) {
      loan.held = false
      loan.abort?.abort(this.closed())
    }
    return { held }
  }
}

const ignore = (): void => undefined

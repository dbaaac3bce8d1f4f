import { withDeadline } from '../core/deadline.ts'
import { createSingleFlight, type SingleFlight } from '../core/single-flight.ts'
import { Backoff } from './backoff.ts'
import { BasePool } from './base.ts'
import { LoanLease, type GiveBack, type Loan } from './lease.ts'
import type { PoolSettings } from './options.ts'
import { targetName } from './target.ts'
import type { PoolStats, UseOptions } from './types.ts'

/** The client of one target. Times are epoch milliseconds. */
interface Entry<Client> {
  readonly name: string
  readonly client: Client
  readonly createdAt: number
  readonly expiresAt: number
  checkedAt: number
  /** Of the pool, when it was checked last. */
  era: number
  uses: number
  borrowers: number
  /** When it was given back last. */
  since: number
  /** The number of its last use among all uses: the smallest is the least recently used. */
  turn: number
  /** Replaced or displaced: nobody borrows it any more, and it ends with its last loan. */
  leaving: boolean
}

interface SharedLoan<Client> extends Loan<Client> {
  readonly entry: Entry<Client>
}

interface SharedOptions extends UseOptions {
  readonly target?: unknown
}

/** So many targets that failed are remembered. */
const MAX_BACKOFFS = 100

/** One client for each target, in the hands of many. Whoever finds it missing, worn or unchecked joins the one who sees to it. */
export class SharedClients<Client> extends BasePool<Client> {
  readonly #entries = new Map<string, Entry<Client>>()
  readonly #leaving = new Set<Entry<Client>>()
  readonly #loans = new Set<SharedLoan<Client>>()
  readonly #flights: SingleFlight<Entry<Client>>
  readonly #backoffs = new Map<string, Backoff>()
  #checking = 0
  #waiting = 0
  #totalUses = 0

  constructor(settings: PoolSettings<Client>) {
    super(settings)
    const { host, name, createTimeoutMs, checkTimeoutMs } = settings
    this.#flights = createSingleFlight({
      host,
      timeoutMs: createTimeoutMs + checkTimeoutMs,
      what: `a client of ${name}`,
    })
  }

  acquire(options: SharedOptions = {}): Promise<LoanLease<Client, SharedLoan<Client>>> {
    if (this.state !== 'open') return Promise.reject(this.closed())
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    const now = this.settings.host.clock.now()
    this.noteTime(now)
    const entry = this.#entries.get(targetName(options.target))
    if (entry === undefined || !this.#fit(entry, now) || this.#due(entry, now)) return this.#wait(options)
    return Promise.resolve(this.#lend(entry, options.by, now))
  }

  stats(): PoolStats {
    const now = this.settings.host.clock.now()
    const kept = [...this.#entries.values()]
    const all = [...kept, ...this.#leaving]
    return {
      size: all.length,
      healthy: kept.length - this.#checking,
      idle: kept.filter(({ borrowers }) => borrowers === 0).length,
      borrowed: this.#loans.size,
      waiting: this.#waiting,
      totalUses: this.#totalUses,
      oldestClientAgeMs: Math.max(0, ...all.map(({ createdAt }) => now - createdAt)),
      leaked: this.leaksAmong(this.#loans),
    }
  }

  protected isEmpty(): boolean {
    return this.#entries.size + this.#leaving.size + this.#waiting === 0
  }

  protected endIdle(): void {
    for (const entry of this.#entries.values()) if (entry.borrowers === 0) this.#leave(entry)
  }

  protected takeAway(): Loan<Client>[] {
    const loans = [...this.#loans]
    for (const entry of [...this.#entries.values(), ...this.#leaving]) {
      entry.borrowers = 0
      this.#leave(entry)
    }
    this.#loans.clear()
    return loans
  }

  #fit(entry: Entry<Client>, now: number): boolean {
    const { idleTimeoutMs, maxUses, isLost } = this.settings
    const idle = entry.borrowers === 0 && now - entry.since >= idleTimeoutMs
    return now < entry.expiresAt && !idle && entry.uses < maxUses && isLost?.(entry.client) !== true
  }

  #due(entry: Entry<Client>, now: number): boolean {
    if (this.hooks.validate === undefined) return false
    return entry.era !== this.era || now - entry.checkedAt >= this.settings.healthCheckIntervalMs
  }

  #lend(entry: Entry<Client>, by: string | undefined, now: number): LoanLease<Client, SharedLoan<Client>> {
    this.#totalUses += 1
    entry.turn = this.#totalUses
    entry.uses += 1
    entry.borrowers += 1
    const { client } = entry
    const loan: SharedLoan<Client> = { client, entry, since: now, held: true, by, told: false, abort: undefined }
    this.#loans.add(loan)
    return new LoanLease(loan, this.#giveBack)
  }

  readonly #giveBack: GiveBack<SharedLoan<Client>> = (loan, broken) => {
    const { entry } = loan
    // Taken away by a drain in the meantime.
    if (!this.#loans.delete(loan)) return
    const now = this.settings.host.clock.now()
    if (now - loan.since > this.settings.leakAfterMs) this.leaksAmong([loan])
    entry.borrowers -= 1
    entry.since = now
    if (broken || entry.leaving || (this.state !== 'open' && entry.borrowers === 0) || !this.#fit(entry, now))
      this.#leave(entry)
    this.noteEmpty()
  }

  async #wait(options: SharedOptions): Promise<LoanLease<Client, SharedLoan<Client>>> {
    const { host, name, maxWaiting, acquireTimeoutMs: timeoutMs } = this.settings
    const { clock } = host
    const { target, signal, by } = options
    if (this.#waiting >= maxWaiting) throw this.full()
    this.#waiting += 1
    try {
      return await withDeadline({ clock, timeoutMs, what: name, signal }, async (call) => {
        for (;;) {
          const entry = await this.#flights.run(targetName(target), () => this.#ready(target))
          if (call.aborted || this.state === 'closed') throw this.closed()
          // Displaced between the moment it was ready and this one.
          if (!entry.leaving) return this.#lend(entry, by, clock.now())
        }
      })
    } finally {
      this.#waiting -= 1
      if (this.state !== 'open' && this.#waiting === 0) this.endIdle()
      this.noteEmpty()
    }
  }

  /** The client that is there, when it is found sound, else a new one in its place. */
  async #ready(target: unknown): Promise<Entry<Client>> {
    const name = targetName(target)
    const known = this.#entries.get(name)
    if (known !== undefined) {
      if (this.#fit(known, this.settings.host.clock.now()) && (await this.#sound(known))) return known
      this.#leave(known)
    }
    const client = await this.#make(name, target)
    // Made for somebody who has left, and there will be nobody else.
    if (this.state !== 'open' && this.#waiting === 0) {
      this.endClient(client)
      throw this.closed()
    }
    return this.#admit(name, client)
  }

  async #sound(entry: Entry<Client>): Promise<boolean> {
    const { validate } = this.hooks
    const now = this.settings.host.clock.now()
    if (validate === undefined || !this.#due(entry, now)) return true
    const { era } = this
    this.#checking += 1
    try {
      if (!(await validate(entry.client)) || entry.leaving) return false
      entry.checkedAt = now
      entry.era = era
      return true
    } finally {
      this.#checking -= 1
    }
  }

  async #make(name: string, target: unknown): Promise<Client> {
    const { clock } = this.settings.host
    const backoff = this.#backoffs.get(name) ?? new Backoff()
    if (backoff.leftMs(clock) > 0) throw backoff.failure?.error
    try {
      const client = await this.hooks.make(target)
      this.#backoffs.delete(name)
      return client
    } catch (error) {
      backoff.failed(clock, error)
      const [first] = this.#backoffs.keys()
      if (first !== undefined && this.#backoffs.size >= MAX_BACKOFFS) this.#backoffs.delete(first)
      this.#backoffs.set(name, backoff)
      throw error
    }
  }

  #admit(name: string, client: Client): Entry<Client> {
    const now = this.settings.host.clock.now()
    const before = this.#entries.get(name)
    if (before !== undefined) this.#leave(before)
    if (this.#entries.size >= this.settings.maxClients) {
      const [coldest] = [...this.#entries.values()].sort((a, b) => a.turn - b.turn)
      if (coldest !== undefined) this.#leave(coldest)
    }
    const times = { createdAt: now, expiresAt: this.expiry(now), checkedAt: now, era: this.era, since: now }
    const entry = { name, client, ...times, uses: 0, borrowers: 0, turn: this.#totalUses, leaving: false }
    this.#entries.set(name, entry)
    return entry
  }

  /** Out of the pool at once; ended when nobody has it. */
  #leave(entry: Entry<Client>): void {
    if (!entry.leaving) this.#entries.delete(entry.name)
    entry.leaving = true
    if (entry.borrowers > 0) return void this.#leaving.add(entry)
    this.#leaving.delete(entry)
    this.endClient(entry.client)
  }
}

import { TimeoutError } from '../core/errors.ts'
import { Backoff } from './backoff.ts'
import { BasePool } from './base.ts'
import { holders } from './holders.ts'
import type { Verdict } from './hooks.ts'
import { LoanLease, type GiveBack, type Loan } from './lease.ts'
import type { PoolSettings } from './options.ts'
import type { AcquireOptions, Pool, PoolStats } from './types.ts'
import { Waiters } from './waiters.ts'

/** One client of the pool and what is known of it. Times are epoch milliseconds; `since` also says since when it is idle. */
interface Slot<Client> extends Loan<Client> {
  readonly createdAt: number
  readonly expiresAt: number
  checkedAt: number
  /** Of the pool, when it was checked last. */
  era: number
  uses: number
}

/**
 * Every client is in one place: being made, idle, borrowed, being checked (validated or reset), or ended. What comes out
 * of a borrower's hands or of a check goes through `offer`, to the first waiter or to the idle ones; whatever frees a
 * slot calls `supply`, so that a waiter never waits beside a free slot.
 */
export class ExclusivePool<Client> extends BasePool<Client> implements Pool<Client> {
  readonly #slots = new Set<Slot<Client>>()
  /** In the order in which they were given back: the last is the warmest, the first the longest idle. */
  readonly #idle: Slot<Client>[] = []
  readonly #waiters: Waiters<LoanLease<Client, Slot<Client>>>
  readonly #backoff = new Backoff()
  #making = 0
  #checking = 0
  #borrowed = 0
  #totalUses = 0
  /** Somebody waits for a lent client, and meanwhile for the next try to make one. */
  #retries = false

  constructor(settings: PoolSettings<Client>) {
    super(settings)
    this.#waiters = new Waiters({
      clock: settings.host.clock,
      timeoutMs: settings.acquireTimeoutMs,
      late: () => this.#late(),
      onLeave: () => this.noteEmpty(),
    })
  }

  acquire(options: AcquireOptions = NOBODY): Promise<LoanLease<Client, Slot<Client>>> {
    if (this.state !== 'open') return Promise.reject(this.closed())
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    const now = this.settings.host.clock.now()
    this.noteTime(now)
    const slot = this.#takeIdle(now)
    return slot === undefined ? this.#wait(options) : Promise.resolve(this.#lend(slot, options.by, now))
  }

  stats(): PoolStats {
    const now = this.settings.host.clock.now()
    let oldest = now
    for (const slot of this.#slots) oldest = Math.min(oldest, slot.createdAt)
    return {
      size: this.#slots.size,
      healthy: this.#slots.size - this.#checking,
      idle: this.#idle.length,
      borrowed: this.#borrowed,
      waiting: this.#waiters.size,
      totalUses: this.#totalUses,
      oldestClientAgeMs: now - oldest,
      leaked: this.leaksAmong(this.#slots),
    }
  }

  protected isEmpty(): boolean {
    return this.#slots.size + this.#making + this.#waiters.size === 0
  }

  protected endIdle(): void {
    for (const slot of this.#idle.splice(0)) this.#retire(slot)
  }

  protected takeAway(reason: () => Error): Loan<Client>[] {
    this.#refuse(reason)
    const slots = [...this.#slots]
    for (const slot of slots) this.#retire(slot)
    this.#borrowed = 0
    return slots.filter((slot) => slot.held)
  }

  #lend(slot: Slot<Client>, by: string | undefined, now: number): LoanLease<Client, Slot<Client>> {
    slot.uses += 1
    slot.since = now
    slot.held = true
    slot.by = by
    this.#borrowed += 1
    this.#totalUses += 1
    return new LoanLease(slot, this.#giveBack)
  }

  readonly #giveBack: GiveBack<Slot<Client>> = (slot, broken) => {
    // Taken away by a drain in the meantime.
    if (!slot.held) return
    const { host, maxUses, isLost, leakAfterMs } = this.settings
    const now = host.clock.now()
    this.noteTime(now)
    if (now - slot.since > leakAfterMs) this.leaksAmong([slot])
    slot.held = false
    slot.told = false
    slot.by = undefined
    slot.abort = undefined
    this.#borrowed -= 1
    const worn = broken || slot.uses >= maxUses || now >= slot.expiresAt || isLost?.(slot.client) === true
    this.#judged(slot, !worn && (this.hooks.reset === undefined || this.hooks.reset(slot.client)), now)
  }

  /** An idle client that may be lent: the longest idle are let go first, the one used last is taken. */
  #takeIdle(now: number): Slot<Client> | undefined {
    const idle = this.#idle
    const staleBefore = now - this.settings.idleTimeoutMs
    for (let coldest = idle[0]; coldest !== undefined && coldest.since <= staleBefore; coldest = idle[0]) {
      idle.shift()
      this.#retire(coldest)
    }
    for (let slot = idle.pop(); slot !== undefined; slot = idle.pop()) {
      const verdict = this.#fit(slot, now)
      if (verdict === true) return slot
      if (verdict !== false) {
        this.#check(slot, verdict)
        return undefined
      }
      this.#retire(slot)
    }
    return undefined
  }

  #fit(slot: Slot<Client>, now: number): Verdict {
    const { isLost, healthCheckIntervalMs } = this.settings
    if (now >= slot.expiresAt || isLost?.(slot.client) === true) return false
    const { validate } = this.hooks
    if (validate === undefined) return true
    if (slot.era === this.era && now - slot.checkedAt < healthCheckIntervalMs) return true
    // Before it is known: a client that fails is lent to nobody.
    slot.checkedAt = now
    slot.era = this.era
    return validate(slot.client)
  }

  #judged(slot: Slot<Client>, verdict: Verdict, now: number): void {
    if (verdict === true) return this.#offer(slot, now)
    if (verdict !== false) return this.#check(slot, verdict)
    this.#retire(slot)
    this.#supply()
    this.noteEmpty()
  }

  #check(slot: Slot<Client>, verdict: Promise<boolean>): void {
    const { host, track } = this.settings
    this.#checking += 1
    const checked = verdict.then((sound) => {
      this.#checking -= 1
      // A drain that could not wait has ended it already.
      if (this.#slots.has(slot)) this.#judged(slot, sound, host.clock.now())
    })
    track(checked)
  }

  #offer(slot: Slot<Client>, now: number): void {
    if (slot.era !== this.era && this.#waiters.size > 0) {
      // Whoever had it need not have used it since the gap.
      const verdict = this.#fit(slot, now)
      if (verdict !== true) return this.#judged(slot, verdict, now)
    }
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter.resolve(this.#lend(slot, waiter.by, now))
    if (this.state === 'open') {
      slot.since = now
      this.#idle.push(slot)
      return
    }
    this.#retire(slot)
    this.noteEmpty()
  }

  #wait(options: AcquireOptions): Promise<LoanLease<Client, Slot<Client>>> {
    if (this.#waiters.size >= this.settings.maxWaiting) return Promise.reject(this.full())
    const promise = this.#waiters.enter(options)
    this.#supply()
    return promise
  }

  /** Sees to it that as many clients are on their way as borrowers wait, if there may be so many. */
  #supply(): void {
    const { maxClients, host } = this.settings
    while (this.#waiters.size > this.#making + this.#checking) {
      const now = host.clock.now()
      const slot = this.#takeIdle(now)
      if (slot !== undefined) this.#offer(slot, now)
      else if (this.#waiters.size <= this.#making + this.#checking) return
      else if (this.#slots.size + this.#making >= maxClients) return
      else if (this.#backoff.failure === undefined || this.#mayRetry()) this.#make()
      else return
    }
  }

  /** After a failure one client at a time is tried, and not at once; whom no other client can serve is told so. */
  #mayRetry(): boolean {
    const { clock } = this.settings.host
    if (this.#making > 0) return false
    const leftMs = this.#backoff.leftMs(clock)
    if (leftMs <= 0) return true
    if (this.#slots.size === 0) this.#refuse(() => this.#backoff.failure?.error)
    else if (!this.#retries) {
      this.#retries = true
      clock.whileAlive(leftMs, () => {
        this.#retries = false
        this.#supply()
      })
    }
    return false
  }

  #refuse(reason: () => unknown): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift())
      waiter.reject(reason())
  }

  #make(): void {
    this.#making += 1
    this.hooks.make().then(
      (client) => {
        this.#making -= 1
        this.#admit(client)
      },
      (error: unknown) => {
        this.#making -= 1
        this.#makeFailed(error)
        this.noteEmpty()
      },
    )
  }

  #admit(client: Client): void {
    if (this.state === 'closed') return this.endClient(client)
    this.#backoff.healed()
    const now = this.settings.host.clock.now()
    const slot: Slot<Client> = {
      client,
      createdAt: now,
      expiresAt: this.expiry(now),
      checkedAt: now,
      era: this.era,
      uses: 0,
      since: now,
      held: false,
      by: undefined,
      told: false,
      abort: undefined,
    }
    this.#slots.add(slot)
    this.#offer(slot, now)
    // Those who waited for this try alone.
    this.#supply()
  }

  /** Who waits is served by a client that comes back or by a later try, or is told, when there is no client that could. */
  #makeFailed(error: unknown): void {
    this.#backoff.failed(this.settings.host.clock, error)
    if (this.#slots.size > 0) return this.#supply()
    do this.#waiters.shift()?.reject(error)
    while (this.#making === 0 && this.#waiters.size > 0)
  }

  #retire(slot: Slot<Client>): void {
    this.#slots.delete(slot)
    this.endClient(slot.client)
  }

  /** Says who holds what, and why there is no further client: a bare timeout is the riddle of most pools. */
  #late(): TimeoutError {
    const { name, maxClients, acquireTimeoutMs, host } = this.settings
    this.leaksAmong(this.#slots)
    const longest = holders(this.#slots, host.clock.now())[0]
    const by = longest === undefined ? '' : `, longest by ${longest.by} for ${longest.heldForMs} ms`
    const state = `${this.#borrowed} of ${maxClients} borrowed${by}; ${this.#making} being made`
    const error = new TimeoutError(`${name} (${state})`, acquireTimeoutMs)
    if (this.#backoff.failure !== undefined) error.cause = this.#backoff.failure.error
    return error
  }
}

const NOBODY: AcquireOptions = {}

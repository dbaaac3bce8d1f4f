import { withDeadline, type Call } from '../core/deadline.ts'
import { hasCode, PerfError, TimeoutError } from '../core/errors.ts'
import { keepAlive } from '../core/host.ts'
import { atLeast } from '../core/check.ts'
import { holders } from './holders.ts'
import { poolHooks, type Hooks } from './hooks.ts'
import { SlotLease, type Slot } from './lease.ts'
import type { PoolSettings } from './options.ts'
import type { AcquireOptions, DrainOptions, DrainReport, Holder, Pool, PoolStats, UseOptions } from './types.ts'
import { workWith } from './work.ts'
import { Waiters } from './waiters.ts'

/**
 * Every client is in one place: being made, idle, borrowed, being checked (validated or reset), or ended. What comes out
 * of a borrower's hands or of a check goes through `offer`, to the first waiter or to the idle ones; whatever frees a
 * slot calls `supply`, so that a waiter never waits beside a free slot.
 */
export class ExclusivePool<Client> implements Pool<Client> {
  readonly #settings: PoolSettings<Client>
  readonly #hooks: Hooks<Client>
  readonly #slots = new Set<Slot<Client>>()
  /** In the order in which they were given back: the last is the warmest, the first the longest idle. */
  readonly #idle: Slot<Client>[] = []
  readonly #waiters = new Waiters<SlotLease<Client>>()
  readonly #ending = new Set<Promise<void>>()
  #making = 0
  #checking = 0
  #borrowed = 0
  #totalUses = 0
  #state: 'open' | 'draining' | 'closed' = 'open'
  #lastFailure: unknown
  #drained: Promise<DrainReport> | undefined
  #onEmpty: () => void = () => undefined

  constructor(settings: PoolSettings<Client>) {
    this.#settings = settings
    this.#hooks = poolHooks(settings)
  }

  use<T>(work: (client: Client, call: Call) => T | PromiseLike<T>, options: UseOptions = {}): Promise<T> {
    const running = this.acquire(options).then((lease) => workWith(lease, work, options.signal))
    if (options.waitUntil !== undefined) keepAlive(this.#settings.host, options.waitUntil, running.then(ignore, ignore))
    return running
  }

  acquire({ signal, by }: AcquireOptions = {}): Promise<SlotLease<Client>> {
    if (this.#state !== 'open') return Promise.reject(this.#closed())
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error)
    const now = this.#settings.host.clock.now()
    const slot = this.#takeIdle(now)
    return slot === undefined ? this.#wait(signal, by) : Promise.resolve(this.#lend(slot, by, now))
  }

  stats(): PoolStats {
    const now = this.#settings.host.clock.now()
    let leaked = 0
    let oldest = now
    for (const slot of this.#slots) {
      if (slot.held && now - slot.since > this.#settings.leakAfterMs) leaked += 1
      oldest = Math.min(oldest, slot.createdAt)
    }
    return {
      size: this.#slots.size,
      healthy: this.#slots.size - this.#checking,
      idle: this.#idle.length,
      borrowed: this.#borrowed,
      waiting: this.#waiters.size,
      totalUses: this.#totalUses,
      oldestClientAgeMs: now - oldest,
      leaked,
    }
  }

  drain({ timeoutMs = 10_000 }: DrainOptions = {}): Promise<DrainReport> {
    atLeast(0, 'timeoutMs', timeoutMs)
    this.#drained ??= this.#drain(timeoutMs)
    return this.#drained
  }

  #lend(slot: Slot<Client>, by: string | undefined, now: number): SlotLease<Client> {
    slot.uses += 1
    slot.since = now
    slot.held = true
    slot.by = by
    this.#borrowed += 1
    this.#totalUses += 1
    return new SlotLease(slot, this.#giveBack)
  }

  readonly #giveBack = (slot: Slot<Client>, broken: boolean): void => {
    // Taken away by a drain in the meantime.
    if (!slot.held) return
    slot.held = false
    slot.by = undefined
    slot.abort = undefined
    this.#borrowed -= 1
    const now = this.#settings.host.clock.now()
    const worn = broken || slot.uses >= this.#settings.maxUses || now >= slot.expiresAt
    this.#judged(slot, !worn && (this.#hooks.reset === undefined || this.#hooks.reset(slot.client)), now)
  }

  /** Idle clients that may be lent: the longest idle are let go first, the one used last is taken. */
  #takeIdle(now: number): Slot<Client> | undefined {
    const idle = this.#idle
    const staleBefore = now - this.#settings.idleTimeoutMs
    for (let coldest = idle[0]; coldest !== undefined && coldest.since <= staleBefore; coldest = idle[0]) {
      idle.shift()
      this.#retire(coldest)
    }
    for (let slot = idle.pop(); slot !== undefined; slot = idle.pop()) {
      const verdict = now < slot.expiresAt && (this.#hooks.validate === undefined || this.#hooks.validate(slot.client))
      if (verdict === true) return slot
      if (verdict !== false) {
        this.#check(slot, verdict)
        return undefined
      }
      this.#retire(slot)
    }
    return undefined
  }

  #judged(slot: Slot<Client>, verdict: boolean | Promise<boolean>, now: number): void {
    if (verdict === true) return this.#offer(slot, now)
    if (verdict !== false) return this.#check(slot, verdict)
    this.#retire(slot)
    this.#supply()
    this.#noteEmpty()
  }

  #check(slot: Slot<Client>, verdict: Promise<boolean>): void {
    const { host } = this.#settings
    this.#checking += 1
    const checked = verdict.then((sound) => {
      this.#checking -= 1
      // A drain that could not wait has ended it already.
      if (this.#slots.has(slot)) this.#judged(slot, sound, host.clock.now())
    })
    host.track(checked)
  }

  #offer(slot: Slot<Client>, now: number): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter.resolve(this.#lend(slot, waiter.by, now))
    if (this.#state === 'open') {
      slot.since = now
      this.#idle.push(slot)
      return
    }
    this.#retire(slot)
    this.#noteEmpty()
  }

  #wait(signal: AbortSignal | undefined, by: string | undefined): Promise<SlotLease<Client>> {
    const { name, maxWaiting, acquireTimeoutMs, host } = this.#settings
    if (this.#waiters.size >= maxWaiting)
      return Promise.reject(new PerfError('ERR_PERF_POOL_FULL', `${maxWaiting} borrowers wait for ${name} already`))
    const promise = this.#waiters.enter({
      by,
      signal,
      clock: host.clock,
      timeoutMs: acquireTimeoutMs,
      late: () => this.#late(),
      onLeave: () => this.#noteEmpty(),
    })
    this.#supply()
    return promise
  }

  /** Sees to it that as many clients are on their way as borrowers wait, if there may be so many. */
  #supply(): void {
    const { maxClients, host } = this.#settings
    while (this.#waiters.size > this.#making + this.#checking) {
      const now = host.clock.now()
      const slot = this.#takeIdle(now)
      if (slot !== undefined) this.#offer(slot, now)
      else if (this.#waiters.size <= this.#making + this.#checking) return
      else if (this.#slots.size + this.#making < maxClients) this.#make()
      else return
    }
  }

  #make(): void {
    this.#making += 1
    this.#hooks.make().then(
      (client) => {
        this.#making -= 1
        this.#admit(client)
      },
      (error: unknown) => {
        this.#making -= 1
        this.#makeFailed(error)
        this.#noteEmpty()
      },
    )
  }

  #admit(client: Client): void {
    if (this.#state === 'closed') return void this.#hooks.end(client)
    const { host, maxLifetimeMs } = this.#settings
    this.#lastFailure = undefined
    const now = host.clock.now()
    const expiresAt = now + maxLifetimeMs * (1 - Math.random() / 10)
    const slot = {
      client,
      createdAt: now,
      expiresAt,
      uses: 0,
      since: now,
      held: false,
      by: undefined,
      abort: undefined,
    }
    this.#slots.add(slot)
    this.#offer(slot, now)
  }

  /**
   * Nothing is made anew here: a server that refuses at once would be asked in a loop. Who waits is served by a client
   * that comes back, or is told, when there is none that could.
   */
  #makeFailed(error: unknown): void {
    this.#lastFailure = error
    if (this.#slots.size > 0) return
    do this.#waiters.shift()?.reject(error)
    while (this.#making === 0 && this.#waiters.size > 0)
  }

  #retire(slot: Slot<Client>): void {
    this.#slots.delete(slot)
    const end = this.#hooks.end(slot.client)
    this.#ending.add(end)
    this.#settings.host.track(end.then(() => void this.#ending.delete(end)))
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { name, host } = this.#settings
    this.#state = 'draining'
    for (const slot of this.#idle.splice(0)) this.#retire(slot)
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve))
    this.#noteEmpty()
    try {
      await withDeadline({ clock: host.clock, timeoutMs, what: `the drain of ${name}` }, async () => {
        await empty
        await Promise.all(this.#ending)
      })
    } catch (error) {
      if (!hasCode(error, 'ERR_PERF_TIMEOUT')) throw error
    }
    return { held: this.#close() }
  }

  #noteEmpty(): void {
    if (this.#slots.size + this.#making + this.#waiters.size === 0) this.#onEmpty()
  }

  /** Takes away what did not come back. */
  #close(): Holder[] {
    const { name, host } = this.#settings
    const now = host.clock.now()
    this.#state = 'closed'
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift())
      waiter.reject(this.#closed())
    const held = holders(this.#slots, now)
    for (const slot of this.#slots) {
      slot.held = false
      slot.abort?.abort(this.#closed())
      this.#retire(slot)
    }
    this.#borrowed = 0
    if (held.length > 0) host.observe({ name: 'pool.leaked', of: name, count: held.length })
    return held
  }

  #closed(): PerfError {
    return new PerfError('ERR_PERF_POOL_CLOSED', `${this.#settings.name} is closed`)
  }

  /** Says who holds what, and why there is no further client: a bare timeout is the riddle of most pools. */
  #late(): TimeoutError {
    const { name, maxClients, acquireTimeoutMs, host } = this.#settings
    const longest = holders(this.#slots, host.clock.now())[0]
    const by = longest === undefined ? '' : `, longest by ${longest.by} for ${longest.heldForMs} ms`
    const state = `${this.#borrowed} of ${maxClients} borrowed${by}; ${this.#making} being made`
    const error = new TimeoutError(`${name} (${state})`, acquireTimeoutMs)
    if (this.#lastFailure !== undefined) error.cause = this.#lastFailure
    return error
  }
}

const ignore = (): void => undefined

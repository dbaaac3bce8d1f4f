import { hasCode, NonRetryable } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Permit } from '../core/semaphore.ts'
import { tellUser } from '../core/tell-user.ts'
import type { EachOptions, EachResult } from '../core/updates.ts'
import { HeldLeases, type Whose } from './held-leases.ts'
import type { Item } from './item.ts'
import type { EndWriter, Ledger, Written } from './ledger.ts'
import { parkInTime, runInTime } from './run-in-time.ts'
import { notOurs } from './not-ours.ts'
import { createSlots, type Slots } from './slots.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

type Ended<T> = Extract<EachResult<T>, { status: 'done' | 'dead' }>

/** An update may take its process down when so many of its leases have run out. */
const SUSPICIOUS = 2
export const HANDLE_TIMEOUT_MS: number = 5 * 60_000
/** Whoever cannot say whether a lease goes on is asked again after so long at the latest. */
const RETRY_UNSURE_MS = 5_000

/**
 * The claimed updates of one call, while they are worked on: groups side by side, each in its order.
 *
 * Suspects come last, with what stands behind them in their groups. They are updates whose leases ran out again and again,
 * as they do when the handler of one takes the process down with it, and its siblings. Where there is a `park`, the begin
 * of a suspect is written down before it runs; and suspects run one at a time in this dedup, each end written before the
 * next one begins. So what counts against an update are its own runs, not those of a killer beside it.
 */
export class Batch<U, T> {
  readonly #ledger: Ledger
  readonly #items: readonly Item<U>[]
  readonly #options: EachOptions<U, T>
  readonly #maxAttempts: number
  readonly #writer: EndWriter
  readonly #leases: HeldLeases
  readonly #slots: Slots | undefined
  #waitingRoom: WaitingRoom | undefined
  #stopListening: (() => void) | undefined
  readonly #results: EachResult<T>[]
  #writing: Promise<unknown>[] | undefined

  constructor(
    ledger: Ledger,
    items: readonly Item<U>[],
    { options, results }: { options: EachOptions<U, T>; results: EachResult<T>[] },
  ) {
    const { concurrency = 8, maxAttempts = 10 } = options
    this.#ledger = ledger
    this.#items = items
    this.#options = options
    this.#maxAttempts = maxAttempts
    this.#results = results
    this.#writer = ledger.writer()
    this.#leases = new HeldLeases(ledger, items)
    this.#slots = items.length > concurrency ? createSlots(concurrency) : undefined
  }

  /** Starts what goes on beside the handlers: the wait for what others hold, the renewals, the ear for the caller. */
  start(): void {
    const { signal } = this.#options
    // All at once, also those that stand behind others of their group: they share the time to wait.
    for (const item of this.#items) if (item.claim.status === 'leased') item.waiting = this.#wait(item)
    if (signal !== undefined) this.#listen(signal)
    this.#leases.start()
  }

  /** Brings every update to its end. Never rejects. */
  settle(groups: readonly (readonly Item<U>[])[]): unknown {
    const [only] = this.#items
    const alone = this.#items.length === 1 && only?.waiting === undefined
    return alone && only !== undefined && !this.#isSuspect(only) ? this.#settle(only) : this.#settleGroups(groups)
  }

  /** Resolves when every end was written down, or could not be; `undefined` when all were written at once. */
  written(): Promise<unknown> | undefined {
    return this.#writing && Promise.all(this.#writing)
  }

  close(): void {
    this.#leases.stop()
    this.#stopListening?.()
  }

  async #settleGroups(groups: readonly (readonly Item<U>[])[]): Promise<void> {
    const left = await Promise.all(groups.map((group) => this.#settleInOrder(group)))
    for (const group of left) await this.#settleWithSuspects(group)
  }

  /** @returns what is left of the group, from its first suspect on */
  async #settleInOrder(group: readonly Item<U>[]): Promise<readonly Item<U>[]> {
    for (const [at, item] of group.entries()) {
      if (item.waiting !== undefined) await item.waiting
      if (this.#isSuspect(item)) return group.slice(at)
      if (!(await this.#settle(item))) return this.#stop(group.slice(at + 1))
    }
    return []
  }

  async #settleWithSuspects(group: readonly Item<U>[]): Promise<void> {
    const { suspectTurn } = this.#ledger
    for (const [at, item] of group.entries()) {
      if (item.waiting !== undefined) await item.waiting
      const turn = this.#isSuspect(item) ? (suspectTurn.take() ?? (await suspectTurn.wait())) : undefined
      let goesOn: boolean
      try {
        goesOn = await this.#settle(item)
        if (turn !== undefined) await item.writing
      } finally {
        if (turn !== undefined) suspectTurn.give(turn)
      }
      if (!goesOn) return void (await this.#stop(group.slice(at + 1)))
    }
  }

  #isSuspect({ claim }: Item<U>): boolean {
    return this.#options.park !== undefined && claim.status === 'won' && claim.expired >= SUSPICIOUS
  }

  /** Gives back, unbegun, what stands behind a failure. */
  async #stop(rest: readonly Item<U>[]): Promise<readonly Item<U>[]> {
    for (const item of rest) {
      if (item.waiting !== undefined) await item.waiting
      if (item.claim.status === 'won') this.#notBegun(item)
      else this.#results[item.at] = notOurs(item, this.#ledger.counts)
    }
    return []
  }

  /** Works on an update if it was won. True when the rest of its group may go on. */
  #settle(item: Item<U>): boolean | Promise<boolean> {
    if (item.claim.status !== 'won') {
      this.#results[item.at] = notOurs(item, this.#ledger.counts)
      return item.claim.status === 'done' || item.claim.status === 'dead' || !this.#stops
    }
    if (this.#slots !== undefined) return this.#workInTurn(item)
    const { permits } = this.#options
    if (permits === undefined) return this.#work(item)
    const permit = permits.take()
    // Without a turn more where there is room, as there mostly is.
    return permit === undefined ? this.#workInTurn(item) : this.#work(item, permit)
  }

  async #workInTurn(item: Item<U>): Promise<boolean> {
    if (this.#slots?.take() === false) await this.#slots.free()
    const { permits } = this.#options
    const permit = permits && (permits.take() ?? (await permits.wait()))
    try {
      return await this.#work(item, permit)
    } finally {
      this.#slots?.give()
    }
  }

  get #stops(): boolean {
    return this.#options.afterFailure === 'stop'
  }

  async #work(item: Item<U>, permit?: Permit): Promise<boolean> {
    try {
      const looked = this.#leases.look(item)
      if (!this.#mayBegin(typeof looked === 'string' ? looked : await looked)) return this.#notBegun(item)
      // Its process was killed in its last run, or what was to take it over failed.
      if (this.#options.park !== undefined && item.runs >= this.#maxAttempts) return this.#parkUnrun(item)
      if (this.#isSuspect(item) && !(await this.#writeBegin(item))) return this.#notBegun(item)
      this.#ledger.counts.claimed += 1
      item.state = 'running'
      const value = await this.#run(item)
      this.#ledger.counts.completed += 1
      this.#end(item, { key: item.key, status: 'done', value })
      return true
    } catch (error) {
      return this.#failed(item, error)
    } finally {
      if (permit !== undefined) this.#options.permits?.give(permit)
    }
  }

  #mayBegin(whose: Whose): boolean {
    return whose === 'ours' || (whose === 'unsure' && this.#ledger.beginsUnsure)
  }

  /** Before the run of a suspect. False when it may not begin: the lease may run out while the store is told. */
  async #writeBegin(item: Item<U>): Promise<boolean> {
    const begun = await this.#ledger.begin(item)
    // Also when the store did not say: a run too few may be counted, never one too many.
    item.written = begun !== false
    if (begun !== false) return this.#mayBegin(await this.#leases.look(item))
    this.#leases.lost(item)
    return false
  }

  #run(item: Item<U>): T | Promise<T> {
    const { handle, handleTimeoutMs: timeoutMs = HANDLE_TIMEOUT_MS } = this.#options
    return runInTime(this.#ledger, handle(item.update, item), {
      item,
      timeoutMs,
      late: () => this.#ledger.doneLate(item),
    })
  }

  #failed(item: Item<U>, error: unknown): boolean | Promise<boolean> {
    const { host, name } = this.#ledger
    const exhausted = item.attempt >= this.#maxAttempts
    if (exhausted || hasCode(error, 'ERR_PERF_NON_RETRYABLE')) {
      if (this.#options.park !== undefined) return this.#park(item, error)
      host.observe({ name: 'dedup.poison', of: name, count: item.attempt, ...codeOf(error) })
    }
    return this.#givenBack(item, error)
  }

  #parkUnrun(item: Item<U>): Promise<boolean> {
    this.#ledger.counts.claimed += 1
    return this.#park(item, new NonRetryable(`given up after ${item.runs} attempts`))
  }

  async #park(item: Item<U>, error: unknown): Promise<boolean> {
    const { park, handleTimeoutMs = HANDLE_TIMEOUT_MS } = this.#options
    const { host, name, counts } = this.#ledger
    try {
      await parkInTime(this.#ledger, park?.(item.update, error, item), handleTimeoutMs)
    } catch (parkError) {
      return this.#givenBack(item, parkError)
    }
    counts.dead += 1
    host.observe({ name: 'dedup.parked', of: name, ...codeOf(error) })
    this.#end(item, { key: item.key, status: 'dead', error })
    return true
  }

  /** At once, so that the resend need not wait for the lease to end. True when the rest of its group may go on. */
  #givenBack(item: Item<U>, error: unknown): boolean {
    const { onFailure } = this.#options
    const fate = item.state === 'running' ? 'failed' : 'unbegun'
    this.#release(item, fate)
    this.#results[item.at] = { key: item.key, status: 'failed', error }
    if (onFailure !== undefined) tellUser(() => onFailure(item.update, error, item))
    return !this.#stops || item.attempt >= this.#maxAttempts
  }

  /** It is somebody else's by now, or nobody knows whose, or what it stands behind has failed. */
  #notBegun(item: Item<U>): boolean {
    const { counts, leaseMs } = this.#ledger
    counts.inProgress += 1
    if (item.state === 'claimed') this.#release(item, 'unbegun')
    const retryAfterMs = Math.min(leaseMs, RETRY_UNSURE_MS)
    this.#results[item.at] = { key: item.key, status: 'in-progress', retryAfterMs }
    return !this.#stops
  }

  #release(item: Item<U>, fate: 'failed' | 'unbegun'): void {
    item.state = 'over'
    this.#ledger.counts.released += 1
    const writing = this.#writer.end(item, fate)
    if (typeof writing !== 'string') this.#waitFor(item, writing)
  }

  /** Nobody in the batch waits for the write: a handler a write would be forty a second in one group. */
  #end(item: Item<U>, result: Ended<T>): void {
    item.state = 'ending'
    const writing = this.#writer.end(item, result.status)
    if (typeof writing === 'string') this.#ended(item, result, writing)
    else
      this.#waitFor(
        item,
        writing.then((written) => this.#ended(item, result, written)),
      )
  }

  #waitFor(item: Item<U>, writing: Promise<unknown>): void {
    item.writing = writing
    ;(this.#writing ??= []).push(writing)
  }

  #ended(item: Item<U>, result: Ended<T>, written: Written): void {
    // Somebody else may be doing it again by now; what we did is done all the same.
    if (written === 'lost' && !item.lost) this.#leases.lost(item)
    item.state = 'over'
    const degraded = written === 'failed' && result.status === 'done'
    if (degraded) this.#ledger.counts.degraded += 1
    this.#results[item.at] = degraded ? { ...result, degraded } : result
  }

  /** One listener for the whole batch: a signal warns of a leak at the eleventh. */
  #listen(signal: AbortSignal): void {
    const abortAll = (): void => this.#items.forEach((item) => item.abort(signal.reason))
    if (signal.aborted) return abortAll()
    signal.addEventListener('abort', abortAll)
    this.#stopListening = () => signal.removeEventListener('abort', abortAll)
  }

  #wait(item: Item<U>): Promise<void> {
    const { waitMs = this.#ledger.waits ? 5_000 : 0, signal } = this.#options
    this.#waitingRoom ??= createWaitingRoom({ ledger: this.#ledger, waitMs, signal })
    return this.#waitingRoom.wait(item)
  }
}

import type { Claim } from '../core/dedup-store.ts'
import { hasCode, NonRetryable, StoreUnavailable } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { EachOptions, EachResult } from '../core/updates.ts'
import type { Item } from './item.ts'
import type { FateWriter, Ledger, Written } from './ledger.ts'
import type { Holder } from './renewals.ts'
import { createSlots, type Slots } from './slots.ts'
import { Suspects } from './suspects.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

type Ended<T> = Extract<EachResult<T>, { status: 'done' | 'dead' }>

/** The claimed updates of one call, while they are worked on. */
export class Batch<U, T> implements Holder {
  readonly #ledger: Ledger
  readonly #items: readonly Item<U>[]
  readonly #options: EachOptions<U, T>
  readonly #token: string
  readonly #writer: FateWriter
  readonly #slots: Slots | undefined
  readonly #suspects: Suspects | undefined
  #waitingRoom: WaitingRoom | undefined
  previous: Holder | undefined
  next: Holder | undefined
  #stopListening: (() => void) | undefined
  readonly #results: EachResult<T>[]
  #writing: Promise<unknown>[] | undefined

  constructor(
    ledger: Ledger,
    items: readonly Item<U>[],
    { token, options, results }: { token: string; options: EachOptions<U, T>; results: EachResult<T>[] },
  ) {
    const { concurrency = 8, park, maxAttempts = 10 } = options
    this.#ledger = ledger
    this.#items = items
    this.#options = options
    this.#token = token
    this.#results = results
    this.#writer = ledger.writer(token)
    this.#slots = items.length > concurrency ? createSlots(concurrency) : undefined
    this.#suspects = park && new Suspects(items, maxAttempts)
  }

  /** Starts what goes on beside the handlers: the wait for what others hold, the renewals, the ear for the caller. */
  start(): void {
    const { signal } = this.#options
    // All at once, also those that stand behind others of their group: they share the time to wait.
    for (const item of this.#items) if (item.claim.status === 'leased') item.waiting = this.#wait(item)
    if (signal !== undefined) this.#listen(signal)
    this.#ledger.renewals.add(this)
  }

  /** Brings every update to its end, the groups side by side, each in its order. Never rejects. */
  settle(groups: readonly (readonly Item<U>[])[]): Promise<unknown> {
    const [only] = this.#items
    if (this.#items.length === 1 && only !== undefined) return this.#settle(only)
    return Promise.all(groups.map((group) => this.#settleGroup(group)))
  }

  /** In order; from its first suspect on alone among the groups that have one. */
  async #settleGroup(group: readonly Item<U>[]): Promise<void> {
    let endTurn: (() => void) | undefined
    for (const item of group) {
      if (item.waiting !== undefined) await item.waiting
      if (this.#suspects?.has(item) === true) endTurn ??= await this.#suspects.turn()
      await this.#settle(item)
      if (endTurn !== undefined) await item.writing
    }
    endTurn?.()
  }

  /** Works on an update if it was won, waits if somebody else has it. */
  #settle(item: Item<U>): Promise<void> {
    if (item.claim.status === 'won' && this.#slots === undefined) return this.#work(item)
    return this.#settleInTurn(item)
  }

  async #settleInTurn(item: Item<U>): Promise<void> {
    if (item.waiting !== undefined) await item.waiting
    if (item.claim.status !== 'won') this.#results[item.at] = this.#notOurs(item.key, item.claim)
    else if (this.#slots === undefined) await this.#work(item)
    else await this.#workInTurn(item, this.#slots)
  }

  /** Resolves when every end was written down, or could not be; `undefined` when all were written at once. */
  written(): Promise<unknown> | undefined {
    return this.#writing && Promise.all(this.#writing)
  }

  close(): void {
    this.#ledger.renewals.delete(this)
    this.#stopListening?.()
  }

  #notOurs(key: string, claim: Exclude<Claim, { status: 'won' }>): EachResult<T> {
    const { counts } = this.#ledger
    if (claim.status === 'leased') {
      counts.inProgress += 1
      return { key, status: 'in-progress', retryAfterMs: Math.max(1, claim.leftMs) }
    }
    counts.duplicates += 1
    return { key, status: claim.status === 'dead' ? 'dead' : 'duplicate' }
  }

  /** One listener for the whole batch: a signal warns of a leak at the eleventh. */
  #listen(signal: AbortSignal): void {
    const abortAll = (): void => this.#items.forEach((item) => item.abort(signal.reason))
    if (signal.aborted) return abortAll()
    signal.addEventListener('abort', abortAll)
    this.#stopListening = () => signal.removeEventListener('abort', abortAll)
  }

  /** Prolongs the leases of everything that is held, in one round trip. */
  renew(): void {
    const held = this.#items.filter((item) => item.held)
    if (held.length > 0) void this.#renew(held)
  }

  async #renew(held: readonly Item<U>[]): Promise<void> {
    const kept = await this.#ledger.renew(
      held.map((item) => item.key),
      this.#token,
    )
    // One that came to its end in the meantime is no longer ours, and that is as it should be.
    held.forEach((item, at) => kept[at] === false && item.held && !item.ending && this.#lost(item))
  }

  #lost(item: Item<U>): void {
    item.held = false
    this.#ledger.counts.leasesLost += 1
    this.#ledger.host.observe({ name: 'dedup.lease_lost', of: this.#ledger.name })
    item.abort(new StoreUnavailable('the lease was lost to another owner'))
  }

  async #wait(item: Item<U>): Promise<void> {
    const { waitMs = this.#ledger.waits ? 5_000 : 0, signal } = this.#options
    this.#waitingRoom ??= createWaitingRoom({ ledger: this.#ledger, token: this.#token, waitMs, signal })
    item.claim = await this.#waitingRoom.wait(item.key, item.claim)
    item.held = item.claim.status === 'won'
  }

  async #workInTurn(item: Item<U>, slots: Slots): Promise<void> {
    if (!slots.take()) await slots.free()
    try {
      await this.#work(item)
    } finally {
      slots.give()
    }
  }

  async #work(item: Item<U>): Promise<void> {
    const { handle } = this.#options
    const { counts } = this.#ledger
    counts.claimed += 1
    // Its handler takes the process down with it: parked without another run.
    if (this.#suspects?.isToBlame(item) === true)
      return this.#failed(item, new NonRetryable(`given up after ${item.attempt - 1} attempts`))
    let value: T
    try {
      value = await handle(item.update, item)
    } catch (error) {
      return this.#failed(item, error)
    }
    counts.completed += 1
    this.#end(item, { key: item.key, status: 'done', value })
  }

  async #failed(item: Item<U>, error: unknown): Promise<void> {
    const { park, maxAttempts = 10 } = this.#options
    const { host, name, counts } = this.#ledger
    const poison = item.attempt >= maxAttempts || hasCode(error, 'ERR_PERF_NON_RETRYABLE')
    if (poison && park !== undefined) {
      try {
        await park(item.update, error, item)
      } catch (parkError) {
        return this.#givenBack(item, parkError)
      }
      counts.dead += 1
      host.observe({ name: 'dedup.parked', of: name, ...codeOf(error) })
      return this.#end(item, { key: item.key, status: 'dead', error })
    }
    if (poison) host.observe({ name: 'dedup.poison', of: name, count: item.attempt, ...codeOf(error) })
    return this.#givenBack(item, error)
  }

  /** At once, so that the resend need not wait for the lease to end. */
  #givenBack(item: Item<U>, error: unknown): void {
    item.held = false
    this.#ledger.counts.released += 1
    this.#results[item.at] = { key: item.key, status: 'failed', error }
    const writing = this.#writer.end(item.key, 'free')
    if (typeof writing !== 'string') this.#waitFor(item, writing)
  }

  /** Nobody in the batch waits for the write: a handler a write would be forty a second in one group. */
  #end(item: Item<U>, result: Ended<T>): void {
    item.ending = true
    const writing = this.#writer.end(item.key, result.status)
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
    if (written === 'lost' && item.held) this.#lost(item)
    item.held = false
    const degraded = written === 'failed' && result.status === 'done'
    if (degraded) this.#ledger.counts.degraded += 1
    this.#results[item.at] = degraded ? { ...result, degraded } : result
  }
}

import type { Claim, Claimed, Ending, Renewal } from '../core/dedup-store.ts'
import { hasCode } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import { promisesDieWithRequests } from '../core/platform.ts'
import type { Semaphore } from '../core/semaphore.ts'
import { gatheringWriter } from './gathering-writer.ts'
import type { Generations } from './generations.ts'
import { GivenUp } from './given-up.ts'
import { GuardedStore } from './guarded-store.ts'
import type { Item, Moment } from './item.ts'
import { ledgerParts, type DedupCounts, type EndWriter, type Ledger, type Written } from './ledger.ts'
import { MemoryClaims } from './memory-claims.ts'
import { COUNTS_MS } from './memory-store.ts'
import type { Renewals } from './renewals.ts'
import type { RunDeadlines } from './run-deadlines.ts'
import { StoreEnds } from './store-ends.ts'
import type { StoreLedgerOptions } from './store-ledger-options.ts'

/**
 * A ledger in a shared store, with a front in memory: the front answers *done* only for keys whose end the store
 * confirmed, or that ended here while it could not be told; and *leased* for keys whose run goes on here, even where the
 * store would grant them. Everything else asks the store.
 */
export class StoreLedger implements Ledger {
  readonly host: Host
  readonly name: string
  readonly leaseMs: number
  readonly counts: DedupCounts
  readonly waits: boolean
  readonly renewals: Renewals
  readonly deadlines: RunDeadlines
  readonly suspectTurn: Semaphore
  readonly remote = true
  readonly beginsUnsure: boolean
  readonly #options: StoreLedgerOptions
  readonly #store: GuardedStore
  readonly #front: Generations
  readonly #ends: StoreEnds
  readonly #givenUp = new GivenUp()
  /** What was claimed here and has not ended. */
  readonly #mine = new Map<string, Item<unknown>>()
  /** Claims that were made here because the store could not be reached. */
  readonly #here: MemoryClaims

  constructor(options: StoreLedgerOptions) {
    const { host, name, leaseMs, counts, waits, memory, windowMs, onStoreError } = options
    this.host = host
    this.name = name
    this.leaseMs = leaseMs
    this.counts = counts
    this.waits = waits
    const { renewals, deadlines, suspectTurn } = ledgerParts(options)
    this.renewals = renewals
    this.deadlines = deadlines
    this.suspectTurn = suspectTurn
    this.beginsUnsure = onStoreError === 'process'
    this.#options = options
    this.#store = new GuardedStore(options, () => this.#answered())
    this.#front = memory.generations(windowMs)
    this.#here = new MemoryClaims(host.clock, COUNTS_MS, memory)
    this.#ends = new StoreEnds(options, {
      newToken: () => this.newToken(),
      call: (work) => this.#store.call(work),
      quietly: (work) => this.#store.quietly(work),
      confirmed: (key) => this.#front.add(key, host.clock.elapsed()),
      giveUp: (claims) => this.#givenUp.add(claims),
    })
  }

  get size(): number {
    return this.#front.sizeAt(this.host.clock) + this.#ends.size
  }

  newToken(): string {
    return this.host.randomId()
  }

  endOf(key: string): Ending | undefined {
    return this.#front.has(key, this.host.clock.elapsed()) ? 'done' : this.#ends.endOf(key)
  }

  async claim(items: readonly Item<unknown>[]): Promise<void> {
    this.#admit(items.length)
    const asked = items.filter((item) => !this.#isAtWork(item))
    if (asked.length === 0) return
    try {
      await this.#claim(asked)
    } catch (error) {
      if (!this.beginsUnsure || !hasCode(error, 'ERR_PERF_STORE_UNAVAILABLE')) throw error
      // Others may have had their answer while this one waited.
      this.#claimHere(asked.filter((item) => !this.#isKnown(item)))
    }
  }

  #claimHere(items: readonly Item<unknown>[]): void {
    const token = this.newToken()
    this.#here.admit(items)
    for (const item of items) {
      item.met(this.#here.claim({ key: item.key, token }, this.#leaseHere), token, undefined)
      if (item.state === 'claimed' && this.#leaseHere === Infinity) this.#mine.set(item.key, item)
    }
  }

  /** Who has a key here is here, so that its lease ends with its run; on Workers, where requests end in it, by time. */
  get #leaseHere(): number {
    return promisesDieWithRequests() ? this.leaseMs : Infinity
  }

  async reclaim(items: readonly Item<unknown>[]): Promise<void> {
    const asked = items.filter((item) => !this.#isKnown(item))
    if (asked.length === 0) return
    try {
      await this.#claim(asked)
    } catch {
      // A store that went away now is no reason to give up what other updates of the batch have done.
    }
  }

  isOver({ sent }: Item<unknown>): boolean {
    if (sent === undefined) return false
    const { clock } = this.host
    return clock.elapsed() - sent.elapsed >= this.leaseMs || clock.now() - sent.now >= this.leaseMs
  }

  async renew(items: readonly Item<unknown>[]): Promise<readonly (boolean | undefined)[]> {
    // Those that were claimed here have no moment at which it was asked for.
    const there = items.filter(({ sent }) => sent !== undefined)
    for (const { key, token, sent } of items) if (sent === undefined) this.#here.renew({ key, token }, this.#leaseHere)
    if (there.length === 0) return items.map(() => true)
    const sent = this.#moment()
    const renewals = there.map(({ key, token, state, written }): Renewal => {
      if (state !== 'running') return { key, token }
      return { key, token, begun: written ? 'written' : true }
    })
    try {
      const kept = await this.#store.call((store, { onGiveUp }) =>
        store.renewMany(renewals, { leaseMs: this.leaseMs, onGiveUp }),
      )
      const answers = new Map(there.map((item, at) => [item, kept[at]]))
      there.forEach((item, at) => kept[at] === true && (item.sent = sent))
      return items.map((item) => (item.sent === undefined ? true : answers.get(item)))
    } catch (error) {
      this.host.observe({ name: 'dedup.renew_failed', of: this.name, ...codeOf(error) })
      return items.map(({ sent: asked }) => (asked === undefined ? true : undefined))
    }
  }

  async begin(item: Item<unknown>): Promise<boolean | undefined> {
    const { key, token, sent } = item
    if (sent === undefined) return this.#here.begin({ key, token })
    try {
      const [owned] = await this.#store.call((store, { onGiveUp }) => store.beginMany([{ key, token }], { onGiveUp }))
      return owned === true
    } catch {
      return undefined
    }
  }

  writer(): EndWriter {
    const gathering = gatheringWriter(this.host.clock, this.#ends)
    const { windowMs } = this.#options
    return {
      end: (item, fate) => {
        const { key, token, sent } = item
        if (sent !== undefined) return this.#letGoAfter(item, gathering.end(item, fate))
        this.letGo(item)
        if (fate !== 'done' && fate !== 'dead')
          return this.#here.release({ key, token, begun: fate === 'failed' }) ? 'kept' : 'lost'
        this.#here.end({ key, token, as: fate, ifNobody: true }, windowMs)
        this.#ends.remember(key, fate, undefined)
        return 'failed'
      },
    }
  }

  letGo(item: Item<unknown>): void {
    if (this.#mine.get(item.key) === item) this.#mine.delete(item.key)
  }

  doneLate({ key, token, sent }: Item<unknown>): void {
    if (sent === undefined) return this.#ends.remember(key, 'done', undefined)
    this.host.track(this.#ends.complete([{ key, token, as: 'done' }]))
  }

  async revive(keys: readonly string[]): Promise<boolean[]> {
    const untold = keys.map((key) => this.#ends.revive(key))
    const here = keys.map((key, at) => [untold[at] !== undefined, this.#here.revive(key)].includes(true))
    // Only what it knows to be dead does it forget with its counts.
    const ends = untold.flatMap((end) => (end?.token === undefined ? [] : [{ ...end, token: end.token }]))
    if (ends.length > 0) await this.#ends.complete(ends)
    const there = await this.#store.call((store, { onGiveUp }) => store.reviveMany(keys, { onGiveUp }))
    return keys.map((_, at) => here[at] === true || there[at] === true)
  }

  /** Not before the store knows: its lease may have run out there, and a resend would win it. */
  async #letGoAfter(item: Item<unknown>, writing: Written | Promise<Written>): Promise<Written> {
    const written = await writing
    this.letGo(item)
    return written
  }

  async #claim(items: readonly Item<unknown>[]): Promise<void> {
    const token = this.newToken()
    const claims = items.map(({ key }): Claim => ({ key, token }))
    const sent = this.#moment()
    let asked = false
    let over = false
    let met: readonly (Claimed | undefined)[]
    try {
      met = await this.#store.call(async (store, { onGiveUp }) => {
        asked = true
        const answers = await store.claimMany(claims, { leaseMs: this.leaseMs, onGiveUp })
        // The one who asked is gone, and what he remembered may have been given back before it was granted.
        if (over) this.#givenUp.add(claims.filter((_, at) => answers[at]?.status === 'won'))
        return answers
      })
    } catch (error) {
      over = true
      // A store that cannot be reached may have granted it all the same.
      if (asked && !hasCode(error, 'ERR_PERF_STORE_SETUP')) this.#givenUp.add(claims)
      throw error
    }
    const now = this.host.clock.elapsed()
    items.forEach((item, at) => {
      const claim = met[at] ?? item.claim
      // Granted after a lease, to a question that is older than the run which goes on here, or has ended.
      if (claim.status === 'won' && this.#isKnown(item)) return this.#givenUp.add([{ key: item.key, token }])
      item.met(claim, token, sent)
      if (claim.status === 'won') this.#mine.set(item.key, item)
      else if (claim.status === 'done') this.#front.add(item.key, now)
    })
    this.#answered()
  }

  /** Whether this dedup knows better than the store what has become of it. */
  #isKnown(item: Item<unknown>): boolean {
    const ended = this.endOf(item.key)
    if (ended !== undefined) item.claim = { status: ended }
    return ended !== undefined || this.#isAtWork(item)
  }

  /** Told once here, and not to the store: its run goes on in this process, however its lease stands there. */
  #isAtWork(item: Item<unknown>): boolean {
    const other = this.#mine.get(item.key)
    if (other === undefined) return false
    // On Workers its request may have ended in the middle of its work.
    if (promisesDieWithRequests() && this.isOver(other)) {
      this.#mine.delete(item.key)
      return false
    }
    item.claim = { status: 'leased', leftMs: this.leaseMs }
    return true
  }

  #moment(): Moment {
    const { clock } = this.host
    return { elapsed: clock.elapsed(), now: clock.now() }
  }

  #admit(more: number): void {
    const { limit } = this.#options.memory
    if (limit.inAll < Infinity) limit.admit(more, this.size, this.host.clock.elapsed())
  }

  /** The store can be told now of what it could not be told before: first what is given back, so that ends find it free. */
  #answered(): void {
    if (this.#givenUp.size === 0 && this.#ends.size === 0) return
    const telling = this.#giveBack().then(() => this.#ends.tell())
    this.host.track(telling.catch(() => undefined))
  }

  async #giveBack(): Promise<void> {
    if (this.#givenUp.size === 0) return
    try {
      await this.#givenUp.tell({
        releaseMany: (claims) => this.#store.quietly((store, { onGiveUp }) => store.releaseMany(claims, { onGiveUp })),
      })
    } catch (error) {
      this.host.observe({ name: 'dedup.release_failed', of: this.name, count: this.#givenUp.size, ...codeOf(error) })
    }
  }
}

import { Again } from '../core/again.ts'
import type { CacheStore } from '../core/cache-store.ts'
import { withDeadline, type StoreCallOptions } from '../core/deadline.ts'
import { hasCode } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import { promisesDieWithRequests } from '../core/platform.ts'
import { createStoreGuard, type StoreGuard } from '../core/store-guard.ts'
import { Changes, type Change, type ChangesMark } from './changes.ts'
import { Unwritten } from './unwritten.ts'

export interface StoreLineOptions {
  readonly host: Host
  readonly name: string
  readonly store: CacheStore
  readonly storeTimeoutMs: number
  /** How long a load may still be under way that began before a change. */
  readonly keepMs: number
  /** Stands at every entry of the cache. */
  readonly root: string
}

/** What the store could not be told it is told again so often, also when nobody asks it for anything. */
const AGAIN_MS = 1_000

/** One call of the store, with what it is to be told when it is given up. */
export type StoreRequest<T> = (store: CacheStore, options: StoreCallOptions) => Promise<T>

/**
 * The line to the store of a cache. While the store is down nobody waits for it: calls give nothing at once, and whether
 * it is back is tried in the background. What it could not be told it is told then.
 */
export class StoreLine {
  readonly #options: StoreLineOptions
  readonly #guard: StoreGuard
  readonly #unwritten: Unwritten
  readonly #again: Again
  /** What the store was told by now. */
  readonly changes: Changes = new Changes()
  /** No change takes longer, in milliseconds: what must be known before, the change, what was missed, and some patience. */
  readonly longestMs: number
  /** Calls for entries or tags that were not answered. */
  readErrors = 0
  /** Changes that did not reach the store in their time. */
  writeErrors = 0

  constructor(options: StoreLineOptions) {
    const { host, name, storeTimeoutMs: timeoutMs, root } = options
    this.#options = options
    this.#guard = createStoreGuard({ host, what: `the store of cache ${name}`, timeoutMs })
    this.longestMs = 4 * timeoutMs
    const { changes, longestMs } = this
    this.#unwritten = new Unwritten({ root, clock: host.clock, longestMs, changes })
    this.#again = new Again(host.clock, AGAIN_MS, () => this.#tellAgain())
  }

  /**
   * Asks the store; undefined when it does not answer.
   *
   * @throws StoreSetupError `ERR_PERF_STORE_SETUP`: that is no outage, and not to be hidden
   */
  async ask<T>(call: StoreRequest<T>): Promise<T | undefined> {
    try {
      return await this.#call(call)
    } catch (error) {
      this.readErrors += 1
      if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
      return undefined
    }
  }

  /** Tells the store of a change; throws as `ask`. Until the store knows, what it has is not used. */
  async change(change: Change, call: StoreRequest<void>): Promise<void> {
    const end = this.#unwritten.begin(change)
    let written = false
    try {
      await this.#call(call)
      written = true
    } catch (error) {
      this.writeErrors += 1
      if (hasCode(error, 'ERR_PERF_STORE_SETUP')) throw error
    } finally {
      end(written)
      if (!this.#unwritten.isEmpty) this.#again.soon()
    }
  }

  /** Whether what the store had under the key, asked when there had been so many changes, is known to be outdated. */
  isOutdated(key: string, tags: readonly string[], askedAt: ChangesMark): boolean {
    return this.#unwritten.has(key, tags) || this.changes.has(key, tags, askedAt)
  }

  /** Whether entries with these tags were dropped since, or are being dropped. */
  areOutdated(tags: readonly string[], askedAt: ChangesMark): boolean {
    return this.#unwritten.hasTag(tags) || tags.some((tag) => this.changes.hasTag(tag, askedAt.tags))
  }

  async #call<T>(call: StoreRequest<T>): Promise<T> {
    const { host, store, storeTimeoutMs: timeoutMs } = this.#options
    // On Workers a probe in the background ends with its request, so there one call a second is the probe itself.
    const background = !promisesDieWithRequests()
    if (background && this.#guard.state === 'down') this.#probe()
    // Down as it is, the guard refuses at once; the probe has taken the call that it lets through.
    const result = await this.#guard.run(({ onGiveUp }) => call(store, { onGiveUp }))
    const told = this.#catchUp()
    // For the same reason: who would tell it in the background might never come to the end.
    if (told !== undefined && !background)
      await withDeadline({ clock: host.clock, timeoutMs, what: 'what the store has missed' }, () => told).catch(ignore)
    return result
  }

  /** Says whether the store knows all by now. */
  async #tellAgain(): Promise<boolean> {
    const { store } = this.#options
    try {
      await this.#guard.run(({ onGiveUp }) => store.readMany([], [], { onGiveUp }))
      await this.#catchUp()
    } catch {
      // Not back yet, or not set up: the guard has told.
    }
    return this.#unwritten.isEmpty
  }

  #probe(): void {
    const { store } = this.#options
    this.#guard
      .run(({ onGiveUp }) => store.readMany([], [], { onGiveUp }))
      .then(
        () => this.#catchUp(),
        // Still down: the next call tries again.
        () => undefined,
      )
  }

  #catchUp(): Promise<void> | undefined {
    const { host, store, keepMs } = this.#options
    this.writeErrors += this.#unwritten.abandon()
    const guarded = {
      deleteMany: (keys: readonly string[]) =>
        this.#guard.run(({ onGiveUp }) => store.deleteMany(keys, { keepMs, onGiveUp })),
      stampTags: (tags: readonly string[], as: 'gone' | 'stale') =>
        this.#guard.run(({ onGiveUp }) => store.stampTags(tags, { as, keepMs, onGiveUp })),
    }
    // What fails stays where it is, and the guard has told of the outage.
    const told = this.#unwritten.tell(guarded)?.catch(ignore)
    if (told !== undefined) host.track(told)
    return told
  }
}

const ignore = (): void => undefined

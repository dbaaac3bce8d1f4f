import { isFunction, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import { codeOf } from '../core/fact.ts'
import { keepAlive } from '../core/host.ts'
import { createSingleFlight, type Flight, type SingleFlight } from '../core/single-flight.ts'
import { createBackoff, type Backoff } from './backoff.ts'
import type { Batch } from './batch.ts'
import type { Behind, Found } from './behind.ts'
import type { OwnLoad } from './own-loads.ts'
import type { GetOrSetOptions, Load, SetOptions } from './types.ts'
import { Lifetimes } from './lifetimes.ts'
import { isTtl, type CheckedOptions } from './options.ts'
import { NONE } from './order.ts'
import { checkTags, type Beginning, type Shelf } from './shelf.ts'
import { TaggedLoads } from './tagged-loads.ts'
import type { Label } from './tags.ts'

/** One look-up that the entries alone could not answer. */
export interface Request<V> {
  readonly key: string
  readonly load: Load<V>
  readonly options: GetOrSetOptions<V>
  /** The load of many that `load` takes part in. */
  readonly batch: Batch<V> | undefined
}

/** What a load, or the tier behind, brought. */
export interface Brought<V> {
  readonly value: V
  readonly from: 'load' | 'store' | 'stale'
  readonly ageMs: number
}

/** A flight on its way: why, and since when. */
interface Trip<V> extends Beginning {
  readonly flight: Flight<Brought<V>>
  readonly refresh: boolean
}

/** What is stored how: as its caller says, and since when. */
interface Storing<V> extends Beginning {
  readonly own: Pick<GetOrSetOptions<V>, 'ttlMs' | 'tags'> | undefined
}

/** How a value was stored. */
export interface Stored {
  /** Not above 0 when it was not. */
  readonly ttlMs: number
  readonly label: Label | undefined
}

/** Brings values from the tier behind and from the user's loads, one flight for each key, and keeps them. */
export class Loader<V> {
  readonly #options: CheckedOptions<V>
  readonly #behind: Behind<V> | undefined
  readonly #shelf: Shelf<V>
  readonly #flights: SingleFlight<Brought<V>>
  readonly #backoff: Backoff = createBackoff()
  readonly #tagged = new TaggedLoads<V>()
  readonly #lifetimes: Lifetimes<V>
  /** How often something was set, deleted or cleared. */
  #changes = 0
  loads = 0
  loadErrors = 0

  constructor(options: CheckedOptions<V>, shelf: Shelf<V>, behind: Behind<V> | undefined) {
    const { name, host, loadTimeoutMs: timeoutMs } = options
    this.#options = options
    this.#behind = behind
    this.#shelf = shelf
    this.#lifetimes = new Lifetimes(options)
    const failed = this.#loadFailed.bind(this)
    this.#flights = createSingleFlight({ host, timeoutMs, what: `the load of cache ${name}`, failed })
  }

  /** No entry is fresh for longer, in milliseconds, as far as can be told. */
  get longestMs(): number {
    return this.#lifetimes.longestMs
  }

  /** Whether somebody is bringing the key's value. */
  has(key: string): boolean {
    return this.#flights.has(key)
  }

  /** What is being brought under the key (under all, when none is named) will not be kept, and nobody joins it. */
  forget(key?: string): void {
    this.#changes += 1
    this.#flights.forget(key)
    if (key === undefined) this.#backoff.clear()
    else this.#backoff.succeeded(key)
  }

  /** Nobody joins the loads that may turn out to have the tag. */
  outdate(tag: string): void {
    for (const key of this.#tagged.with(tag)) this.#flights.outdate(key)
  }

  /** Whether the key is left alone, because loading it failed just now. */
  pauses(key: string, now: number): boolean {
    return this.#backoff.pauses(key, now)
  }

  /** Keeps a value in this process. */
  keep(key: string, value: V, { own, mark, beganAt }: Storing<V>): Stored {
    const label = own?.tags === undefined ? undefined : this.#shelf.labelOf(value, own.tags, { mark, beganAt })
    const ttlMs = this.#lifetimes.of(key, value, own?.ttlMs)
    this.#backoff.succeeded(key)
    // Nothing to remember; what was there before is no longer true.
    if (ttlMs > 0) this.#shelf.keep(key, value, { leftMs: ttlMs, ageMs: 0, label })
    else this.#shelf.entries.delete(key)
    return { ttlMs, label }
  }

  /** When a load began that its caller ran; 0 when that is too long ago for anybody to know what has overtaken it. */
  beganAt({ startedAt, beganAt }: OwnLoad<V>): number {
    const { host, name, loadTimeoutMs } = this.#options
    if (host.clock.elapsed() - startedAt <= loadTimeoutMs) return beganAt
    host.observe({ name: 'cache.value_refused', of: name, reason: 'late' })
    return 0
  }

  /** As `keep`, for what has neither tags nor a time of its own: most of what is set. */
  keepPlain(key: string, value: V): void {
    const ttlMs = this.#lifetimes.of(key, value, undefined)
    if (ttlMs > 0) this.#shelf.entries.keep(key, value, ttlMs)
    else this.#shelf.entries.delete(key)
  }

  /** Looks for a fresh entry in the tier behind, without a load. */
  async find(key: string): Promise<Found<V> | undefined> {
    const mark = this.#shelf.book.mark
    const changes = this.#changes
    const found = (await this.#behind?.find(key))?.found
    if (found === undefined || !(found.leftMs > 0)) return undefined
    // Not kept when anything was set or deleted in the meantime: it may have been this.
    if (changes === this.#changes) this.#hold(key, found, mark)
    return found
  }

  /** Brings the value of a request, or joins whoever is bringing it. */
  bring(request: Request<V>): Promise<Brought<V>> {
    return this.#run(request, false)
  }

  /** Brings it in the background, unless somebody does already, or it failed just now. */
  refresh(request: Request<V>, now: number): void {
    const { key, options } = request
    if (this.#flights.has(key) || this.#backoff.pauses(key, now)) return
    checkRequest(request)
    const { host, name } = this.#options
    const refreshed = this.#run(request, true).catch((error: unknown) => {
      host.observe({ name: 'cache.refresh_failed', of: name, ...codeOf(error) })
    })
    keepAlive(host, options.waitUntil, refreshed)
  }

  #run(request: Request<V>, refresh: boolean): Promise<Brought<V>> {
    const { key, options, batch } = request
    const { signal, waitUntil } = options
    // A refresh goes on without the caller: it has its answer, and the refresh is for those who come after it.
    const join = refresh ? {} : { signal, waitUntil }
    const bring = (flight: Flight<Brought<V>>): Promise<Brought<V>> => {
      const trip = { flight, refresh, mark: this.#shelf.book.mark, beganAt: 0 }
      this.#tagged.add(key, options.tags, flight.promise)
      batch?.expect()
      return this.#behind === undefined ? this.#load(request, trip) : this.#find(request, trip, this.#behind)
    }
    return this.#flights.run(key, bring, join)
  }

  async #find(request: Request<V>, trip: Trip<V>, behind: Behind<V>): Promise<Brought<V>> {
    const { key, batch } = request
    const { now, found } = await behind.find(key).catch((error: unknown) => {
      batch?.skip()
      throw error
    })
    const from = found === undefined ? 'load' : this.#take(key, found, trip)
    if (found === undefined || from === 'load') return this.#load(request, { ...trip, beganAt: now })
    batch?.skip()
    return { value: found.value, from, ageMs: found.ageMs }
  }

  /** Keeps what the tier behind had; says whether that will do. */
  #take(key: string, found: Found<V>, { flight, refresh, mark }: Trip<V>): Brought<V>['from'] {
    const { leftMs } = found
    if (flight.current) this.#hold(key, found, mark)
    if (leftMs > 0) return 'store'
    return !refresh && -leftMs < this.#options.staleWhileRevalidateMs ? 'stale' : 'load'
  }

  #hold(key: string, { value, tags, beganAt, leftMs, ageMs }: Found<V>, mark: number): void {
    this.#shelf.keep(key, value, { leftMs, ageMs, label: this.#shelf.labelOf(value, tags, { mark, beganAt }) })
  }

  async #load({ key, load, options }: Request<V>, trip: Trip<V>): Promise<Brought<V>> {
    const { flight } = trip
    this.loads += 1
    const value = await load(flight)
    if (flight.current) {
      const { mark, beganAt } = trip
      const { ttlMs, label } = this.keep(key, value, { own: options, mark, beganAt })
      const stored = this.#behind?.keep([key, value], { ttlMs, label, beganAt })
      if (stored !== undefined) keepAlive(this.#options.host, options.waitUntil, stored)
    }
    return { value, from: 'load', ageMs: 0 }
  }

  #loadFailed(key: string, forgotten: boolean): void {
    this.loadErrors += 1
    const { entries } = this.#shelf
    // Only a stale value gives a reason to wait before the next try.
    if (!forgotten && entries.look(key) !== NONE) this.#backoff.failed(key, entries.now())
  }
}

/** Checked where a load may begin, and not on a hit. */
export function checkRequest<V>({ key, load, options }: Request<V>): void {
  checkKey(key)
  isFunction('load', load)
  knownOptions(options, 'ttlMs', 'tags', 'signal', 'waitUntil')
  checkStoring(options)
  isFunction('waitUntil', options.waitUntil, 'optional')
}

/** Any string. What is no string would be the same key for all who have none. */
export function checkKey(key: unknown): void {
  if (typeof key !== 'string') throw new OptionError('key must be a string')
}

/** Checks what may be said of a value that is set. */
export function checkSetting(options: SetOptions): void {
  knownOptions(options, 'ttlMs', 'tags', 'since')
  checkStoring(options)
}

function checkStoring<V>({ ttlMs, tags }: GetOrSetOptions<V>): void {
  if (ttlMs !== undefined) isTtl('ttlMs', ttlMs)
  if (tags !== undefined && typeof tags !== 'function') checkTags(tags)
}

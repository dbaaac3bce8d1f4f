import { hasMethods, isFunction, isText } from '../core/check.ts'
import type { LoadStart } from '../core/load-start.ts'
import { allOf } from './all-of.ts'
import { Batch, type LoadMany } from './batch.ts'
import type { Behind } from './behind.ts'
import type { Cache, CacheStats, GetOrSetOptions, Load, Lookup, SetOptions } from './types.ts'
import type { Entries } from './entries.ts'
import { OwnLoads, type OwnLoad } from './own-loads.ts'
import { checkKey, checkRequest, checkSetting, Loader, type Request, type Stored } from './loader.ts'
import type { CheckedOptions } from './options.ts'
import { NONE } from './order.ts'
import { Shelf } from './shelf.ts'
import type { Label } from './tags.ts'

/** The cache in this process, alone or before a tier behind. */
export class Front<V> implements Cache<V> {
  readonly name: string
  readonly #options: CheckedOptions<V>
  readonly #behind: Behind<V> | undefined
  readonly #shelf: Shelf<V>
  readonly #entries: Entries<V>
  readonly #loader: Loader<V>
  readonly #own: OwnLoads<V>
  #hits = 0
  #misses = 0
  #staleHits = 0
  /** Look-ups that the tier behind answered; they count as hits or stale hits, too. */
  storeHits = 0

  constructor(options: CheckedOptions<V>, behind?: Behind<V>) {
    this.name = options.name
    this.#options = options
    this.#behind = behind
    this.#shelf = new Shelf(options, behind)
    this.#entries = this.#shelf.entries
    this.#own = new OwnLoads(this.#shelf.book)
    this.#loader = new Loader(options, this.#shelf, behind)
  }

  /** No entry is fresh for longer, in milliseconds, as far as can be told. */
  get longestMs(): number {
    return this.#loader.longestMs
  }

  get(key: string): V | undefined {
    const slot = this.#entries.useFresh(key)
    if (slot === NONE) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    return this.#entries.value(slot)
  }

  /** As `get`, also of the tier behind. */
  async find(key: string): Promise<V | undefined> {
    checkKey(key)
    const slot = this.#entries.use(key)
    if (slot !== NONE) {
      const label = this.#entries.label(slot)
      if (label !== undefined) await this.#behind?.ask(label)
    }
    const here = this.#entries.useFresh(key)
    if (here === NONE) return this.#findBehind(key)
    this.#hits += 1
    return this.#entries.value(here)
  }

  peek(key: string): V | undefined {
    const slot = this.#entries.lookFresh(key)
    return slot === NONE ? undefined : this.#entries.value(slot)
  }

  has(key: string): boolean {
    const slot = this.#entries.lookFresh(key)
    return slot !== NONE && !this.#options.isNegative(this.#entries.value(slot))
  }

  begin(key: string): OwnLoad<V> {
    checkKey(key)
    const own = this.#own.begin(key, this.#options.host.clock.elapsed())
    own.value = this.peek(key)
    return own
  }

  set(key: string, value: V, options?: SetOptions): void {
    if (options?.since !== undefined) return void this.putLoaded(key, value, options)
    if (options !== undefined) return void this.put(key, value, options)
    checkKey(key)
    this.#forget(key)
    this.#loader.keepPlain(key, value)
  }

  /** As `set`; says for how long it is kept, not above 0 when it is not, and under which label. */
  put(key: string, value: V, options?: SetOptions): Stored {
    checkKey(key)
    if (options !== undefined) checkSetting(options)
    this.#forget(key)
    return this.#loader.keep(key, value, { own: options, mark: this.#shelf.book.mark, beganAt: Infinity })
  }

  /** As `put`, for what its caller has loaded; `undefined` when that was overtaken by a change of the key. */
  putLoaded(key: string, value: V, options: SetOptions): (Stored & { readonly beganAt: number }) | undefined {
    checkKey(key)
    checkSetting(options)
    const own = this.#own.owned(options.since as LoadStart)
    if (own.isOvertaken()) return undefined
    const beganAt = this.#behind === undefined ? 0 : this.#loader.beganAt(own)
    return { ...this.#loader.keep(key, value, { own: options, mark: own.mark, beganAt }), beganAt }
  }

  delete(key: string): boolean {
    this.#forget(key)
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#forget()
    this.#entries.clear()
  }

  invalidateTag(tag: string): void {
    isText('tag', tag)
    this.#shelf.book.gone(tag)
    this.#loader.outdate(tag)
  }

  expireTag(tag: string): void {
    isText('tag', tag)
    this.#shelf.book.stale(tag, this.#entries.now())
    this.#loader.outdate(tag)
  }

  // Not an async function: a hit costs one promise, made where the value is known.
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<V> {
    const slot = this.#entries.useFresh(key)
    if (slot === NONE) return this.lookup(key, load, options).then(valueOf)
    this.#hits += 1
    return Promise.resolve(this.#entries.value(slot))
  }

  lookup(key: string, load: Load<V>, options: GetOrSetOptions<V> = {}): Promise<Lookup<V>> {
    return this.#lookup({ key, load, options, batch: undefined })
  }

  async getOrSetMany(keys: readonly string[], loadMany: LoadMany<V>, options: GetOrSetOptions<V> = {}): Promise<V[]> {
    hasMethods('keys', keys, 'map')
    isFunction('loadMany', loadMany)
    const batch = new Batch(loadMany)
    const load =
      (key: string): Load<V> =>
      (call) =>
        batch.load(key, call)
    return allOf(options, (own) => {
      const values = keys.map((key) => this.#lookup({ key, load: load(key), options: own, batch }).then(valueOf))
      batch.skip()
      return values
    })
  }

  stats(): CacheStats {
    const served = this.#hits + this.#staleHits
    const lookups = served + this.#misses
    return {
      name: this.name,
      size: this.#entries.size,
      hits: this.#hits,
      misses: this.#misses,
      staleHits: this.#staleHits,
      loads: this.#loader.loads,
      loadErrors: this.#loader.loadErrors,
      evictions: this.#entries.evictions,
      hitRate: lookups === 0 ? 0 : served / lookups,
    }
  }

  #forget(key?: string): void {
    this.#loader.forget(key)
    this.#own.changed(key)
  }

  async #lookup(request: Request<V>): Promise<Lookup<V>> {
    const { key } = request
    const slot = this.#entries.use(key)
    if (slot !== NONE) {
      const now = this.#entries.now()
      const end = this.#entries.endOf(slot, now)
      if (now < end) {
        this.#hits += 1
        const negative = this.#options.isNegative(this.#entries.value(slot))
        return this.#answer(slot, { status: negative ? 'negative' : 'hit', now })
      }
      if (Number.isNaN(end)) return this.#askFirst(request, slot)
      if (this.#servesStale(key, now - end, now)) {
        this.#staleHits += 1
        this.#loader.refresh(request, now)
        return this.#answer(slot, { status: 'stale', now })
      }
    }
    checkRequest(request)
    return this.#bring(request)
  }

  #answer(slot: number, { status, now }: { status: Lookup<V>['status']; now: number }): Lookup<V> {
    return { value: this.#entries.value(slot), status, ageMs: Math.max(0, now - this.#entries.bornAt(slot)) }
  }

  async #askFirst(request: Request<V>, slot: number): Promise<Lookup<V>> {
    request.batch?.expect()
    await this.#behind?.ask(this.#entries.label(slot) as Label)
    const lookup = this.#lookup(request)
    request.batch?.skip()
    return lookup
  }

  /** Within the window for it, or, after a failed refresh, within the window for errors while the pause lasts. */
  #servesStale(key: string, lateMs: number, now: number): boolean {
    const { staleWhileRevalidateMs, staleIfErrorMs } = this.#options
    return lateMs < staleWhileRevalidateMs || (lateMs < staleIfErrorMs && this.#loader.pauses(key, now))
  }

  /** Counts when the load has ended, because a counter that was raised is never taken back. */
  async #bring(request: Request<V>): Promise<Lookup<V>> {
    const { key, options } = request
    const joined = this.#loader.has(key)
    try {
      const { value, from, ageMs } = await this.#loader.bring(request)
      if (from === 'stale') return this.#broughtStale(request, { value, ageMs })
      if (from === 'load') this.#misses += 1
      else this.#countStoreHit()
      return { value, status: joined ? 'joined' : from === 'store' ? 'store' : 'miss', ageMs }
    } catch (error) {
      const stale = options.signal?.aborted === true ? undefined : this.#staleIfError(key)
      if (stale === undefined) this.#misses += 1
      else this.#staleHits += 1
      if (stale === undefined) throw error
      return stale
    }
  }

  async #findBehind(key: string): Promise<V | undefined> {
    const found = await this.#loader.find(key)
    if (found === undefined) this.#misses += 1
    else this.#countStoreHit()
    return found?.value
  }

  #countStoreHit(): void {
    this.#hits += 1
    this.storeHits += 1
  }

  #broughtStale(request: Request<V>, { value, ageMs }: { readonly value: V; readonly ageMs: number }): Lookup<V> {
    this.#staleHits += 1
    this.storeHits += 1
    this.#loader.refresh(request, this.#entries.now())
    return { value, status: 'stale', ageMs }
  }

  #staleIfError(key: string): Lookup<V> | undefined {
    const { staleIfErrorMs } = this.#options
    const slot = staleIfErrorMs === 0 ? NONE : this.#entries.look(key)
    if (slot === NONE) return undefined
    const now = this.#entries.now()
    return now - this.#entries.endOf(slot, now) < staleIfErrorMs
      ? this.#answer(slot, { status: 'stale', now })
      : undefined
  }
}

const valueOf = <V>({ value }: { readonly value: V }): V => value

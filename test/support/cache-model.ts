import { plainLru, plainSieve, type PlainOrder } from './plain-orders.ts'

export type Value = number | null

/** The tags of a load: none, declared ones, or those that follow from its value. */
export type Tagging = 'none' | 'x' | 'xy' | 'by value'

export interface Config {
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly negativeTtlMs: number
  readonly eviction: 'lru' | 'sieve'
  readonly maxEntries: number
}

export const TTL_MS = 1_000
export const LOAD_TIMEOUT_MS = 700

export const tagsByValue = (value: Value): string[] => (Number(value) % 2 === 0 ? ['x'] : ['y'])

function tagsOf(tagging: Tagging, value: Value): readonly string[] {
  if (tagging === 'by value') return value === null ? [] : tagsByValue(value)
  return tagging === 'none' ? [] : [...tagging]
}

interface Entry {
  readonly value: Value
  readonly bornAt: number
  readonly expiresAt: number
  readonly tags: readonly string[]
  /** How many tags had been invalidated when its load began. */
  readonly began: number
}

interface Load {
  readonly key: string
  readonly deadline: number
  readonly tagging: Tagging
  readonly began: number
  readonly callers: { readonly at: number; readonly how: 'joined' | 'miss' }[]
  running: boolean
  /** Nobody joins it. */
  outdated: boolean
  /** Its value is not stored. */
  lost: boolean
}

interface Invalidation {
  readonly tag: string
  readonly as: 'gone' | 'stale'
  readonly at: number
}

/** The rules in plain words: times as numbers, outcomes as strings, no promises, no clock. */
export class CacheModel {
  now = 0
  readonly outcomes: string[] = []
  readonly loads: Load[] = []
  readonly counts = { hits: 0, misses: 0, staleHits: 0, loads: 0, loadErrors: 0, evictions: 0 }
  readonly entries = new Map<string, Entry>()
  readonly #config: Config
  readonly #order: PlainOrder
  readonly #flying = new Map<string, Load>()
  readonly #pauses = new Map<string, { readonly until: number; readonly ms: number }>()
  readonly #invalidations: Invalidation[] = []

  constructor(config: Config) {
    this.#config = config
    this.#order = config.eviction === 'sieve' ? plainSieve() : plainLru()
  }

  fresh(name: string): Value | undefined {
    const entry = this.entries.get(name)
    return entry !== undefined && this.now < this.#endOf(entry) ? entry.value : undefined
  }

  get(name: string): Value | undefined {
    this.#order.use(name)
    const value = this.fresh(name)
    this.counts[value === undefined ? 'misses' : 'hits'] += 1
    return value
  }

  lookup(name: string, tagging: Tagging): void {
    this.#order.use(name)
    const entry = this.entries.get(name)
    const late = entry === undefined ? Infinity : this.now - this.#endOf(entry)
    const paused = this.now < (this.#pauses.get(name)?.until ?? -1)
    if (entry !== undefined && late < 0) {
      this.counts.hits += 1
      this.outcomes.push(this.#told(entry.value === null ? 'negative' : 'hit', entry))
    } else if (entry !== undefined && this.#servesStale(late, paused)) {
      this.counts.staleHits += 1
      this.outcomes.push(this.#told('stale', entry))
      if (!paused && this.#joinable(name) === undefined) this.#start(name, tagging)
    } else {
      const joined = this.#joinable(name)
      const load = joined ?? this.#start(name, tagging)
      load.callers.push({ at: this.outcomes.push('waiting') - 1, how: joined === undefined ? 'miss' : 'joined' })
    }
  }

  set(name: string, value: Value, { ttlMs = TTL_MS, tagging }: { ttlMs: number | undefined; tagging: Tagging }): void {
    this.#forget(name)
    this.#store([name, value], { ttlMs, tags: tagsOf(tagging, value), began: this.#invalidations.length })
  }

  delete(name: string): boolean {
    this.#forget(name)
    this.#pauses.delete(name)
    return this.#drop(name)
  }

  clear(): void {
    for (const name of this.#flying.keys()) this.#forget(name)
    this.#pauses.clear()
    this.entries.clear()
    this.#order.clear()
  }

  invalidate(tag: string, as: 'gone' | 'stale'): void {
    this.#invalidations.push({ tag, as, at: this.now })
    for (const load of this.#flying.values())
      if (load.tagging === 'by value' || tagsOf(load.tagging, null).includes(tag)) load.outdated = true
  }

  land(index: number, as: 'value' | 'nothing' | 'error' | 'timeout'): void {
    const load = this.loads[index]
    if (load?.running !== true) return
    load.running = false
    const current = this.#flying.get(load.key) === load
    if (current) this.#flying.delete(load.key)
    if (as === 'error' || as === 'timeout') this.#failed(load, current, as)
    else {
      const value = as === 'value' ? index : null
      const { key, tagging, began } = load
      if (!load.lost) this.#store([key, value], { ttlMs: TTL_MS, tags: tagsOf(tagging, value), began })
      for (const { at, how } of load.callers) this.#answered(at, `${how} ${value} 0`)
    }
    for (const other of this.loads.slice(0, index)) if (other.key === load.key) other.lost = true
  }

  pass(ms: number): void {
    const until = this.now + ms
    for (const [index, load] of this.loads.entries()) {
      if (!load.running || load.deadline > until) continue
      this.now = load.deadline
      this.land(index, 'timeout')
    }
    this.now = until
  }

  #told(how: string, entry: Entry): string {
    return `${how} ${entry.value} ${this.now - entry.bornAt}`
  }

  #servesStale(late: number, paused: boolean): boolean {
    return late < this.#config.staleWhileRevalidateMs || (paused && late < this.#config.staleIfErrorMs)
  }

  /** When its time, or the last invalidation of one of its tags, ended its freshness. */
  #endOf({ tags, began, expiresAt }: Entry): number {
    const since = this.#invalidations.slice(began).filter(({ tag }) => tags.includes(tag))
    if (since.some(({ as }) => as === 'gone')) return -Infinity
    const ends = tags.map((tag) => since.filter((one) => one.tag === tag).at(-1)?.at ?? Infinity)
    return Math.min(expiresAt, ...ends)
  }

  #joinable(name: string): Load | undefined {
    const load = this.#flying.get(name)
    return load?.outdated === true ? undefined : load
  }

  #start(name: string, tagging: Tagging): Load {
    const deadline = this.now + LOAD_TIMEOUT_MS
    const began = this.#invalidations.length
    const load = { key: name, deadline, tagging, began, callers: [], running: true, outdated: false, lost: false }
    this.loads.push(load)
    this.#flying.set(name, load)
    this.counts.loads += 1
    return load
  }

  #forget(name: string): void {
    this.#flying.delete(name)
    for (const load of this.loads) if (load.key === name) load.lost = true
  }

  #failed(load: Load, current: boolean, outcome: string): void {
    this.counts.loadErrors += 1
    const entry = this.entries.get(load.key)
    const before = this.#pauses.get(load.key)
    if (current && entry !== undefined) {
      const ms = before === undefined ? 1_000 : Math.min(before.ms * 2, 30_000)
      this.#pauses.set(load.key, { until: this.now + ms, ms })
    }
    const { staleIfErrorMs } = this.#config
    const served = entry !== undefined && this.now - this.#endOf(entry) < staleIfErrorMs && staleIfErrorMs > 0
    for (const { at } of load.callers)
      if (served) {
        this.outcomes[at] = this.#told('stale', entry)
        this.counts.staleHits += 1
      } else this.#answered(at, outcome)
  }

  #answered(caller: number, outcome: string): void {
    this.outcomes[caller] = outcome
    this.counts.misses += 1
  }

  #store(
    [name, value]: readonly [string, Value],
    { ttlMs, tags, began }: { ttlMs: number; tags: readonly string[]; began: number },
  ): void {
    this.#pauses.delete(name)
    const chosen = value === null ? this.#config.negativeTtlMs : ttlMs
    const entry = { value, bornAt: this.now, expiresAt: this.now + chosen, tags, began }
    if (chosen === 0) this.#drop(name)
    else if (this.#endOf(entry) > -Infinity) this.#keep(name, entry)
  }

  #keep(name: string, entry: Entry): void {
    if (this.entries.has(name)) this.#order.use(name)
    else {
      if (this.entries.size === this.#config.maxEntries) {
        this.entries.delete(this.#order.evict() ?? '')
        this.counts.evictions += 1
      }
      this.#order.add(name)
    }
    this.entries.set(name, entry)
  }

  #drop(name: string): boolean {
    this.#order.remove(name)
    return this.entries.delete(name)
  }
}

import { createTieredCache, memoryCacheStore, type TieredCache } from '../../src/cache/index.ts'
import type { CacheStore } from '../../src/core/cache-store.ts'
import { createHost, type Host } from '../../src/core/host.ts'
import { manualClock } from '../../src/testing/clock.ts'
import { finished } from './dedup-probe.ts'
import { handBus, moody, type Mood, type MoodyStore } from './tiers.ts'

const TTL_MS = 20_000
const TAG_CHECK_MS = 2_000
export const KEYS = ['a', 'b', 'c', 'd'] as const
export const TAGS = ['own:a', 'own:c', 'first', 'last'] as const
const STORE_MS = 250
const LOAD_MS = 1_000
const PROCESSES = 3

const tagsOf = (key: string): string[] => [`own:${key}`, key < 'c' ? 'first' : 'last']

/** A value says when it came to be, by a count of all that ever happened: when its load began, or it was set. */
interface Value {
  readonly key: string
  readonly at: number
  readonly by: number
  readonly tagged: boolean
}

/** Which process asks, and how long that may take. */
interface Reader {
  readonly p: number
  readonly ms?: number
}

/** What outdates all values of the keys that came to be before it; with a tag only those that have it. */
interface Change {
  readonly by: number
  readonly at: number
  readonly keys: readonly string[]
  readonly tag: string | undefined
  /** When it had been carried out, by the count and by the clock. */
  doneAt: number
  doneMs: number
}

/** What is done by one of the processes. */
export type Act =
  | { readonly do: 'load' | 'own' | 'get' | 'set' | 'set-tagged' | 'delete'; readonly p: number; readonly key: string }
  | { readonly do: 'many' | 'clear'; readonly p: number }
  | { readonly do: 'invalidate' | 'expire'; readonly p: number; readonly tag: string }
  | { readonly do: 'mood'; readonly p: number; readonly mood: Mood }
  | { readonly do: 'tick'; readonly ms: number }

export interface WorldOptions {
  readonly bus: boolean
  readonly maxEntries: number
  /** How the stores begin. */
  readonly mood: Mood
}

/** Some processes on one store, and a witness of what each was served. */
export class World {
  readonly clock = manualClock()
  /** What should not have happened. */
  readonly wrong: string[] = []
  /** Whether every store was up all the time, so that nobody has an excuse. */
  #steady = true
  readonly #options: WorldOptions
  readonly #shared: CacheStore = memoryCacheStore({ clock: this.clock })
  readonly #bus = handBus()
  readonly #hosts: Host[] = []
  readonly #moods: MoodyStore[] = []
  readonly #caches: TieredCache<Value>[] = []
  readonly #changes: Change[] = []
  /** When the values that were set had been stored, by the count. */
  readonly #setDoneAt = new Map<number, number>()
  readonly #calls: Promise<void>[] = []
  #happened = 0

  constructor(options: WorldOptions) {
    this.#options = options
    for (let p = 0; p < PROCESSES; p += 1) this.#start()
    for (const mood of this.#moods) mood.mood = options.mood
  }

  async run(acts: readonly Act[]): Promise<void> {
    for (let p = 0; p < PROCESSES; p += 1) this.#act({ do: 'get', p, key: 'none' })
    await this.clock.tick(1_000)
    for (const act of acts) {
      if (act.do === 'tick') await this.#tick(act.ms)
      else this.#act(act)
    }
    await finished(this.clock, Promise.all(this.#calls))
  }

  /** Every store is up again; a process that starts then finds nothing that was changed by anybody. */
  async recover(): Promise<void> {
    for (const mood of this.#moods) mood.mood = 'up'
    for (let round = 0; round < 3; round += 1) {
      await this.clock.tick(1_100)
      await finished(this.clock, Promise.all(this.#caches.map((cache) => cache.get('none'))))
    }
    for (const host of this.#hosts) {
      const left = await finished(this.clock, host.drain())
      if (left > 0) this.wrong.push(`${left} left hanging`)
    }
    this.#steady = true
    const [p, began] = [this.#start(), ++this.#happened]
    for (const key of KEYS) {
      const value = await finished(this.clock, (this.#caches[p] as TieredCache<Value>).get(key))
      const change = value && this.#changes.find((one) => this.#outdates(one, value))
      if (change) this.wrong.push(`after recovery ${show(value)} is there, changed at ${change.at}, read at ${began}`)
    }
  }

  /** Lets what needs no time come to rest first: a tick waits for so many turns only. */
  async #tick(ms: number): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await this.clock.tick(0)
    await this.clock.tick(ms)
  }

  #start(): number {
    const own = moody(this.#shared, this.clock)
    const host = createHost({ clock: this.clock })
    this.#moods.push(own)
    this.#hosts.push(host)
    const cache = createTieredCache<Value>({
      ...{ name: 'm', ttlMs: TTL_MS, tagCheckMs: TAG_CHECK_MS, storeTimeoutMs: STORE_MS, loadTimeoutMs: LOAD_MS },
      ...{ store: own.store, host, maxEntries: this.#options.maxEntries },
      ...(this.#options.bus && { bus: this.#bus }),
    })
    return this.#caches.push(cache) - 1
  }

  #act(act: Exclude<Act, { do: 'tick' }>): void {
    const cache = this.#caches[act.p] as TieredCache<Value>
    switch (act.do) {
      case 'mood':
        this.#steady &&= act.mood === 'up' || act.mood === 'slow'
        return void ((this.#moods[act.p] as MoodyStore).mood = act.mood)
      case 'get':
        return this.#read(act, [act.key], async () => [await cache.get(act.key)])
      case 'load':
        return this.#read(act, [act.key], async () => [
          await cache.getOrSet(act.key, () => this.#load(act.p, act.key), { tags: tagsOfValue }),
        ])
      case 'own':
        return this.#read({ p: act.p, ms: LOAD_MS + 8 * STORE_MS }, [act.key], () => this.#loadItself(act))
      case 'many': {
        const loadMany = (keys: readonly string[]): Promise<Value[]> =>
          Promise.all(keys.map((key) => this.#load(act.p, key)))
        return this.#read(act, KEYS, () => cache.getOrSetMany(KEYS, loadMany, { tags: tagsOfValue }))
      }
      case 'set':
      case 'set-tagged': {
        const value = { key: act.key, at: this.#happened + 1, by: act.p, tagged: act.do === 'set-tagged' }
        this.#setDoneAt.set(value.at, Infinity)
        const options = value.tagged ? { tags: tagsOf(act.key) } : {}
        return this.#change(act.p, { keys: [act.key] }, async () => {
          await cache.set(act.key, value, options)
          this.#setDoneAt.set(value.at, ++this.#happened)
        })
      }
      case 'delete':
        return this.#change(act.p, { keys: [act.key] }, () => cache.delete(act.key))
      case 'clear':
        return this.#change(act.p, { keys: KEYS }, () => cache.clear())
      case 'invalidate':
        return this.#change(act.p, { tag: act.tag }, () => cache.invalidateTag(act.tag))
      case 'expire':
        return this.#change(act.p, { tag: act.tag }, () => cache.expireTag(act.tag))
    }
  }

  async #loadItself({ p, key }: { readonly p: number; readonly key: string }): Promise<[Value | undefined]> {
    const cache = this.#caches[p] as TieredCache<Value>
    const since = await cache.begin(key)
    await cache.set(key, await this.#load(p, key), { tags: tagsOf(key), since })
    return [since.value]
  }

  /** Some loads take their time. */
  async #load(by: number, key: string): Promise<Value> {
    const at = ++this.#happened
    if (at % 3 === 0) await new Promise<void>((resolve) => this.clock.after((at % 7) * 40, resolve))
    return { key, at, by, tagged: true }
  }

  #bounded(ms: number, call: () => Promise<void>): void {
    const began = this.clock.elapsed()
    const over = (): void => {
      const took = this.clock.elapsed() - began
      if (took > ms) this.wrong.push(`a call took ${took} ms, and not ${ms}`)
    }
    this.#calls.push(
      call()
        .catch((error: unknown) => void this.wrong.push(String(error)))
        .then(over),
    )
  }

  #read(
    { p, ms = LOAD_MS + 3 * STORE_MS }: Reader,
    keys: readonly string[],
    call: () => Promise<readonly (Value | undefined)[]>,
  ): void {
    const [began, beganMs] = [++this.#happened, this.clock.elapsed()]
    // What is changed from now on does not concern this look-up.
    const changes = this.#changes.filter((one) => this.#concerns(p, one, { began, beganMs }))
    this.#bounded(ms, async () => {
      const values = await call()
      keys.forEach((key, at) => {
        const value = values[at]
        if (value !== undefined && value.key !== key) this.wrong.push(`${key} was asked for, and ${value.key} given`)
        const change = value && changes.find((one) => this.#outdates(one, value))
        if (change)
          this.wrong.push(`${p} got ${show(value)}, changed by ${change.by} at ${change.at}, read at ${began}`)
      })
    })
  }

  #change(p: number, { keys, tag }: { keys?: readonly string[]; tag?: string }, call: () => Promise<void>): void {
    const meant = keys ?? KEYS.filter((key) => tag !== undefined && tagsOf(key).includes(tag))
    const change: Change = { by: p, at: ++this.#happened, keys: meant, tag, doneAt: Infinity, doneMs: Infinity }
    this.#changes.push(change)
    this.#bounded(8 * STORE_MS, async () => {
      await call()
      change.doneAt = ++this.#happened
      change.doneMs = this.clock.elapsed()
    })
  }

  /** Whether the process must know of the change when it looks something up. */
  #concerns(p: number, change: Change, { began, beganMs }: { began: number; beganMs: number }): boolean {
    if (change.by === p) return true
    if (!this.#steady) return false
    if (this.#options.bus) return change.doneAt < began
    // A load that began before it may have ended after it.
    const lateMs = change.tag === undefined ? TTL_MS : TAG_CHECK_MS
    return change.doneMs + lateMs + LOAD_MS < beganMs
  }

  #outdates({ by, at, keys, tag }: Change, value: Value): boolean {
    if (!keys.includes(value.key) || (tag !== undefined && !value.tagged)) return false
    // What a process does to one key it does in order; else what overlaps may have happened in either order.
    const inOrder = by === value.by && tag === undefined && keys.length === 1
    return at > (inOrder ? value.at : (this.#setDoneAt.get(value.at) ?? value.at))
  }
}

const tagsOfValue = ({ key }: Value): string[] => tagsOf(key)
const show = ({ key, at }: Value): string => `${key} of ${at}`

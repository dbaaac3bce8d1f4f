import type { CacheRead, CacheRecord } from '../core/cache-store.ts'
import { codeOf } from '../core/fact.ts'
import type { Host } from '../core/host.ts'
import type { Behind, Found, Search, Storing } from './behind.ts'
import type { ChangesMark } from './changes.ts'
import type { Codec, StandardSchema } from './codec.ts'
import { ROOT_TAG } from './scoped-store.ts'
import type { StoreLine } from './store-line.ts'
import { StoreTags } from './store-tags.ts'
import type { Label } from './tags.ts'
import { Turns } from './turns.ts'

export interface StoreTierOptions<V> {
  readonly name: string
  readonly line: StoreLine
  readonly tagCheckMs: number
  readonly codec: Codec<V>
  readonly version: string
  readonly schema: StandardSchema<V> | undefined
  /** How long an entry is kept after its expiry. */
  readonly staleMs: number
  /** How long a load may still be under way that began before a change. */
  readonly keepMs: number
  readonly host: Host
}

/** What the store answered, and what there had been when it was asked. */
interface Reading extends CacheRead {
  readonly mark: ChangesMark
  /** By the clock of this process that goes on steadily, in milliseconds. */
  readonly askedAt: number
}

/** The reads of one turn, which go to the store together. */
interface Gathering {
  readonly at: Map<string, number>
  readonly read: Promise<Reading | undefined>
}

const NOTHING = { now: 0, found: undefined } as const

/** The store behind a cache: what may be used of what it has, and how entries get there. */
export class StoreTier<V> implements Behind<V> {
  readonly #options: StoreTierOptions<V>
  readonly #tags: StoreTags
  readonly #turns: Turns
  /** Somebody asks for tags in the background until then, by `clock.elapsed`; on Workers it may never say that it is over. */
  #askingUntil = -Infinity
  #gathering: Gathering | undefined

  constructor(options: StoreTierOptions<V>) {
    this.#options = options
    this.#tags = new StoreTags(options.tagCheckMs, options.line.changes)
    this.#turns = new Turns(options.host.clock, options.line.longestMs)
  }

  async find(key: string): Promise<Search<V>> {
    const { at, read } = (this.#gathering ??= this.#gather())
    const index = at.get(key) ?? at.size
    at.set(key, index)
    const reading = await read
    if (reading === undefined) return NOTHING
    const record = reading.records[index]
    return { now: reading.now, found: record === undefined ? undefined : await this.#found(key, record, reading) }
  }

  /** As `find`, of what is fresh; relies on nothing that is known of its tags, but asks about them anew. */
  async findExactly(key: string): Promise<Search<V>> {
    const { now, found } = await this.find(key)
    if (found === undefined || !(found.leftMs > 0)) return { now, found: undefined }
    const { tags, beganAt } = found
    if (tags.length === 0) return { now, found }
    const isKnown = await this.#learn(tags)
    const isFresh = isKnown && this.#tags.endOf({ tags, mark: 0, beganAt }, this.#now()) > this.#now()
    return { now, found: isFresh ? found : undefined }
  }

  keep(entry: readonly [string, V], storing: Storing): Promise<void> {
    return this.#turns.take(entry[0], () => this.#keep(entry, storing))
  }

  /** Stores what the user set; its label learns when that was. */
  async set(entry: readonly [string, V], ttlMs: number, label: Label | undefined): Promise<void> {
    if (label === undefined) return this.keep(entry, { ttlMs, label, beganAt: undefined })
    await this.#turns.take(entry[0], async () => {
      await this.#begin(label)
      await this.#keep(entry, { ttlMs, label, beganAt: label.beganAt })
    })
  }

  async drop(key: string): Promise<void> {
    await this.#turns.take(key, () => this.#drop(key))
  }

  /** Tells all processes that the tag's entries are gone, or stale. */
  async stamp(kind: 'gone' | 'stale', tag: string): Promise<void> {
    const { line, keepMs } = this.#options
    await line.change({ kind, of: tag }, (store, options) => store.stampTags([tag], { ...options, as: kind, keepMs }))
  }

  /** Another process has changed the tag. */
  forget(tag: string): void {
    this.#options.line.changes.add({ kind: 'gone', of: tag })
  }

  /** Another process may have changed anything. */
  forgetAll(): void {
    this.#tags.clear()
  }

  endOf(label: Label, now: number): number {
    const end = this.#tags.endOf(label, now)
    if (!Number.isNaN(end) && this.#tags.ages(label.tags, now)) this.#askInBackground(label)
    return end
  }

  async ask(label: Label): Promise<void> {
    const unsure = this.#tags.unsure(label, this.#now())
    if (!(await this.#learn(unsure))) this.#tags.excuse(unsure, this.#now())
  }

  noted(label: Label, now: number): void {
    this.#tags.noted(label, now)
  }

  #now(): number {
    return this.#options.host.clock.now()
  }

  #gather(): Gathering {
    const at = new Map<string, number>()
    // In a later turn, when all that are asked for now have been named.
    const read = Promise.resolve().then(() => {
      this.#gathering = undefined
      return this.#read([...at.keys()])
    })
    return { at, read }
  }

  async #keep([key, value]: readonly [string, V], { ttlMs, label, beganAt }: Storing): Promise<void> {
    const { line, version, staleMs } = this.#options
    const change = { kind: 'entry', of: key } as const
    // When it began while the store could not be asked, nobody knows what has overtaken it.
    const text = ttlMs > 0 && beganAt !== 0 ? this.#encoded(value) : undefined
    if (text === undefined) return this.#drop(key)
    const tags = [ROOT_TAG, ...new Set(label?.tags)]
    const write = { key, text, version, tags, beganAt, ttlMs, staleMs }
    await line.change(change, (store, options) => store.writeMany([write], options))
  }

  async #drop(key: string): Promise<void> {
    const { line, keepMs } = this.#options
    const change = { kind: 'entry', of: key } as const
    await line.change(change, (store, options) => store.deleteMany([key], { ...options, keepMs }))
  }

  /** Dates what begins now by the clock of the store: 0 when nobody knows, or when its tags were changed meanwhile. */
  async #begin(label: Label): Promise<void> {
    const { line } = this.#options
    const { mark } = line.changes
    // A wrong set-up is told by the write that follows.
    const read = await line.ask((store, options) => store.readMany([], [], options)).catch(() => undefined)
    label.beganAt = read === undefined || line.areOutdated([ROOT_TAG, ...label.tags], mark) ? 0 : read.now
    this.noted(label, this.#now())
  }

  /** Reads entries, and makes sure of their tags. */
  async #read(keys: readonly string[]): Promise<Reading | undefined> {
    const { line, host } = this.#options
    const { mark } = line.changes
    const askedAt = host.clock.elapsed()
    const read = await line.ask((store, options) => store.readMany(keys, [ROOT_TAG], options))
    if (read === undefined) return undefined
    this.#tags.learn(ROOT_TAG, { stamps: read.stamps[0], storeNow: read.now, now: this.#now(), mark: mark.tags })
    const tags = new Set(read.records.flatMap((record) => record?.tags ?? []))
    const unheard = this.#tags.unheard([...tags], this.#now())
    return (await this.#learn(unheard)) ? { ...read, mark, askedAt } : undefined
  }

  /** Asks for the stamps of tags; says whether there was an answer. */
  async #learn(tags: readonly string[]): Promise<boolean> {
    if (tags.length === 0) return true
    const { line } = this.#options
    const { mark } = line.changes
    const read = await line.ask((store, options) => store.readMany([], tags, options))
    const now = this.#now()
    if (read === undefined) return false
    for (const [at, tag] of tags.entries())
      this.#tags.learn(tag, { stamps: read.stamps[at], storeNow: read.now, now, mark: mark.tags })
    return true
  }

  #askInBackground({ tags }: Label): void {
    const { host, line } = this.#options
    const now = host.clock.elapsed()
    if (now < this.#askingUntil) return
    this.#askingUntil = now + line.longestMs
    host.track(this.#learn(tags).finally(() => (this.#askingUntil = -Infinity)))
  }

  async #found(key: string, record: CacheRecord, { mark, askedAt }: Reading): Promise<Found<V> | undefined> {
    const { line, version, host } = this.#options
    const { tags, beganAt, ageMs, leftMs } = record
    if (record.version !== version) return undefined
    const decoded = await this.#decoded(record.text)
    // Only now: a schema may take its time.
    if (decoded === undefined || this.#turns.has(key) || line.isOutdated(key, tags, mark)) return undefined
    const now = this.#now()
    // A tag that nobody is sure of by now had no answer either.
    const end = this.#tags.endOf({ tags, mark: 0, beganAt }, now)
    if (!(end > -Infinity)) return undefined
    const lateMs = host.clock.elapsed() - askedAt
    const own = tags.filter((tag) => tag !== ROOT_TAG)
    return {
      ...{ value: decoded.value, tags: own, beganAt, ageMs: ageMs + lateMs },
      leftMs: Math.min(leftMs - lateMs, end - now),
    }
  }

  #encoded(value: V): string | undefined {
    try {
      const text: unknown = this.#options.codec.encode(value)
      if (typeof text === 'string') return text
      this.#refused('encode')
    } catch (error) {
      this.#refused('encode', error)
    }
    return undefined
  }

  async #decoded(text: string): Promise<{ readonly value: V } | undefined> {
    const { codec, schema } = this.#options
    try {
      const value = codec.decode(text)
      if (schema === undefined) return { value }
      const result = await schema['~standard'].validate(value)
      if (result.issues === undefined) return { value: result.value }
      this.#refused('schema')
    } catch (error) {
      this.#refused('decode', error)
    }
    return undefined
  }

  #refused(reason: string, error?: unknown): void {
    const { host, name } = this.#options
    host.observe({ name: 'cache.value_refused', of: name, reason, ...codeOf(error) })
  }
}

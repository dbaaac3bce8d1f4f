import type { Clock } from '../core/clock.ts'
import { NO_LIMIT, type IdLimit } from './id-limit.ts'
import type { IdKind, IdSet } from './id-set.ts'

/**
 * A set of ids that forgets: a member stays for at least one window and at most two, counted from when it was last added.
 *
 * Two plain sets, of which the older one is dropped whole once a window. That is cheaper per member than a time stamp in
 * a map, needs no timer and no sweep, and gives all memory back after two idle windows.
 */
export class Generations<Id = unknown> {
  readonly #windowMs: number
  readonly #kind: IdKind<Id>
  readonly #limit: IdLimit
  readonly #limited: boolean
  #current: Shards<Id> = []
  #previous: Shards<Id> = []
  #inCurrent = 0
  #inPrevious = 0
  /** Members of both, which count once. */
  #inBoth = 0
  #since = Infinity
  #until = -Infinity

  constructor(windowMs: number, kind: IdKind<Id>, limit: IdLimit = NO_LIMIT) {
    this.#windowMs = windowMs
    this.#kind = kind
    this.#limit = limit
    this.#limited = limit !== NO_LIMIT
  }

  /** @param now - in milliseconds; a clock that is set back makes members stay longer, never shorter */
  has(key: string, now: number): boolean {
    this.#turn(now)
    const id = this.#kind.idOf(key)
    const shard = this.#kind.shardOf(id)
    // Current first: almost all repeats come at once.
    return isIn(this.#current[shard], id) || isIn(this.#previous[shard], id)
  }

  /** Adds a member, or prolongs it. True when it was not there. */
  add(key: string, now: number): boolean {
    this.#turn(now)
    const id = this.#kind.idOf(key)
    const shard = this.#kind.shardOf(id)
    return this.#limited && this.#isFull() ? this.#addToFull(id, shard, now) : this.#put(id, shard)
  }

  /** Members that are held, among them those whose window is over but that nobody asked for since. */
  get size(): number {
    return this.#inCurrent + this.#inPrevious - this.#inBoth
  }

  /** Members that are held at this moment; asks for the time only when there are any. */
  sizeAt(clock: Clock): number {
    if (this.size > 0) this.#turn(clock.elapsed())
    return this.size
  }

  #isFull(): boolean {
    return this.#inCurrent >= this.#limit.perGeneration || this.size >= this.#limit.inAll
  }

  #put(id: Id, shard: number): boolean {
    const set = (this.#current[shard] ??= this.#kind.newSet(this.#previous[shard]))
    if (!set.add(id)) return false
    this.#inCurrent += 1
    if (!isIn(this.#previous[shard], id)) return true
    this.#inBoth += 1
    return false
  }

  #addToFull(id: Id, shard: number, now: number): boolean {
    if (isIn(this.#current[shard], id)) return false
    const known = isIn(this.#previous[shard], id)
    let lost = 0
    if (this.#limit.onOverflow === 'forget') {
      lost = this.#inPrevious - this.#inBoth - (known ? 1 : 0)
      this.#next(now)
      this.#put(id, shard)
    } else if (known) this.#put(id, shard)
    else lost = 1
    // Last, because an observer that is told may come back with another id.
    if (lost > 0) this.#limit.overflowed(lost, now)
    return !known
  }

  #turn(now: number): void {
    if (now < this.#until && now >= this.#since) return
    const late = now - this.#until
    // Set back beyond the beginning of the window: it begins anew, and nothing is forgotten.
    if (late < 0) this.#lasts(now)
    else this.#next(late < this.#windowMs ? this.#until : now)
    // A whole window late: also what came in the last generation is older than a window.
    if (late >= this.#windowMs) this.#next(now)
  }

  #next(since: number): void {
    this.#previous = this.#current
    this.#inPrevious = this.#inCurrent
    this.#current = []
    this.#inCurrent = 0
    this.#inBoth = 0
    this.#lasts(since)
  }

  #lasts(since: number): void {
    this.#since = since
    this.#until = since + this.#windowMs
  }
}

/** The ids that were added in one window. */
type Shards<Id> = (IdSet<Id> | undefined)[]

function isIn<Id>(set: IdSet<Id> | undefined, id: Id): boolean {
  return set !== undefined && set.has(id)
}

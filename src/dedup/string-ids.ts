import type { IdKind, IdSet } from './id-set.ts'

/** How keys are held in memory that must be known exactly. */
export interface HeldKeys {
  /** Whether `kept` makes copies. */
  readonly flatten: boolean
  /** Under which a key is looked for, so that no key costs more than so much. */
  nameOf(key: string): string
  /** The name, to be kept: an engine that is given a part of a body keeps the whole body alive for it. */
  kept(name: string): string
}

/** A set stands still for half a millisecond when it grows beyond so many, and twice as long each time after that. */
const MANY = 16_384
const SHARDS = 32

/** Ids as strings: exact. */
export function stringIds(keys: HeldKeys): IdKind<string> {
  return {
    idOf: (key) => keys.nameOf(key),
    // A set of strings spreads itself.
    shardOf: () => 0,
    newSet: (before) => new StringSet(keys, before !== undefined && before.size >= MANY),
  }
}

/**
 * One set while there are few, because telling the shard of an id costs as much as looking for it; many sets that grow one
 * by one when there are many, because a set of a million strings stands still for 50 to 80 ms when it grows.
 */
class StringSet implements IdSet<string> {
  readonly #keys: HeldKeys
  #few: Set<string> | undefined
  #shards: readonly Set<string>[] = []

  constructor(keys: HeldKeys, expectsMany: boolean) {
    this.#keys = keys
    if (expectsMany) this.#shards = newShards()
    else this.#few = new Set()
  }

  get size(): number {
    return this.#few?.size ?? this.#shards.reduce((sum, { size }) => sum + size, 0)
  }

  has(id: string): boolean {
    return this.#setOf(id).has(id)
  }

  add(id: string): boolean {
    const ids = this.#setOf(id)
    // Adding says as well as asking whether it was there, unless there is a copy to be saved.
    if (this.#keys.flatten && ids.has(id)) return false
    const before = ids.size
    ids.add(this.#keys.kept(id))
    if (ids.size === before) return false
    if (before + 1 === MANY && ids === this.#few) this.#spread(ids)
    return true
  }

  #setOf(id: string): Set<string> {
    return this.#few ?? (this.#shards[shardOf(id)] as Set<string>)
  }

  #spread(few: ReadonlySet<string>): void {
    this.#shards = newShards()
    this.#few = undefined
    for (const id of few) this.#setOf(id).add(id)
  }
}

function newShards(): Set<string>[] {
  return Array.from({ length: SHARDS }, () => new Set())
}

/**
 * From four units near the end, where the ids of most services differ, at places whose characters of base64 and of
 * hexadecimal text vary most. Ids that differ only elsewhere share a shard, which costs a longer pause when it grows, and
 * nothing else.
 */
function shardOf(id: string): number {
  const { length } = id
  const near = id.charCodeAt(length - 5) ^ (id.charCodeAt(length - 10) << 8)
  const far = id.charCodeAt(length - 11) ^ (id.charCodeAt(length - 14) << 8)
  const mixed = Math.imul(near ^ (far << 16), 0x9e3779b1)
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 27
}

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

/** Ids as strings: exact. */
export function stringIds(keys: HeldKeys): IdKind<string> {
  return {
    idOf: (key) => keys.nameOf(key),
    shardOf,
    newSet: () => new StringSet(keys),
  }
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

class StringSet implements IdSet<string> {
  readonly #ids = new Set<string>()
  readonly #keys: HeldKeys

  constructor(keys: HeldKeys) {
    this.#keys = keys
  }

  get size(): number {
    return this.#ids.size
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  add(id: string): boolean {
    const ids = this.#ids
    // Adding says as well as asking whether it was there, unless there is a copy to be saved.
    if (this.#keys.flatten && ids.has(id)) return false
    const before = ids.size
    ids.add(this.#keys.kept(id))
    return ids.size > before
  }
}

import type { Call } from '../core/deadline.ts'
import { OptionError } from '../core/errors.ts'

/** Loads many values at once: one for each key, in their order, or a `Map` by key; an `Error` in place of one that failed. */
export type LoadMany<V> = (
  keys: readonly string[],
  call: Call,
) => LoadedMany<string, V> | PromiseLike<LoadedMany<string, V>>

/** What a batched load gives; what a map does not hold is `undefined`, so *not found*. */
export type LoadedMany<A, V> = readonly (V | Error)[] | ReadonlyMap<A, V | Error>

/**
 * Makes one load of many. Each key's load takes part in it: whoever began one either asks for its value or says that it
 * was found elsewhere; when the last of them has spoken, all that were asked for are loaded in one call.
 */
export class Batch<V> {
  readonly #loadMany: LoadMany<V>
  readonly #keys: string[] = []
  #results: Promise<(key: string) => V> | undefined
  #wake: () => void = () => undefined
  #begun = false
  /** What came when this one had begun. */
  #late: Batch<V> | undefined
  /** One more than there are, until no further load can begin. */
  #expected = 1

  constructor(loadMany: LoadMany<V>) {
    this.#loadMany = loadMany
  }

  /** A load that may ask has begun. */
  expect(): void {
    this.#expected += 1
  }

  /** A load that had begun does not ask; called once more when no further load can begin. */
  skip(): void {
    this.#expected -= 1
    this.#beginWhenAllHaveSpoken()
  }

  /**
   * Asks for a value, after `expect`. Those that come late, such as the refreshes of what the store had, are loaded with
   * what comes in the same turn.
   */
  async load(key: string, call: Call): Promise<V> {
    if (this.#begun) return this.#loadLate(key, call)
    this.#results ??= new Promise<void>((wake) => (this.#wake = wake)).then(() => this.#loaded(this.#keys, call))
    this.#keys.push(key)
    this.#beginWhenAllHaveSpoken()
    return (await this.#results)(key)
  }

  #loadLate(key: string, call: Call): Promise<V> {
    if (this.#late === undefined) {
      this.#late = new Batch(this.#loadMany)
      // In the next turn: those that waited for the same thing come one after the other in this one.
      queueMicrotask(() => {
        this.#late?.skip()
        this.#late = undefined
      })
    }
    this.#late.expect()
    return this.#late.load(key, call)
  }

  #beginWhenAllHaveSpoken(): void {
    if (this.#expected > this.#keys.length) return
    this.#begun = true
    this.#wake()
  }

  async #loaded(keys: readonly string[], call: Call): Promise<(key: string) => V> {
    const loaded = await this.#loadMany(keys, call)
    const byKey = isMap(loaded) ? loaded : inOrder(keys, loaded)
    return (key) => {
      const value = byKey.get(key)
      if (value instanceof Error) throw value
      return value as V
    }
  }
}

function inOrder<V>(keys: readonly string[], loaded: unknown): ReadonlyMap<string, V | Error> {
  if (!Array.isArray(loaded) || loaded.length !== keys.length)
    throw new OptionError('loadMany must give one value for each key, in their order, or a Map')
  return new Map(keys.map((key, at) => [key, loaded[at] as V | Error]))
}

/** Told apart by a function, because `instanceof` would make its values `any`. */
export const isMap = <A, V>(loaded: LoadedMany<A, V>): loaded is ReadonlyMap<A, V | Error> => loaded instanceof Map

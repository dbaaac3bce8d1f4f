import { hasMethods, isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import { allOf } from './all-of.ts'
import { isMap, type LoadedMany, type LoadMany } from './batch.ts'
import type { GetOrSetOptions, Load } from './types.ts'

/** What an accessor needs of a cache: one of this process, or one of two tiers. */
export interface AccessorCache<V> {
  /** Gives the value of `key`, loading it when it is missing. */
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions<V>): Promise<V>
  /** Gives the values of `keys`, loading those that are missing in one call. Needed with `loadMany`. */
  getOrSetMany?(keys: readonly string[], loadMany: LoadMany<V>, options?: GetOrSetOptions<V>): Promise<V[]>
  /** The fresh value in this process, or undefined; loads nothing. */
  peek(key: string): V | undefined
  /** Drops the entry; what it returns is given to the caller. */
  delete(key: string): unknown
}

/** Where an accessor keeps its values, how it names them, and how it loads a missing one. */
export interface CachedOptions<A, V, C extends AccessorCache<V> = AccessorCache<V>> {
  readonly cache: C
  /** Names the entry of an argument. Different arguments must have different keys. */
  readonly key: (argument: A) => string
  /** Loads the value of an argument that is not cached; `call.signal` aborts at the cache's `loadTimeoutMs`. */
  readonly load: (argument: A, call: Call) => V | PromiseLike<V>
  /**
   * Loads many at once, for `many`: one value for each argument, in their order, or a `Map` by argument. An `Error` in
   * place of a value fails that one. @defaultValue `load` for each of them, side by side
   */
  readonly loadMany?: (arguments_: readonly A[], call: Call) => LoadedMany<A, V> | PromiseLike<LoadedMany<A, V>>
  /** What the entry of a value can be invalidated by; not asked about *not found*. */
  readonly tags?: (value: V) => readonly string[]
}

/** Reads one kind of thing through a cache. */
export interface Accessor<A, V, Deleted = unknown> {
  /** The cached value, else the loaded one. Throws what `getOrSet` throws. */
  (argument: A, options?: GetOrSetOptions<V>): Promise<V>
  /** The values of many arguments, in their order; those that are missing are loaded in one call of `loadMany`. */
  many(arguments_: readonly A[], options?: GetOrSetOptions<V>): Promise<V[]>
  /** The fresh value in this process, or undefined; asks nobody. */
  peek(argument: A): V | undefined
  /** Drops the entry, so that the next call loads anew; gives what the cache's `delete` gives. */
  delete(argument: A): Deleted
}

/**
 * Makes a function of a cache, a key and a load.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function cached<A, V, C extends AccessorCache<V> = AccessorCache<V>>(
  options: CachedOptions<A, V, C>,
): Accessor<A, V, ReturnType<C['delete']>> {
  knownOptions(options, 'cache', 'key', 'load', 'loadMany', 'tags')
  const { cache, key, load, loadMany, tags } = options
  hasMethods('cache', cache, 'getOrSet', 'peek', 'delete', ...(loadMany === undefined ? [] : ['getOrSetMany']))
  isFunction('key', key)
  isFunction('load', load)
  isFunction('loadMany', loadMany, 'optional')
  isFunction('tags', tags, 'optional')
  const tagged: GetOrSetOptions<V> | undefined = tags === undefined ? undefined : { tags }
  const all = (own: GetOrSetOptions<V> | undefined): GetOrSetOptions<V> | undefined =>
    own === undefined ? tagged : { ...tagged, ...own }

  // Not an async function: a hit costs the promise of the cache, and no other.
  const one = (argument: A, own?: GetOrSetOptions<V>): Promise<V> => {
    try {
      return cache.getOrSet(key(argument), (call) => load(argument, call), all(own))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  return Object.assign(one, {
    async many(list: readonly A[], own?: GetOrSetOptions<V>): Promise<V[]> {
      hasMethods('arguments', list, 'map')
      // All of them first: when one cannot be named, no load has begun.
      const keys = list.map((argument) => key(argument))
      if (loadMany === undefined || cache.getOrSetMany === undefined) {
        const look = (argument: A, at: number, options: GetOrSetOptions<V>): Promise<V> =>
          cache.getOrSet(keys[at] as string, (call) => load(argument, call), options)
        return allOf(all(own) ?? {}, (options) => list.map((argument, at) => look(argument, at, options)))
      }
      const byKey = new Map(keys.map((name, at) => [name, list[at] as A]))
      return cache.getOrSetMany(keys, throughArguments(byKey, loadMany), all(own))
    },
    peek: (argument: A) => cache.peek(key(argument)),
    delete: (argument: A) => cache.delete(key(argument)) as ReturnType<C['delete']>,
  })
}

/** Makes a load by arguments one by keys. */
function throughArguments<A, V>(
  byKey: ReadonlyMap<string, A>,
  loadMany: NonNullable<CachedOptions<A, V>['loadMany']>,
): LoadMany<V> {
  return async (keys, call) => {
    const list = keys.map((key) => byKey.get(key) as A)
    const loaded = await loadMany(list, call)
    return isMap(loaded) ? list.map((argument) => loaded.get(argument) as V | Error) : loaded
  }
}

import { hasMethods, isFunction, knownOptions } from '../core/check.ts'
import type { Call } from '../core/deadline.ts'
import type { GetOrSetOptions, Load } from './cache.ts'

/** What an accessor needs of a cache. */
export interface AccessorCache<V> {
  /** Gives the value of `key`, loading it when it is missing. */
  getOrSet(key: string, load: Load<V>, options?: GetOrSetOptions): Promise<V>
  /** The fresh value in this process, or undefined; loads nothing. */
  peek(key: string): V | undefined
  /** Drops the entry; what it returns is not looked at. */
  delete(key: string): unknown
}

/** Where an accessor keeps its values, how it names them, and how it loads a missing one. */
export interface CachedOptions<A, V> {
  readonly cache: AccessorCache<V>
  /** Names the entry of an argument. Different arguments must have different keys. */
  readonly key: (argument: A) => string
  /** Loads the value of an argument that is not cached; `call.signal` aborts at the cache's `loadTimeoutMs`. */
  readonly load: (argument: A, call: Call) => V | PromiseLike<V>
}

/** Reads one kind of thing through a cache. */
export interface Accessor<A, V> {
  /** The cached value, else the loaded one. Throws what `getOrSet` throws. */
  (argument: A, options?: GetOrSetOptions): Promise<V>
  /** The fresh value in this process, or undefined; asks nobody. */
  peek(argument: A): V | undefined
  /** Drops the entry, so that the next call loads anew. */
  delete(argument: A): void
}

/**
 * Makes a function of a cache, a key and a load.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function cached<A, V>(options: CachedOptions<A, V>): Accessor<A, V> {
  knownOptions(options, 'cache', 'key', 'load')
  const { cache, key, load } = options
  hasMethods('cache', cache, 'getOrSet', 'peek', 'delete')
  isFunction('key', key)
  isFunction('load', load)
  const access = (argument: A, getOptions?: GetOrSetOptions): Promise<V> =>
    cache.getOrSet(key(argument), (call) => load(argument, call), getOptions)
  return Object.assign(access, {
    peek: (argument: A) => cache.peek(key(argument)),
    delete: (argument: A) => void cache.delete(key(argument)),
  })
}

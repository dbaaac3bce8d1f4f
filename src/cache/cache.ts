import { knownOptions } from '../core/check.ts'
import { Front } from './front.ts'
import { CACHE_OPTIONS, checkedOptions, type CacheOptions } from './options.ts'
import type { Cache } from './types.ts'

/**
 * Creates a load-through cache in the memory of this process.
 *
 * One load per key at a time, with a deadline; errors are never cached; nothing of it needs a timer to be right.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createCache<V>(options: CacheOptions<V> = {}): Cache<V> {
  knownOptions(options, ...CACHE_OPTIONS)
  return new Front(checkedOptions(options))
}

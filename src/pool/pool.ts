import { ExclusivePool } from './exclusive.ts'
import { poolSettings, type PoolOptions } from './options.ts'
import type { Pool } from './types.ts'

/**
 * Creates a pool. No client is made before somebody asks for one, and no timer runs unless somebody waits: idle time and
 * age are looked at when a client is borrowed, because a frozen process has no timers.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createPool<Client>(options: PoolOptions<Client>): Pool<Client> {
  return new ExclusivePool(poolSettings(options))
}

import { ExclusivePool } from './exclusive.ts'
import {
  poolSettings,
  type AnyPoolOptions,
  type PoolOptions,
  type RequestPoolOptions,
  type SharedPoolOptions,
} from './options.ts'
import { RequestScopes } from './request.ts'
import { SharedClients } from './shared.ts'
import type { Pool, RequestPool, SharedPool } from './types.ts'

/**
 * Creates a pool. No client is made before somebody asks for one, and no timer runs unless somebody waits: idle time,
 * health and age are looked at when a client is borrowed, because a frozen process has no timers.
 *
 * `mode`: `exclusive` (default) lends a client to one borrower at a time; `shared` lends it to many at once, for clients of
 * HTTP APIs; `request` has a pool for each request (`pool.scope`), for sockets on Workers.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function createPool<Client>(options: RequestPoolOptions<Client>): RequestPool<Client>
export function createPool<Client, Target = undefined>(
  options: SharedPoolOptions<Client, Target>,
): SharedPool<Client, Target>
export function createPool<Client>(options: PoolOptions<Client>): Pool<Client>
export function createPool<Client>(options: AnyPoolOptions<Client>): object {
  const settings = poolSettings(options)
  const Mode = { exclusive: ExclusivePool, shared: SharedClients, request: RequestScopes }[settings.mode]
  return new Mode<Client>(settings)
}

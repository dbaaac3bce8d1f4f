import { OptionError } from '../core/errors.ts'
import { supabaseClients, type SupabaseLike, type SupabaseTarget } from '../supabase/index.ts'
import { ClientPool } from './client-pool.ts'
import { adopt, newScope, type EasymoSupabase } from './client.ts'
import { hostOf, numberOf, part, textOf, type Ask } from './options.ts'
import { show } from './shown.ts'

/** Makes clients, and knows which of them carry a user's rights. */
interface Maker {
  readonly make: (target?: SupabaseTarget) => SupabaseLike
  readonly isLost: (client: SupabaseLike) => boolean
  readonly destroy: (client: SupabaseLike) => unknown
}

/** Anew with what clients are made of: one of another project, or of before a change, may still be in use. */
function ownScope(option: Ask): number {
  option('createClient')
  option('env')
  return newScope()
}

function maker(option: Ask): Maker {
  const [given, createClient] = [option('supabase'), option('createClient')]
  if (given !== undefined) return { make: () => given, isLost: () => false, destroy: () => undefined }
  const [url, key] = [textOf(option, 'SUPABASE_URL'), textOf(option, 'SUPABASE_SERVICE_ROLE_KEY')]
  if (createClient === undefined || url === undefined || key === undefined)
    throw new OptionError(
      'there is no Supabase client: give configureEasymo() one as supabase, or createClient with SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY in the environment',
    )
  const shared = { scope: part(ownScope), isLost: (one: object) => clients.isLost(one as SupabaseLike) }
  const clients = supabaseClients({ url, key, createClient })
  return {
    make(target) {
      const client = clients.create(undefined, target)
      // Another target is another project, key or schema: its clients keep to themselves.
      if (target === undefined) adopt(client, shared)
      return client
    },
    isLost: (client) => clients.isLost(client),
    destroy: (client) => clients.destroy(client),
  }
}

const single = (option: Ask): Maker & { client: SupabaseLike | undefined } => ({ ...maker(option), client: undefined })

/**
 * The one client of this process: the one given to `configureEasymo`, else one made at the first call, without the timers
 * and sessions of supabase-js. When somebody signs a user in with it, the next call gives another one.
 *
 * @throws OptionError `ERR_PERF_OPTION` when there is neither a client nor what it takes to make one
 */
export function getSupabaseClient<Client extends SupabaseLike = EasymoSupabase>(): Client {
  const made = part(single)
  if (made.client === undefined || made.isLost(made.client)) made.client = made.make()
  return made.client as Client
}

function pools(option: Ask): ClientPool<SupabaseLike> {
  const maxClients = numberOf(option, 'POOL_MAX_CLIENTS') ?? 10
  const idleTimeoutMs = numberOf(option, 'POOL_IDLE_TIMEOUT') ?? 300_000
  const pool = new ClientPool<SupabaseLike>({
    ...maker(option),
    maxClients,
    idleTimeoutMs,
    clock: hostOf(option).clock,
  })
  show('pool', 'supabase', () => pool.stats())
  return pool
}

/**
 * The pool of Supabase clients: stateless HTTP, so that one for each schema is enough, which many use at once. At most
 * `POOL_MAX_CLIENTS` (10), replaced after `POOL_IDLE_TIMEOUT` milliseconds (5 minutes) without use.
 *
 * @throws OptionError `ERR_PERF_OPTION`, as {@link getSupabaseClient}
 */
export function getClientPool<Client extends SupabaseLike = EasymoSupabase>(): ClientPool<Client> {
  return part(pools) as unknown as ClientPool<Client>
}

/** Whether there is a way to get a client: what only shows the pool must not fail where there is none. */
export function canMakeClients(): boolean {
  try {
    part(pools)
    return true
  } catch {
    return false
  }
}

/**
 * A client of the pool: the client itself, at once. There is nothing to give back: others have it at the same time.
 *
 * @throws OptionError `ERR_PERF_OPTION`, as {@link getSupabaseClient}
 */
export function getPooledClient<Client extends SupabaseLike = EasymoSupabase>(): Client {
  return getClientPool<Client>().acquire()
}

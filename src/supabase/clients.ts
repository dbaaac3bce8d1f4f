import { isFunction, isText, knownOptions } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'

/** A client that `supabaseClients` makes, so far as it is looked at; one without `auth` can sign nobody in. */
export interface SupabaseClientLike {
  readonly auth?: SupabaseAuthLike
  /** Closes the channels of realtime, if there are any. */
  removeAllChannels?(): unknown
}

/** Tells of sign-ins: a client that knows a user is lent to nobody else. */
export interface SupabaseAuthLike {
  /** Calls `listener` with every sign-in and sign-out. */
  onAuthStateChange?(listener: (event: string, session: unknown) => void): unknown
}

/** What `createClient` is given as its third argument. */
export interface SupabaseClientSettings {
  readonly auth: {
    readonly persistSession: false
    readonly autoRefreshToken: false
    readonly detectSessionInUrl: false
    readonly [name: string]: unknown
  }
  // The driver's own types of these two depend on its version and on the types that it was given for the tables.
  readonly db: { readonly schema: never; readonly [name: string]: unknown }
  readonly realtime: { readonly transport: never; readonly [name: string]: unknown }
  readonly [name: string]: unknown
}

/** Which client is meant, where it is another one than the pool was made for. */
export interface SupabaseTarget {
  readonly url?: string
  readonly key?: string
  readonly schema?: string
}

/** Where a project is, and how {@link supabaseClients} makes its clients. */
export interface SupabaseClientsOptions<Client> {
  readonly url: string
  /** The service role's key, or the anonymous one: never the token of a user. */
  readonly key: string
  /** `createClient` of `@supabase/supabase-js`. */
  readonly createClient: (url: string, key: string, settings: SupabaseClientSettings) => Client
  /** @defaultValue 'public' */
  readonly schema?: string
  /**
   * More of what `createClient` takes, e.g. `{ global: { fetch } }`. Refused are `accessToken`, and `db.schema` and
   * `realtime.transport`, which are options of their own; the three flags of `auth` are off whatever stands here.
   */
  readonly settings?: Readonly<Record<string, object>>
  /** The class of WebSocket for realtime. @defaultValue the global one; without one, a stand-in that throws when it is used */
  readonly realtimeTransport?: unknown
}

/** The part of `createPool`'s options that knows supabase-js. */
export interface SupabaseClients<Client> {
  /** A client is stateless HTTP: many use one at once. */
  readonly mode: 'shared'
  /** Makes the client of a url, key and schema. */
  create(call: unknown, target: SupabaseTarget | undefined): Client
  /** Closes what realtime has left open. */
  destroy(client: Client): Promise<void>
  /** True once somebody has signed in with the client: it carries that user's rights from then on. */
  isLost(client: Client): boolean
}

/**
 * Makes clients of supabase-js for `createPool`: `createPool(supabaseClients({ url, key, createClient }))`.
 *
 * The three flags of `auth` that leave a timer per client or store a session are off, and runtimes without a WebSocket are
 * served. A client with which a user has signed in is not lent again, and the next borrower gets a new one: the client
 * tells of sign-ins itself, so that a borrow asks nobody. Who had it in that moment acted as that user, so sign users in
 * with clients of their own.
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function supabaseClients<Client extends object>(
  options: SupabaseClientsOptions<Client>,
): SupabaseClients<Client> {
  knownOptions(options, 'url', 'key', 'createClient', 'schema', 'settings', 'realtimeTransport')
  const { url, key, createClient, schema = 'public', settings = {}, realtimeTransport } = options
  isText('url', url)
  isText('key', key)
  isText('schema', schema)
  isFunction('createClient', createClient)
  if ('accessToken' in settings)
    throw new OptionError('settings.accessToken is the token of a user: make a client for it')
  if ('schema' in { ...settings['db'] }) throw new OptionError('settings.db.schema: use the option schema')
  if ('transport' in { ...settings['realtime'] })
    throw new OptionError('settings.realtime.transport: use the option realtimeTransport')
  const signedIn = new WeakSet<Client>()

  return {
    mode: 'shared',
    create(_call, target = {}) {
      const client = createClient(target.url ?? url, target.key ?? key, {
        ...settings,
        auth: { ...settings['auth'], persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
        db: { ...settings['db'], schema: (target.schema ?? schema) as never },
        realtime: { ...settings['realtime'], transport: (realtimeTransport ?? webSocket()) as never },
      })
      const { auth } = client as SupabaseClientLike
      auth?.onAuthStateChange?.((_event, session) => {
        if (session !== null && session !== undefined) signedIn.add(client)
      })
      return client
    },
    async destroy(client) {
      await (client as SupabaseClientLike).removeAllChannels?.()
    },
    isLost: (client) => signedIn.has(client),
  }
}

/** `createClient` throws where there is none, though most never open a channel: so for Node 20. */
function webSocket(): unknown {
  return (globalThis as { WebSocket?: unknown }).WebSocket ?? NoWebSocket
}

class NoWebSocket {
  constructor() {
    throw new OptionError('this runtime has no WebSocket: pass realtimeTransport to supabaseClients')
  }
}

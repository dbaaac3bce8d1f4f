import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPool } from '../pool/index.ts'
import { supabaseClients, type SupabaseClientsOptions } from './clients.ts'

type Listener = (event: string, session: unknown) => void

class Recorded {
  readonly listeners: Listener[] = []
  closed = false
  readonly auth = { onAuthStateChange: (listener: Listener) => void this.listeners.push(listener) }
  constructor(
    readonly url: string,
    readonly key: string,
    readonly settings: Record<string, Record<string, unknown>>,
  ) {}
  removeAllChannels(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }
  tell(event: string, session: object | null): void {
    for (const listener of this.listeners) listener(event, session)
  }
}

const createClient = (...args: ConstructorParameters<typeof Recorded>): Recorded => new Recorded(...args)
const optionsOf = (more: Partial<SupabaseClientsOptions<Recorded>> = {}): SupabaseClientsOptions<Recorded> => ({
  url: 'http://project',
  key: 'service',
  createClient: createClient as never,
  ...more,
})

describe('supabaseClients', () => {
  const native = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  beforeEach(() => Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true }))
  afterEach(() => {
    if (native === undefined) Reflect.deleteProperty(globalThis, 'WebSocket')
    else Object.defineProperty(globalThis, 'WebSocket', native)
  })

  it('turns off what leaves a timer per client or stores a session, whatever else is set', async () => {
    const settings = { auth: { persistSession: true, flowType: 'pkce' }, db: { timeout: 1 }, global: { headers: {} } }
    const pool = createPool(supabaseClients(optionsOf({ schema: 'audit', settings })))
    await pool.use((client) => {
      expect([client.url, client.key]).toEqual(['http://project', 'service'])
      expect(client.settings).toMatchObject({
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, flowType: 'pkce' },
        db: { schema: 'audit', timeout: 1 },
        global: { headers: {} },
      })
    })
  })

  it('gives a class for realtime where there is no WebSocket, which says so when it is used', async () => {
    const pool = createPool(supabaseClients(optionsOf()))
    await pool.use(({ settings }) => {
      const Transport = settings['realtime']?.['transport'] as new () => object
      expect(() => new Transport()).toThrow('realtimeTransport')
    })
    const own = class {}
    const named = createPool(supabaseClients(optionsOf({ realtimeTransport: own })))
    await named.use(({ settings }) => expect(settings['realtime']?.['transport']).toBe(own))
  })

  it('has one client for each url, key and schema, and lends it to many', async () => {
    const pool = createPool(supabaseClients(optionsOf()))
    const leases = await Promise.all([
      pool.acquire(),
      pool.acquire({ target: {} }),
      pool.acquire({ target: { schema: 'audit', url: 'http://other' } }),
      pool.acquire({ target: { url: 'http://other', schema: 'audit' } }),
    ])
    const [first, , other] = leases.map(({ client }) => client)
    expect(leases.map(({ client }) => client)).toEqual([first, first, other, other])
    expect(other).toMatchObject({ url: 'http://other', key: 'service', settings: { db: { schema: 'audit' } } })
    expect(pool.stats()).toMatchObject({ size: 2, borrowed: 4 })
  })

  it('does not lend a client again with which a user has signed in, also when they signed out since', async () => {
    const pool = createPool(supabaseClients(optionsOf()))
    const first = await pool.use((client) => {
      client.tell('INITIAL_SESSION', null)
      return client
    })
    expect(await pool.use((client) => client)).toBe(first)
    await pool.use((client) => {
      client.tell('SIGNED_IN', { user: {} })
      client.tell('SIGNED_OUT', null)
    })
    expect(first.closed).toBe(true)
    expect(await pool.use((client) => client)).not.toBe(first)
  })

  it('refuses what it does not know, and the token of a user', () => {
    expect(() => supabaseClients(optionsOf({ key: '' }))).toThrow('key')
    expect(() => supabaseClients({ ...optionsOf(), secret: 1 } as never)).toThrow('unknown option')
    expect(() => supabaseClients(optionsOf({ settings: { accessToken: async () => 'jwt' } }))).toThrow('accessToken')
    // It would be lost without a word, and another schema be read.
    expect(() => supabaseClients(optionsOf({ settings: { db: { schema: 'audit' } } }))).toThrow('option schema')
    const settings = { realtime: { transport: class {} } }
    expect(() => supabaseClients(optionsOf({ settings }))).toThrow('option realtimeTransport')
  })

  it('takes a client that can sign nobody in', async () => {
    const pool = createPool(supabaseClients({ ...optionsOf(), createClient: () => ({ from: 'here' }) }))
    expect(await pool.use((client) => client.from)).toBe('here')
    expect(await pool.drain()).toEqual({ held: [] })
  })
})

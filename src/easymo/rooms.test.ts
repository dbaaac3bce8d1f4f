import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createHost } from '../core/host.ts'
import { manualClock, whatsappDelivery } from '../testing/index.ts'
import {
  backgroundWarmup,
  checkDuplicate,
  clearDeduplicationCache,
  configureEasymo,
  deduplicationMiddleware,
  type EasymoOptions,
  getAllCacheStats,
  getClientPool,
  getDeduplicationStats,
  getHandlerLoadingStats,
  getLazyHandler,
  getPooledClient,
  getSupabaseClient,
  isHandlerLoaded,
  isWarmedUp,
  lazy,
  lazyExecute,
  preloadHandlers,
  registerLazyHandler,
  resetEasymo,
  setCachedLocation,
  warmup,
  warmupOnce,
} from './index.ts'

const get = (path: string, headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost${path}`, { headers })
const env = { SUPABASE_URL: 'http://localhost', SUPABASE_SERVICE_ROLE_KEY: 'key' }

beforeEach(resetEasymo)

describe('configureEasymo', () => {
  it('keeps what is cached when it is called again with the same, in every request', () => {
    configureEasymo({ env: { CACHE_TTL_PROFILE: '1000' } })
    setCachedLocation('u', { lat: 1, lng: 1 })
    configureEasymo({ env: { CACHE_TTL_PROFILE: '1000', OTHER: 'x' }, service: 'wa' })
    expect(getAllCacheStats().location.size).toBe(1)
    configureEasymo({ env: { CACHE_TTL_LOCATION: '5' } })
    expect(getAllCacheStats().location.size).toBe(0)
  })

  it('adds to what was said before', () => {
    const made: string[] = []
    configureEasymo({ createClient: (url) => (made.push(url), { from() {}, rpc() {} }) })
    configureEasymo({ env })
    getSupabaseClient()
    expect(made).toEqual(['http://localhost'])
  })

  it('keeps handlers that were registered before it', async () => {
    registerLazyHandler('a', () => ({ show: () => 'of a' }))
    configureEasymo({ host: createHost() })
    expect(await lazyExecute('a', 'show')).toBe('of a')
  })

  it.each<object>([
    { unknown: 1 },
    { supabase: {} },
    { createClient: 5 },
    { service: '' },
    { dedup: {} },
    { domains: 'jobs' },
    { metricsAccess: 'all' },
    { host: {} },
  ])('refuses %j', (wrong) => {
    expect(() => configureEasymo(wrong)).toThrow(expect.objectContaining({ code: 'ERR_PERF_OPTION' }))
  })
})

describe('clients', () => {
  interface Client {
    from(): void
    rpc(): void
    auth: { onAuthStateChange(listener: (event: string, session: unknown) => void): void }
  }
  const made: { readonly client: Client; signIn(): void }[] = []
  const createClient = (() => {
    let signIn = (): void => undefined
    const auth = { onAuthStateChange: (listener: (event: string, session: unknown) => void) => void (signIn = () => listener('SIGNED_IN', {})) } // prettier-ignore
    const client = { from() {}, rpc() {}, auth }
    made.push({ client, signIn: () => signIn() })
    return client
  }) as NonNullable<EasymoOptions['createClient']>

  it('are one per process, made at the first call, until a user signs in with it', () => {
    configureEasymo({ createClient, env })
    const first = getSupabaseClient<Client>()
    expect(getSupabaseClient()).toBe(first)
    made.at(-1)?.signIn()
    expect(getSupabaseClient()).not.toBe(first)
  })

  it('come out of a pool at once, one for all who ask', async () => {
    configureEasymo({ createClient, env })
    const pool = getClientPool()
    expect(pool.getStats()).toEqual({ size: 0, healthy: 0, totalUses: 0, oldestClientAge: 0 })
    const clients = [getPooledClient(), getPooledClient(), pool.acquire()]
    expect(clients[0]).toHaveProperty('from')
    expect(new Set(clients).size).toBe(1)
    expect(pool.getStats()).toMatchObject({ size: 1, healthy: 1, totalUses: 3 })
    made.at(-1)?.signIn()
    expect(pool.getStats()).toMatchObject({ size: 1, healthy: 0 })
    expect(getPooledClient()).not.toBe(clients[0])
    expect(pool.getStats()).toMatchObject({ size: 1, healthy: 1 })
  })

  it('are replaced after five minutes without use, and ended by shutdown', async () => {
    const clock = manualClock()
    configureEasymo({ createClient, env, host: createHost({ clock }) })
    const [pool, first] = [getClientPool(), getPooledClient()]
    await clock.tick(299_999)
    expect([pool.cleanup(), getPooledClient()]).toEqual([0, first])
    expect(pool.getStats()).toMatchObject({ oldestClientAge: 299_999 })
    await clock.tick(300_000)
    expect([pool.cleanup(), pool.getStats().size]).toEqual([1, 0])
    const second = getPooledClient()
    pool.shutdown()
    expect(pool.getStats().size).toBe(0)
    expect(getPooledClient()).not.toBe(second)
  })

  it('are one for each schema, and at most so many', () => {
    configureEasymo({ createClient, env: { ...env, POOL_MAX_CLIENTS: '2' } })
    const pool = getClientPool()
    const [own, other] = [pool.acquire(), pool.acquire({ schema: 'jobs' })]
    expect([own === other, pool.acquire({ schema: 'jobs' }) === other]).toEqual([false, true])
    pool.acquire({ schema: 'rides' })
    expect([pool.getStats().size, pool.acquire() === own]).toEqual([2, false])
  })

  it('are the one that was given, where one was', () => {
    const supabase = { from() {}, rpc() {} }
    configureEasymo({ supabase })
    expect([getSupabaseClient(), getPooledClient()]).toEqual([supabase, supabase])
  })

  it('are refused by name where nothing says how to make one, without the key', () => {
    configureEasymo({ createClient, env: { SUPABASE_SERVICE_ROLE_KEY: 'secret' } })
    expect(() => getSupabaseClient()).toThrow(/SUPABASE_URL/)
    expect(() => getSupabaseClient()).not.toThrow(/secret/)
  })
})

describe('deduplication', () => {
  const post = (body: string): Request => new Request('http://localhost', { method: 'POST', body })

  it('says when an id was seen first, for half a minute', async () => {
    const clock = manualClock(1_000_000)
    configureEasymo({ host: createHost({ clock }) })
    expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: false, key: 'wamid.1' })
    await clock.tick(29_999)
    expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: true, key: 'wamid.1', firstSeenAt: 1_000_000 })
    expect(getDeduplicationStats()).toEqual({ hits: 1, misses: 1, size: 1, hitRate: 0.5, evictions: 0 })
    clearDeduplicationCache()
    expect(checkDuplicate('wamid.1').isDuplicate).toBe(false)
    await clock.tick(30_000)
    expect(checkDuplicate('wamid.1').isDuplicate).toBe(false)
  })

  it('remembers for a window, and so many ids, of your own', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    checkDuplicate('a', { windowMs: 100 })
    await clock.tick(99)
    expect(checkDuplicate('a', { windowMs: 100 }).isDuplicate).toBe(true)
    await clock.tick(1)
    expect(checkDuplicate('a', { windowMs: 100 }).isDuplicate).toBe(false)
    for (const key of ['b', 'c', 'd']) checkDuplicate(key, { maxEntries: 2 })
    expect([checkDuplicate('d', { maxEntries: 2 }).isDuplicate, getDeduplicationStats().evictions]).toEqual([true, 1])
    expect(() => checkDuplicate('a', { window: 1 } as never)).toThrow(/window/)
  })

  it('takes what is no id for no duplicate', () => {
    for (const id of ['', undefined, null, 5]) expect(checkDuplicate(id as string).isDuplicate).toBe(false)
    for (const id of ['', undefined, null, 5]) expect(checkDuplicate(id as string).isDuplicate).toBe(false)
  })

  it('lets a handler see a WhatsApp delivery once, and a failed one again', async () => {
    let [runs, fails] = [0, true]
    const once = deduplicationMiddleware()
    const { body } = whatsappDelivery({ text: 'a', from: '250788000001' })
    const deliver = () =>
      once(post(body), async () => {
        runs += 1
        return new Response(null, { status: fails ? 500 : 200 })
      })
    expect((await deliver()).status).toBe(500)
    fails = false
    expect((await deliver()).status).toBe(200)
    const again = await deliver()
    expect([again.status, again.headers.get('x-duplicate')]).toEqual([200, 'true'])
    expect(await again.json()).toEqual({ success: true, duplicate: true, message: 'Request already processed' })
    expect(runs).toBe(2)
    expect(getDeduplicationStats()).toMatchObject({ hits: 1, size: 1 })
  })

  it('forgets what was thrown out of, and hands on what the handler says, even that it is a duplicate', async () => {
    const once = deduplicationMiddleware({ keyExtractor: (_request, body: { id: string }) => body.id })
    const own = { headers: { 'x-duplicate': 'true' } }
    await expect(once(post('{"id":"a"}'), () => { throw new Error('down') })).rejects.toThrow('down') // prettier-ignore
    expect(await (await once(post('{"id":"a"}'), () => new Response('mine', own))).text()).toBe('mine')
    expect(await (await once(post('{"id":"a"}'), () => new Response('not again'))).json()).toMatchObject({ duplicate: true }) // prettier-ignore
  })

  it('lets pass what is no POST, no JSON, or has no key', async () => {
    const once = deduplicationMiddleware({ keyExtractor: () => '' })
    let runs = 0
    const handler = () => new Response(String((runs += 1)))
    for (const request of [() => get('/'), () => post('no json'), () => post('{"a":1}')])
      for (let n = 0; n < 2; n += 1) await once(request(), handler)
    expect(runs).toBe(6)
  })
})

describe('handlers', () => {
  it('are loaded when they are needed, once, and tell where they are', async () => {
    let loads = 0
    const module = { greet: (name: string, times: number) => name.repeat(times) }
    const handler = lazy('greet', async () => ((loads += 1), module))
    expect([handler.isLoaded(), handler.get(), isHandlerLoaded('greet')]).toEqual([false, null, false])
    expect(await Promise.all([handler.load(), handler.load()])).toEqual([module, module])
    expect([handler.isLoaded(), handler.get(), isHandlerLoaded('greet'), loads]).toEqual([true, module, true, 1])
    expect(await lazyExecute('greet', 'greet', 'a', 3)).toBe('aaa')
  })

  it('are loaded anew after a load that failed', async () => {
    const clock = manualClock()
    configureEasymo({ host: createHost({ clock }) })
    let loads = 0
    const handler = lazy('greet', () => { if ((loads += 1) === 1) throw new Error('no such module'); return { a: 1 } }) // prettier-ignore
    await expect(handler.load()).rejects.toMatchObject({ code: 'ERR_PERF_LAZY_LOAD' })
    expect([handler.isLoaded(), getHandlerLoadingStats()['greet']?.errors]).toEqual([false, 1])
    await clock.tick(60_000)
    expect(await handler.load()).toEqual({ a: 1 })
  })

  it('are found by name, preloaded in the background, and counted', async () => {
    registerLazyHandler('good', () => ({ add: (n: number) => n + 1 }))
    registerLazyHandler('bad', () => { throw new Error('no such module') }) // prettier-ignore
    expect(getHandlerLoadingStats()).toMatchObject({ good: { loaded: false, loadTimeMs: 0 }, bad: { loaded: false } })
    expect(preloadHandlers(['bad', 'none', 'good'])).toBeUndefined()
    await vi.waitFor(() => expect(isHandlerLoaded('good')).toBe(true))
    expect([isHandlerLoaded('bad'), isHandlerLoaded('none')]).toEqual([false, false])
    expect(await lazyExecute('good', 'add', 1)).toBe(2)
    expect(await getLazyHandler('good')).toHaveProperty('add')
    expect(await getLazyHandler('none')).toBeNull()
    expect(getHandlerLoadingStats()).toMatchObject({ good: { loaded: true, loads: 1 }, bad: { errors: 1 } })
  })

  it.each([['none', 'add'], ['good', 'subtract'], ['good', 'constructor'], ['good', 'toString'], ['good', 'size']])('are not called by what they are not: %s %s', async (handler, name) => {
    registerLazyHandler('good', () => ({ add: (n: number) => n + 1, size: 1 }))
    await expect(lazyExecute(handler, name)).rejects.toMatchObject({ code: 'ERR_PERF_LAZY_UNKNOWN' })
  }) // prettier-ignore
})

describe('warm-up', () => {
  const supabase = {
    rpc() {},
    from: (table: string) => ({ url: `http://localhost/${table}`, headers: {}, fetch: async () => Response.json([]) }),
  }

  it('makes a client, reads the settings and loads handlers, in steps', async () => {
    configureEasymo({ supabase: supabase })
    registerLazyHandler('a', () => ({}))
    const { success, durationMs, steps } = await warmup({ preloadHandlerNames: ['a', 'nobody'] })
    expect([success, typeof durationMs]).toEqual([true, 'number'])
    expect(steps.map(({ name, success: ok }) => [name, ok])).toEqual([['database', true], ['config', true], ['handlers', true]]) // prettier-ignore
    expect([isWarmedUp(), isHandlerLoaded('a'), getAllCacheStats().config.size]).toEqual([true, true, 1])
  })

  it('runs in the background, and is true when that has succeeded', async () => {
    registerLazyHandler('a', () => ({}))
    const kept: Promise<unknown>[] = []
    const config = { preloadDatabase: false, preloadConfig: false, preloadHandlerNames: ['a'] }
    backgroundWarmup(config, { waitUntil: (promise) => void kept.push(promise) })
    expect(isWarmedUp()).toBe(false)
    await Promise.all(kept)
    expect([isWarmedUp(), isHandlerLoaded('a')]).toEqual([true, true])
  })

  it('says what failed, runs it again, and stays warm once it was', async () => {
    let tries = 0
    configureEasymo({ warmup: { own: () => { if ((tries += 1) === 1) throw new Error('down') } } }) // prettier-ignore
    const config = { preloadDatabase: false, preloadConfig: false }
    const failed = await warmupOnce(config)
    expect(failed).toMatchObject({ success: false, steps: [{ name: 'own', success: false, error: 'down' }] })
    expect(isWarmedUp()).toBe(false)
    expect((await warmupOnce(config)).success).toBe(true)
    await warmupOnce(config)
    expect(tries).toBe(2)
    // There is no way to make a client.
    expect(await warmup()).toMatchObject({ success: false, steps: [{ name: 'database', error: expect.stringMatching(/SUPABASE_URL/) as unknown }, {}, {}] }) // prettier-ignore
    expect(isWarmedUp()).toBe(true)
  })
})

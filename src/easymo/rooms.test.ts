import { beforeEach, describe, expect, it } from 'vitest'
import { createHost } from '../core/host.ts'
import { manualClock, whatsappDelivery } from '../testing/index.ts'
import {
  backgroundWarmup,
  cacheMiddleware,
  checkDuplicate,
  clearDeduplicationCache,
  configureEasymo,
  deduplicationMiddleware,
  generatePerformanceReport,
  getAllCacheStats,
  getClientPool,
  getDeduplicationStats,
  getHandlerLoadingStats,
  getHealthMetrics,
  getLazyHandler,
  getPooledClient,
  getSupabaseClient,
  handlePerformanceRequest,
  incrementCounter,
  isHandlerLoaded,
  isWarmedUp,
  lazy,
  lazyExecute,
  locationCache,
  performanceMiddleware,
  preloadHandlers,
  registerLazyHandler,
  resetEasymo,
  setCachedLocation,
  trackColdStart,
  warmup,
  warmupOnce,
  type EasymoOptions,
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
    expect(getAllCacheStats()['location']?.size).toBe(1)
    configureEasymo({ env: { CACHE_TTL_LOCATION: '5' } })
    expect(getAllCacheStats()['location']?.size).toBe(0)
  })

  it('adds to what was said before', () => {
    const made: string[] = []
    configureEasymo({ createClient: (url) => (made.push(url), { from() {}, rpc() {} }) })
    configureEasymo({ env })
    getSupabaseClient()
    expect(made).toEqual(['http://localhost'])
  })

  it('keeps handlers that were registered before it', async () => {
    registerLazyHandler('a', () => () => 'of a')
    configureEasymo({ host: createHost() })
    expect(await lazyExecute('a')).toBe('of a')
  })

  it.each<object>([
    { unknown: 1 },
    { supabase: {} },
    { createClient: 5 },
    { service: '' },
    { dedup: {} },
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

  it('come out of a pool that lends one to all', async () => {
    configureEasymo({ createClient, env: { ...env, POOL_MAX_CLIENTS: '2' } })
    const clients = await Promise.all([getPooledClient(), getPooledClient(), getPooledClient()])
    expect(new Set(clients).size).toBe(1)
    expect(getClientPool().stats()).toMatchObject({ size: 1, borrowed: 0, totalUses: 3 })
  })

  it('are the one that was given, where one was', async () => {
    const supabase = { from() {}, rpc() {} }
    configureEasymo({ supabase })
    expect([getSupabaseClient(), await getPooledClient()]).toEqual([supabase, supabase])
  })

  it('are refused by name where nothing says how to make one, without the key', () => {
    configureEasymo({ createClient, env: { SUPABASE_SERVICE_ROLE_KEY: 'secret' } })
    expect(() => getSupabaseClient()).toThrow(/SUPABASE_URL/)
    expect(() => getSupabaseClient()).not.toThrow(/secret/)
  })
})

describe('deduplication', () => {
  it('says when an id was seen first, for half a minute at least and a minute at most', async () => {
    const clock = manualClock(1_000_000)
    configureEasymo({ host: createHost({ clock }) })
    expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: false, key: 'wamid.1' })
    await clock.tick(29_999)
    expect(checkDuplicate('wamid.1')).toEqual({ isDuplicate: true, key: 'wamid.1', firstSeenAt: 1_000_000 })
    expect(getDeduplicationStats()).toMatchObject({ checked: 2, duplicates: 1 })
    clearDeduplicationCache()
    expect(checkDuplicate('wamid.1').isDuplicate).toBe(false)
    await clock.tick(60_000)
    expect(checkDuplicate('wamid.1').isDuplicate).toBe(false)
  })

  it('takes what is no id for no duplicate', () => {
    for (const id of ['', undefined, null, 5]) expect(checkDuplicate(id as string).isDuplicate).toBe(false)
    for (const id of ['', undefined, null, 5]) expect(checkDuplicate(id as string).isDuplicate).toBe(false)
  })

  it('lets a handler see a WhatsApp delivery once, and a failed one again', async () => {
    let [runs, fails] = [0, true]
    const handler = deduplicationMiddleware()(() => {
      runs += 1
      return new Response(null, { status: fails ? 500 : 200 })
    })
    const { body } = whatsappDelivery({ text: 'a', from: '250788000001' })
    const post = (): Response | Promise<Response> => handler(new Request('http://localhost', { method: 'POST', body }))
    expect((await post()).status).toBe(500)
    fails = false
    expect((await post()).status).toBe(200)
    expect((await post()).headers.get('x-duplicate')).toBe('true')
    expect(runs).toBe(2)
  })
})

describe('handlers', () => {
  it('are loaded by their first call, once', async () => {
    let loads = 0
    const greet = lazy(async () => ((loads += 1), { default: (name: string, times: number) => name.repeat(times) }))
    const text: string = await greet('a', 3)
    expect([text, await greet('b', 1), loads]).toEqual(['aaa', 'b', 1])
  })

  it('are found by name, preloaded, and counted', async () => {
    registerLazyHandler('good', () => ({ handle: (n: number) => n + 1 }))
    registerLazyHandler('bad', () => { throw new Error('no such module') }) // prettier-ignore
    expect(getHandlerLoadingStats()).toMatchObject({ good: { loaded: false, loads: 0 }, bad: { loaded: false } })
    await expect(preloadHandlers()).rejects.toMatchObject({ code: 'ERR_PERF_LAZY_LOAD' })
    expect([isHandlerLoaded('good'), isHandlerLoaded('bad'), isHandlerLoaded('none')]).toEqual([true, false, false])
    expect(await lazyExecute<number>('good', 1)).toBe(2)
    expect((await getLazyHandler('good'))(2)).toBe(3)
    expect(getHandlerLoadingStats()).toMatchObject({ good: { loaded: true, loads: 1 }, bad: { errors: 1 } })
    await expect(lazyExecute('constructor')).rejects.toMatchObject({ code: 'ERR_PERF_LAZY_UNKNOWN' })
  })
})

describe('warm-up', () => {
  it('loads the registered handlers, once, in the background', async () => {
    registerLazyHandler('a', () => () => 'a')
    const kept: Promise<unknown>[] = []
    backgroundWarmup(undefined, { waitUntil: (promise) => void kept.push(promise) })
    expect(isWarmedUp()).toBe(false)
    await Promise.all(kept)
    expect([isWarmedUp(), isHandlerLoaded('a')]).toEqual([true, true])
  })

  it('runs what failed again, and stays warm once it was', async () => {
    let tries = 0
    const tasks = { database: () => { if ((tries += 1) === 1) throw new Error('down') } } // prettier-ignore
    expect((await warmupOnce(tasks)).ok).toBe(false)
    expect(isWarmedUp()).toBe(false)
    expect((await warmupOnce(tasks)).ok).toBe(true)
    await warmupOnce(tasks)
    expect(tries).toBe(2)
    await warmup({ other: () => { throw new Error('late') } }) // prettier-ignore
    expect(isWarmedUp()).toBe(true)
  })
})

describe('pages', () => {
  it('are closed without a token, and show to who has it what the rooms did', async () => {
    expect((await handlePerformanceRequest(get('/fn/metrics'))).status).toBe(404)
    configureEasymo({ env: { METRICS_TOKEN: 'scrape' } })
    expect((await handlePerformanceRequest(get('/fn/metrics'))).status).toBe(401)
    locationCache.get('nobody')
    incrementCounter('things')
    const page = await handlePerformanceRequest(get('/fn/metrics?format=json', { authorization: 'Bearer scrape' }))
    expect(await page.json()).toMatchObject({ cache: { location: { misses: 1 } }, metrics: { counters: { things_total: 1 } } }) // prettier-ignore
    expect((await handlePerformanceRequest(get('/metricsx'))).status).toBe(404)
  })

  it('tell health by the checks that were given', async () => {
    let up = true
    configureEasymo({ service: 'wa', version: '2.0.0', checks: { database: () => up }, host: createHost({ clock: manualClock() }) }) // prettier-ignore
    expect(await getHealthMetrics()).toMatchObject({ status: 'healthy', service: 'wa', version: '2.0.0' })
    up = false
    configureEasymo({ checks: { database: () => up } })
    expect((await handlePerformanceRequest(get('/health'))).status).toBe(503)
    expect((await handlePerformanceRequest(get('/health/live'))).status).toBe(200)
  })

  it('report a cold start once, and the requests of a measured handler', async () => {
    const handler = performanceMiddleware({ service: 'wa' })(() => new Response('ok'))
    expect([trackColdStart('wa'), trackColdStart('wa')]).toEqual([true, false])
    await handler(get('/'))
    expect(generatePerformanceReport().metrics.counters).toMatchObject({
      'cold_starts_total{service="wa"}': 1,
      'http_requests_total{method="GET",status="200",route="other"}': 1,
    })
    expect(() => performanceMiddleware({ service: '' })(() => new Response())).toThrow(/service/)
  })

  it('are kept by cacheMiddleware for a minute', async () => {
    let runs = 0
    const handler = cacheMiddleware()(() => new Response(String((runs += 1))))
    await handler(get('/page'))
    expect((await handler(get('/page'))).headers.get('x-cache')).toBe('HIT')
    expect(getAllCacheStats()['response']).toMatchObject({ size: 1 })
  })
})
